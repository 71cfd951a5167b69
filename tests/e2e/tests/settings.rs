//! Settings do what they say or are refused, and what does not count is told.

use std::path::Path;

use tandem_harness::{Host, Options};
use tempfile::TempDir;

use crate::policy::{read_again, records, tandem};

/// What a command says, and whether it ended well.
async fn said(home: &Path, arguments: &[&str]) -> anyhow::Result<(bool, String)> {
    let output = tandem(home, arguments).await?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text))
}

#[tokio::test]
async fn check_and_serve_refuse_the_keys_of_features_that_are_not_there() -> anyhow::Result<()> {
    let home = TempDir::new()?;
    for (text, key) in [
        ("[server]\nrequest-timeout = '30s'\n", "server.request-timeout"),
        ("[telemetry]\notlp-endpoint = 'http://localhost:4318'\n", "telemetry.otlp-endpoint"),
        ("[telemetry]\nmetrics = false\n", "telemetry.metrics"),
        ("[store]\nurl = 'postgres://db/tandem'\n", "SQLite only"),
    ] {
        std::fs::write(home.path().join("tandem.toml"), text)?;
        let from = ["--config", "tandem.toml"];
        for command in [["config", "check"], ["serve", "--stdio"]] {
            let (right, told) = said(home.path(), &[command, from].concat()).await?;
            assert!(!right && told.contains(key) && told.contains("tandem.toml:"), "{command:?}: {told}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_reload_names_every_setting_that_needs_a_restart() -> anyhow::Result<()> {
    let base = "[grants.echo]\nkv = true\n[plugins]\ndrain = '5s'\n[server]\nmetrics-token = '${file:{home}/token}'\n";
    let host = Options::with(&["echo"])?.config(base).write("token", "first-token").start().await?;
    let home = host.directory.path().to_owned();
    let write =
        |text: &str| std::fs::write(home.join("tandem.toml"), text.replace("{home}", &home.display().to_string()));
    assert!(read_again(&host).await?.contains("grants exchanged"));
    assert!(!told_of_restart(&host), "nothing has changed");

    // What is exchanged is not named, and what is not is, also a secret behind the same reference.
    write(&format!("{base}drain = '7s'\n[grants.kv-user]\nkv = true\n[tenants.acme]\nconcurrency = 3\n"))?;
    std::fs::write(home.join("token"), "second-token")?;
    let (right, told) = said(&home, &["reload"]).await?;
    assert!(right, "{told}");
    let told = told.lines().find(|line| line.starts_with("warning: ")).unwrap_or_else(|| panic!("{told}")).to_owned();
    assert_eq!(told, "warning: these settings changed and need a restart: server.drain, server.metrics-token");
    let line = host.logged("these settings changed and need a restart").await?;
    assert_eq!(line["settings"], "server.drain server.metrics-token");
    let kept = records(&host).await?;
    let body =
        &kept.iter().rev().find(|row| row["body"]["event"] == "configuration.reloaded").expect("a record")["body"];
    assert!(body.to_string().contains("server.drain server.metrics-token"), "{body}");
    assert!(body["actor"].as_str().is_some_and(|actor| actor.starts_with("uid:")), "{body}");
    let said_of_token = host.log().iter().any(|line| line.to_string().contains("second-token"));
    assert!(!said_of_token, "a secret is not shown");

    // They still wait at the next signal, and a wrong file changes nothing and says so.
    host.signal("HUP").await?;
    for _ in 0..200 {
        if host
            .log()
            .iter()
            .filter(|line| line.to_string().contains("these settings changed and need a restart"))
            .count()
            == 2
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert!(told_of_restart(&host));
    write("[server]\nrequest-timeout = '1s'\n")?;
    let (right, told) = said(&home, &["reload", "--config", "/dev/null"]).await?;
    assert!(!right && told.contains("server.request-timeout") && told.contains("the old one stays"), "{told}");
    Ok(())
}

fn told_of_restart(host: &Host) -> bool {
    host.log().iter().any(|line| line.to_string().contains("these settings changed and need a restart"))
}

#[tokio::test]
async fn what_an_operator_probably_did_not_mean_is_told() -> anyhow::Result<()> {
    let grants = "[grants.ehco]\nkv = true\n[tenants.acme.grants.nobody]\nkv = false\n[grants.echo]\nkv = true";
    let host = Options::with(&["echo"])?.config(grants).env("TANDEM_SERVER_PORT", "9").start().await?;
    let line = host.logged("TANDEM_SERVER_PORT").await?;
    assert!(line["message"].as_str().is_some_and(|told| told.contains("did you mean TANDEM_SERVER__PORT?")), "{line}");
    host.logged("grants.ehco: no plugin of this name").await?;
    host.logged("tenants.acme.grants.nobody: no plugin of this name").await?;
    let of_echo = host.log().iter().any(|line| line.to_string().contains("grants.echo: no plugin"));
    assert!(!of_echo, "it is loaded");
    let output = tokio::process::Command::new(tandem_harness::binary())
        .args(["config", "check"])
        .current_dir(host.directory.path())
        .env("TANDEM_SERVER_PORT", "9")
        .env("TANDEM_PLUGINS__TRUST_ROOTS", "none.pub")
        .output()
        .await?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.starts_with("warning: environment variable TANDEM_SERVER_PORT"), "{told}");
    Ok(())
}

#[tokio::test]
async fn what_a_file_refers_to_and_names_counts_from_it_without_detours() -> anyhow::Result<()> {
    let home = TempDir::new()?;
    let directory = home.path().join("etc");
    std::fs::create_dir(&directory)?;
    std::fs::write(home.path().join("token"), "of the file")?;
    std::fs::write(home.path().join("other"), "of the flag")?;
    let text = "[server]\nmetrics-token = '${file:../token}'\n[plugins]\ndata-directory = '../data'\n\
                compiled-directory = '../shared'\n";
    std::fs::write(directory.join("tandem.toml"), text)?;
    let (right, told) = said(home.path(), &["config", "show", "--config", "etc/tandem.toml"]).await?;
    assert!(right, "{told}");
    for path in ["data", "shared"] {
        let whole = format!("\"{}\"", home.path().join(path).display());
        assert!(told.contains(&whole), "{whole}: {told}");
    }
    assert!(!told.contains("etc/../data"), "{told}");
    // A flag's counts from the working directory.
    let flag = ["config", "check", "--config", "etc/tandem.toml", "--set"];
    let (right, told) = said(home.path(), &[&flag[..], &["server.metrics-token=${file:other}"]].concat()).await?;
    assert!(right, "{told}");
    let (right, told) = said(home.path(), &[&flag[..], &["server.metrics-token=${file:token.none}"]].concat()).await?;
    let missing = home.path().join("token.none");
    assert!(!right && told.contains(&*missing.display().to_string()), "{told}");
    Ok(())
}
