//! A project: where it finds the SDK, and what `tandem plugin dev` does with its grants.

use serde_json::json;
use tandem_harness::root;
use tokio::process::Command;

use crate::author::{Machine, NEXT, built, edit};

#[tokio::test]
async fn a_project_finds_the_sdk_of_the_binary_that_is_here_and_of_none_else() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let project = machine.project("javascript").await?;
    let link = project.join(".sdk");
    let there = std::fs::read_link(&link)?;
    assert!(there.starts_with(root().join("target/authors/data")) && there.join("sdk/rust/Cargo.toml").is_file());
    assert!(project.join("node_modules/@tandem/sdk/package.json").is_file());

    // As it comes from version control.
    std::fs::remove_file(&link)?;
    let built = Command::new("sh").arg("build.sh").current_dir(&project).env_remove("TANDEM_SDK").output().await?;
    let said = String::from_utf8(built.stderr)?;
    assert!(!built.status.success() && said.contains("run `tandem plugin sdk --link`"), "{said}");
    assert_eq!(machine.run(&project, &["sdk", "--link"]).await?.0, 0);
    assert_eq!(std::fs::read_link(&link)?, there);

    // Of another version; then what the author put there.
    std::fs::remove_file(&link)?;
    std::os::unix::fs::symlink("/nowhere", &link)?;
    assert_eq!(machine.run(machine.path(), &["sdk", "--link", "words"]).await?.0, 0);
    assert_eq!(std::fs::read_link(&link)?, there);
    std::fs::remove_file(&link)?;
    std::fs::create_dir(&link)?;
    assert_eq!(machine.run(&project, &["sdk", "--link"]).await?.0, 0);
    assert!(link.symlink_metadata()?.is_dir());
    let (code, said) = machine.run(machine.path(), &["sdk", "--link"]).await?;
    assert!(code == 1 && said.contains("holds no plugin"), "{said}");
    Ok(())
}

#[tokio::test]
async fn grants_that_are_saved_hold_and_wrong_ones_change_nothing() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let project = built(&machine, "env-reader")?;
    let grant = |text: &str| std::fs::write(project.join("tandem.toml"), text);
    let mut dev = machine.dev(&project).await?;
    dev.says("Watching", 1, NEXT).await?;
    dev.says("not granted here: env.TANDEM_TEST", 1, NEXT).await?;
    let client = dev.client().await?;
    let variable = async || client.structured("env_variable", json!({ "name": "TANDEM_TEST" })).await;
    assert_eq!(variable().await?, json!({ "result": null }));

    grant("[grants.env-reader]\nenv.TANDEM_TEST = \"one\"\n")?;
    dev.says("env-reader 0.1.0 is live", 2, NEXT).await?;
    assert_eq!(variable().await?, json!({ "result": "one" }));
    grant("[grants.env-reader]\nenv.TANDEM_TEST = \n")?;
    dev.says("the version before serves on", 1, NEXT).await?;
    assert!(dev.said().contains("tandem.toml"), "{}", dev.said());
    assert_eq!(variable().await?, json!({ "result": "one" }));
    grant("[grants.env-reader]\nenv.LANG = \"C\"\n")?;
    dev.says("env-reader 0.1.0 is live", 3, NEXT).await?;
    assert_eq!(variable().await?, json!({ "result": null }), "what is taken away is gone");
    dev.stop().await
}

#[tokio::test]
async fn a_request_without_a_grant_is_told_though_the_tools_are_the_same() -> anyhow::Result<()> {
    let machine = Machine::new()?;
    let project = built(&machine, "env-reader")?;
    let mut dev = machine.dev(&project).await?;
    dev.says("Watching", 1, NEXT).await?;
    edit(&project.join("plugin.toml"), "[request]", "[request]\nhttp = [{ host = \"api.example.com\" }]")?;
    dev.says("env-reader 0.1.0 is live", 2, NEXT).await?;
    dev.says("not granted here: http", 1, NEXT).await?;
    dev.stop().await
}
