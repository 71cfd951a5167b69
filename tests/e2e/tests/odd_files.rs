//! What is not a plugin in the plugin directory is left out with its reason, and nothing waits for it.

use std::{
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};
use tandem_harness::{Host, Options, plugin};

use crate::policy::tandem;

/// Longer than any of it takes on a slow machine, and far shorter than for ever.
const WAIT: Duration = Duration::from_secs(60);

fn mkfifo(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(std::process::Command::new("mkfifo").arg(path).status()?.success());
    Ok(())
}

/// The reasons by file, as `tandem plugin list` has them.
async fn reasons(home: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let listed = tokio::time::timeout(WAIT, tandem(home, &["list", "--json"])).await??;
    let listed: Vec<Value> = serde_json::from_slice(&listed.stdout)?;
    let reason = |plugin: &Value| {
        let reason = plugin.pointer("/error/reason")?.as_str()?;
        Some((plugin["file"].as_str()?.to_owned(), reason.to_owned()))
    };
    Ok(listed.iter().filter_map(reason).collect())
}

async fn assert_reasons(home: &Path) -> anyhow::Result<()> {
    let expected = [
        ("dangling.wasm", "it is a link to a file that is not there"),
        ("directory.wasm", "it is a directory, not a regular file"),
        ("endless.wasm", "it is a device, not a regular file"),
        ("pipe.wasm", "it is a named pipe, not a regular file"),
        ("socket.wasm", "it is a socket, not a regular file"),
    ]
    .map(|(file, reason)| (file.to_owned(), reason.to_owned()));
    let mut seen = Vec::new();
    for _ in 0..200 {
        seen = reasons(home).await?;
        if seen == expected {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{seen:?}");
}

async fn serves(host: &Host) -> anyhow::Result<()> {
    let client = host.client("/mcp/full").await?;
    let answer = client.structured("add", json!({"a": 1, "b": 2})).await?;
    assert_eq!(answer["sum"].as_f64(), Some(3.0));
    Ok(())
}

#[tokio::test]
async fn a_pipe_a_socket_a_device_and_a_dangling_link_hold_up_nothing() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let home = host.directory.path().to_owned();
    let at = |name: &str| home.join("plugins").join(name);
    put_odd_files(&home.join("plugins"))?;

    // While it serves: by itself, at a reload, and the plugin that comes after them.
    assert_reasons(&home).await?;
    let reloaded = tokio::time::timeout(WAIT, tandem(&home, &["reload"])).await??;
    assert!(reloaded.status.success(), "{}", String::from_utf8_lossy(&reloaded.stderr));
    std::fs::copy(plugin("kv-user")?, at("kv-user.wasm"))?;
    host.logged("candidate probed").await?;
    serves(&host).await?;

    // At a start, each with one line in the log.
    let host = host.restart().await?;
    assert_reasons(&home).await?;
    serves(&host).await?;
    let told = host.log().iter().filter(|line| line["file"] == "pipe.wasm").count();
    assert_eq!(told, 1, "{:?}", host.log());

    // And while no host runs.
    assert!(host.stop().await?);
    let stopped = tempfile::TempDir::new()?;
    std::fs::write(stopped.path().join("tandem.toml"), "")?;
    put_odd_files(&stopped.path().join("plugins"))?;
    assert_reasons(stopped.path()).await
}

fn put_odd_files(plugins: &Path) -> anyhow::Result<()> {
    let at = |name: &str| plugins.join(name);
    std::fs::create_dir_all(at("directory.wasm"))?;
    mkfifo(&at("pipe.wasm"))?;
    drop(UnixListener::bind(at("socket.wasm"))?);
    symlink("/dev/zero", at("endless.wasm"))?;
    symlink("nowhere", at("dangling.wasm"))?;
    Ok(())
}

#[tokio::test]
async fn a_pipe_among_keys_lists_and_secrets_is_an_error_and_no_wait() -> anyhow::Result<()> {
    let home = tempfile::TempDir::new()?;
    mkfifo(&home.path().join("pipe.pub"))?;
    let pipe = home.path().join("pipe.pub").display().to_string();
    for config in [
        "[plugins]\nrevoked = ['*.pub']\n".to_owned(),
        format!("[server]\nmetrics-token = '${{file:{pipe}}}'\n"),
        "[http]\nauthorities = ['pipe.pub']\n".to_owned(),
    ] {
        std::fs::write(home.path().join("tandem.toml"), &config)?;
        let args = ["serve", "--stdio", "--config", "tandem.toml", "--set", "reactor.enabled=false"];
        let ended = tokio::time::timeout(WAIT, tandem(home.path(), &args)).await??;
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && told.contains("named pipe, not a regular file"), "{config}: {told}");
    }
    std::fs::remove_file(home.path().join("tandem.toml"))?;
    for args in [["inspect", "pipe.pub"], ["install", "pipe.pub"], ["verify", "pipe.pub"]] {
        let args: Vec<&str> =
            if args[0] == "verify" { vec!["verify", "pipe.pub", "--trust", "pipe.pub"] } else { args.to_vec() };
        let ended = tokio::time::timeout(WAIT, tandem(home.path(), &args)).await??;
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && told.contains("named pipe, not a regular file"), "{args:?}: {told}");
    }
    Ok(())
}
