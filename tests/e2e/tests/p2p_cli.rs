//! `tandem peers`, `tandem tasks` and `tandem workflows` against a host that runs.

use serde_json::{Value, json};
use tandem_harness::Host;
use tempfile::TempDir;

use crate::{mesh::host, policy::tandem};

/// What a command says, and whether it says that all is well.
async fn said(host: &Host, arguments: &[&str]) -> anyhow::Result<(bool, String)> {
    let url = format!("{}/mcp/full", host.url);
    let output = tandem(host.directory.path(), &[arguments, &["--url", &url]].concat()).await?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok((output.status.success(), text))
}

async fn read(host: &Host, arguments: &[&str]) -> anyhow::Result<Value> {
    let (well, text) = said(host, &[arguments, &["--json"]].concat()).await?;
    anyhow::ensure!(well, "{arguments:?}: {text}");
    Ok(serde_json::from_str(&text)?)
}

#[tokio::test]
async fn tasks_are_listed_shown_followed_and_cancelled() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = host(&registry, &["echo"]).await?;
    let client = host.client("/mcp/full").await?;
    let submit = async |arguments: Value| client.structured("p2p_taskqueue_submit", arguments).await;
    let done = submit(json!({"tool": "add", "arguments": {"a": 1, "b": 2}})).await?;
    let done = done["task_id"].as_str().unwrap_or_default();
    let (well, text) = said(&host, &["tasks", "watch", done]).await?;
    assert!(well && text.contains("completed"), "{text}");
    assert_eq!(read(&host, &["tasks", "show", done]).await?["state"], "completed");
    // For a host that is not there.
    let nobody = "12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5";
    let later = submit(json!({"tool": "add", "arguments": {"a": 1, "b": 2}, "target_peer": nobody})).await?;
    let later = later["task_id"].as_str().unwrap_or_default();
    let (well, text) = said(&host, &["tasks", "list"]).await?;
    let states = [(done, "completed"), (later, "queued")];
    let shown = |(id, state): (&str, &str)| text.lines().any(|line| line.starts_with(id) && line.contains(state));
    assert!(well && states.into_iter().all(shown), "{text}");
    assert_eq!(read(&host, &["tasks", "cancel", later]).await?["state"], "cancelled");
    let (well, text) = said(&host, &["tasks", "watch", later]).await?;
    assert!(!well && text.contains("the task is cancelled"), "{text}");
    Ok(())
}

#[tokio::test]
async fn workflows_are_listed_shown_followed_and_cancelled_and_peers_are_listed() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let (host, other) = (host(&registry, &["echo"]).await?, host(&registry, &[]).await?);
    let client = host.client("/mcp/full").await?;
    let submit = async |tool: &str, arguments: Value| -> anyhow::Result<String> {
        let steps = json!([{"id": "only", "tool": tool, "arguments": arguments}]);
        let answer = client.structured("p2p_workflow_submit", json!({"name": "hand", "steps": steps})).await?;
        Ok(answer["workflow_id"].as_str().unwrap_or_default().to_owned())
    };
    let done = submit("add", json!({"a": 1, "b": 2})).await?;
    let (well, text) = said(&host, &["workflows", "watch", &done]).await?;
    assert!(well && text.contains("only succeeded"), "{text}");
    let (well, text) = said(&host, &["workflows", "show", &done]).await?;
    assert!(well && text.contains("100 %"), "{text}");
    let long = submit("sleep_ms", json!({"ms": 60_000})).await?;
    assert_eq!(read(&host, &["workflows", "cancel", &long]).await?["state"], "cancelled");
    let (well, text) = said(&host, &["workflows", "list"]).await?;
    let shown = |id: &str, state: &str| text.lines().any(|line| line.starts_with(id) && line.contains(state));
    assert!(well && shown(&done, "succeeded") && shown(&long, "cancelled"), "{text}");
    let (well, text) = said(&host, &["workflows", "cancel", &done]).await?;
    assert!(!well && text.contains("the workflow has ended"), "{text}");

    let me = other.client("/mcp/full").await?.structured("p2p_peer_register", json!({})).await?["peer_id"].clone();
    let me = me.as_str().unwrap_or_default();
    for _ in 0..600 {
        let (well, text) = said(&host, &["peers"]).await?;
        if well && text.lines().any(|line| line.starts_with(me) && line.contains("connected")) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("the other host is not listed")
}
