//! Whose plugins are loaded: revoked, pinned, older, and taken-over ones are refused by name while others serve.

use std::path::{Path, PathBuf};

use serde_json::json;
use tandem_harness::{Host, Options, binary, plugin, root};

use crate::policy::tandem;

/// Packs the echo guest anew, as another version, signed with another key where one is given.
async fn packed(directory: &Path, version: &str, key: &Path) -> anyhow::Result<PathBuf> {
    let manifest = std::fs::read_to_string(root().join("tests/guests/echo/plugin.toml"))?;
    let written: String = manifest
        .lines()
        .map(
            |line| if line.starts_with("version") { format!("version = \"{version}\"\n") } else { format!("{line}\n") },
        )
        .collect();
    std::fs::write(directory.join("plugin.toml"), written)?;
    let output = directory.join("echo.wasm");
    let status = tokio::process::Command::new(binary())
        .arg("pack")
        .arg(root().join("target/wasm32-wasip2/guest/guest_echo.wasm"))
        .arg("--manifest")
        .arg(directory.join("plugin.toml"))
        .args(["--key".as_ref(), key.as_os_str(), "--output".as_ref(), output.as_os_str()])
        .status()
        .await?;
    anyhow::ensure!(status.success(), "the echo guest cannot be packed; run `make plugins`");
    Ok(output)
}

fn dev_key() -> PathBuf {
    root().join("keys/dev.key")
}

/// A host that serves others, and into whose directory the test puts `echo.wasm`.
async fn host(config: &str) -> anyhow::Result<Host> {
    Options::with(&["kv-user"])?.config(config).start().await
}

async fn put(host: Host, file: &Path) -> anyhow::Result<Host> {
    std::fs::copy(file, host.directory.path().join("plugins/echo.wasm"))?;
    host.crash_and_restart().await
}

async fn serves_echo(host: &Host) -> anyhow::Result<bool> {
    let client = host.client("/mcp/full").await?;
    client.structured("kv_get", json!({"key": "k"})).await.ok();
    let tools = client.tools().await?;
    assert!(tools.iter().any(|tool| tool == "kv_get"), "the others serve");
    Ok(tools.iter().any(|tool| tool == "add"))
}

fn left_out(host: &Host, why: &str) -> bool {
    host.log().iter().any(|line| line.to_string().contains("plugin left out") && line.to_string().contains(why))
}

#[tokio::test]
async fn an_older_version_is_refused_unless_it_is_allowed() -> anyhow::Result<()> {
    let work = tempfile::tempdir()?;
    let allowed = work.path().join("allowed");
    std::fs::write(&allowed, "nothing")?;
    let config = format!("[plugins]\nallow-downgrade = '${{file:{}}}'\n", allowed.display());
    let host = host(&config).await?;
    let host = put(host, &packed(work.path(), "0.9.0", &dev_key()).await?).await?;
    assert!(serves_echo(&host).await?);
    let older = packed(work.path(), "0.8.9", &dev_key()).await?;
    let host = put(host, &older).await?;
    assert!(!serves_echo(&host).await? && left_out(&host, "is older than 0.9.0"), "{:?}", host.log());
    std::fs::write(&allowed, "echo")?;
    let host = put(host, &older).await?;
    assert!(serves_echo(&host).await?);
    std::fs::write(&allowed, "nothing")?;
    assert!(serves_echo(&put(host, &older).await?).await?, "what was allowed once is what is installed");
    Ok(())
}

#[tokio::test]
async fn a_rebuild_of_the_same_version_is_loaded_and_another_signer_is_not() -> anyhow::Result<()> {
    let work = tempfile::tempdir()?;
    let other = work.path().join("other");
    let made = tandem(work.path(), &["keygen", "other"]).await?;
    assert!(made.status.success());
    let host = Options::with(&["kv-user"])?
        .env("TANDEM_PLUGINS__TRUST_ROOTS", &format!("{}/keys/*.pub,{}/*.pub", root().display(), work.path().display()))
        .start()
        .await?;
    let host = put(host, &plugin("echo")?).await?;
    assert!(serves_echo(&host).await?);
    // Build metadata makes another file of the same version.
    let manifest = std::fs::read_to_string(root().join("tests/guests/echo/plugin.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let version = version.expect("the guest has a version").to_owned();
    let rebuilt = packed(work.path(), &format!("{version}+rebuilt"), &dev_key()).await?;
    let host = put(host, &rebuilt).await?;
    assert!(serves_echo(&host).await?);
    let taken = packed(work.path(), "9.0.0", &other.with_extension("key")).await?;
    let host = put(host, &taken).await?;
    assert!(!serves_echo(&host).await? && left_out(&host, "plugins.allow-new-signer"), "{:?}", host.log());
    Ok(())
}

#[tokio::test]
async fn revoked_and_wrongly_pinned_plugins_are_refused_with_the_reason_and_recorded() -> anyhow::Result<()> {
    let work = tempfile::tempdir()?;
    let list = work.path().join("revoked.toml");
    std::fs::write(&list, "")?;
    let other = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let config = format!("[plugins]\nrevoked = ['{}']\npins = {{ spin = '{other}' }}\n", list.display());
    let host = Options::with(&["kv-user", "spin"])?.config(&config).start().await?;
    assert!(left_out(&host, "plugins.pins.spin is sha256:9f86"), "{:?}", host.log());
    let host = put(host, &plugin("echo")?).await?;
    assert!(serves_echo(&host).await?);
    let home = host.directory.path().to_owned();
    let inspected = tandem(&home, &["inspect", "plugins/echo.wasm", "--json"]).await?;
    let inspected: serde_json::Value = serde_json::from_slice(&inspected.stdout)?;
    let digest = inspected["digest"].as_str().expect("inspect prints the digest");
    std::fs::write(&list, format!("[files]\n\"{digest}\" = \"it was seen to misbehave\"\n"))?;
    std::fs::write(home.join("plugins/junk.wasm"), "junk")?;
    let host = put(host, &plugin("echo")?).await?;
    assert!(!serves_echo(&host).await? && left_out(&host, "is revoked: it was seen to misbehave"), "{:?}", host.log());
    let listed = tandem(&home, &["plugin", "list", "--json"]).await?;
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&listed.stdout)?;
    let code = |file: &str| listed.iter().find(|one| one["file"] == file).map(|one| one["error"]["code"].clone());
    for (file, expected) in [("echo.wasm", "revoked"), ("spin.wasm", "supply-policy"), ("junk.wasm", "invalid-package")]
    {
        assert_eq!(code(file), Some(json!(expected)), "{file}: {listed:?}");
    }
    let tail = tandem(&home, &["audit", "tail", "-n", "100", "--json"]).await?;
    let tail = String::from_utf8(tail.stdout)?;
    assert!(tail.lines().any(|line| line.contains("plugin.refused") && line.contains("misbehave")), "{tail}");
    assert!(tail.lines().any(|line| line.contains("plugin.loaded") && line.contains(digest)), "{tail}");
    std::fs::write(&list, "[files\n")?;
    assert!(host.crash_and_restart().await.is_err(), "a list that cannot be read is not taken for an empty one");
    Ok(())
}
