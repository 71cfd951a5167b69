//! What the command line says when something is wrong: which thing, and what mends it, and nothing of the program's insides.

use std::{path::Path, process::Output};

use serde_json::{Value, json};
use sha2::Digest as _;
use tandem_harness::Options;
use tokio::process::Command;

async fn tandem(home: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new(tandem_harness::binary());
    command.args(arguments).current_dir(home).env_remove("TANDEM_TOKEN").env_remove("TANDEM_URL");
    // Nothing of whoever runs the tests.
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
    Ok(command.stdin(std::process::Stdio::null()).output().await?)
}

/// What it says on standard error when it fails.
async fn refusal(home: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = tandem(home, arguments).await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{arguments:?} must fail: {said}");
    for inside in ["rmcp", "reqwest", "Transport", "::", "Error {", "error: error", "Mcp error", "-32"] {
        assert!(!said.contains(inside), "{arguments:?} shows `{inside}`: {said}");
    }
    Ok(said)
}

#[tokio::test]
async fn a_call_that_cannot_be_made_says_why() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let home = host.directory.path();
    let url = format!("{}/mcp/full", host.url);
    let bare = host.url.strip_prefix("http://").unwrap_or_default();
    let add = ["call", "add", "a=1", "b=2", "--url"];
    for (given, told) in [
        ("http://127.0.0.1:9/mcp", vec!["is the host running?", "tandem serve", "127.0.0.1:9"]),
        (bare, vec!["has no scheme", url.as_str()]),
        (host.url.as_str(), vec!["is not an MCP endpoint", url.as_str()]),
        (&format!("{}/nowhere", host.url), vec!["is not an MCP endpoint", "404", url.as_str()]),
        (&format!("{}/mcp/category/ehco", host.url), vec!["ehco"]),
        ("http://nowhere.invalid/mcp", vec!["nowhere.invalid", "is the host running?"]),
    ] {
        let said = refusal(home, &[&add[..], &[given]].concat()).await?;
        assert!(told.iter().all(|part| said.contains(part)), "{given}: {said}");
    }
    let said = refusal(home, &["tools", "ehco", "--url", &url]).await?;
    assert!(said.contains("no category or tool `ehco`") && said.contains("`echo`"), "{said}");
    let said = refusal(home, &["call", "ad", "{}", "--url", &url]).await?;
    assert!(said.contains("unknown tool `ad`") && said.contains("add"), "{said}");
    let said = refusal(home, &["call", "add", "1", "--url", &url]).await?;
    assert!(said.contains("name=value"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_told() -> anyhow::Result<()> {
    let hash: String = sha2::Sha256::digest("right").iter().map(|byte| format!("{byte:02x}")).collect();
    let config = "[tenants.acme]\nkeys = [\"${env:TEST_KEY}\"]";
    let host = Options::with(&["echo"])?.config(config).env("TEST_KEY", &hash).start().await?;
    let (home, url) = (host.directory.path(), format!("{}/mcp/full", host.url));
    let call = ["call", "add", "a=1", "b=2", "--url", &url];
    let said = refusal(home, &call).await?;
    assert!(said.contains("--token") && said.contains("TANDEM_TOKEN"), "{said}");
    let said = refusal(home, &[&call[..], &["--token", "wrong"]].concat()).await?;
    assert!(said.contains("rejects this API key"), "{said}");
    let right = tandem(home, &[&call[..], &["--token", "right"]].concat()).await?;
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
    Ok(())
}

#[tokio::test]
async fn arguments_are_typed_as_words_and_a_tool_shows_its_own() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let (home, url) = (host.directory.path(), format!("{}/mcp/full", host.url));
    let words = tandem(home, &["call", "add", "a=1", "b=2", "--url", &url]).await?;
    let json = tandem(home, &["call", "add", "{\"a\": 1, \"b\": 2}", "--url", &url]).await?;
    assert!(words.status.success(), "{}", String::from_utf8_lossy(&words.stderr));
    assert_eq!(words.stdout, json.stdout);
    assert_eq!(serde_json::from_slice::<Value>(&words.stdout)?["sum"].as_f64(), Some(3.0));
    // What rmcp's own server answers to the end of a session would be reported here.
    assert_eq!(String::from_utf8_lossy(&words.stderr), "");
    let shown = String::from_utf8(tandem(home, &["tools", "add", "--url", &url]).await?.stdout)?;
    assert!(shown.contains("add  (echo)") && shown.contains("a  number, required"), "{shown}");
    let category = String::from_utf8(tandem(home, &["tools", "echo", "--url", &url]).await?.stdout)?;
    assert!(category.contains("  add ") && !category.contains("Parameters"), "{category}");
    Ok(())
}

#[tokio::test]
async fn read_only_commands_create_no_files() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    std::fs::write(home.join("tandem.toml"), "")?;
    let listed = tandem(home, &["list"]).await?;
    assert_eq!(listed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&listed.stderr).contains("no host runs"), "{listed:?}");
    assert!(tandem(home, &["keys", "list"]).await?.status.success());
    assert!(tandem(home, &["grants"]).await?.status.success());
    assert!(!tandem(home, &["audit", "tail"]).await?.status.success(), "there is no log");
    let there: Vec<_> = std::fs::read_dir(home)?.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    assert_eq!(there, ["tandem.toml"]);
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_session_is_answered_as_clients_expect() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let (http, url) = (reqwest::Client::new(), format!("{}/mcp", host.url));
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
    let begun = http.post(&url).json(&hello).header("accept", "application/json, text/event-stream").send().await?;
    let session = begun.headers().get("mcp-session-id").cloned().expect("a session");
    let ended = http.delete(&url).header("mcp-session-id", &session).send().await?;
    assert_eq!((ended.status().as_u16(), ended.bytes().await?.len()), (204, 0));
    assert_eq!(http.delete(&url).header("mcp-session-id", &session).send().await?.status().as_u16(), 404);
    Ok(())
}
