//! `tandem peer list`, `tandem task` and `tandem workflow` against a host that runs.

use serde_json::{Value, json};
use tandem_harness::Host;
use tempfile::TempDir;

use crate::{
    mesh::{connected, host, until},
    policy::{records, tandem},
};

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
    let states = [(done, "completed"), (later, "queued"), (later, "target_unknown")];
    let shown = |(id, state): (&str, &str)| text.lines().any(|line| line.starts_with(id) && line.contains(state));
    assert!(well && states.into_iter().all(shown), "{text}");
    let waits = read(&host, &["tasks", "show", later]).await?["waits_for"].clone();
    assert_eq!(waits["reason"], "target_unknown", "{waits}");
    assert!(waits["remedy"].as_str().is_some_and(|remedy| remedy.contains(nobody)), "{waits}");
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
    assert!(
        well && text.contains("100 %") && text.contains("only: {\"sum\":3") && text.contains("coordinator: "),
        "{text}"
    );
    let step = read(&host, &["workflows", "show", &done]).await?["steps"][0].clone();
    let task = step["task_id"].as_str().unwrap_or_default();
    assert_eq!(read(&host, &["tasks", "show", task]).await?["workflow_id"], done.as_str());
    let long = submit("sleep_ms", json!({"ms": 60_000})).await?;
    let why = ["workflows", "cancel", &long, "--reason", "too slow"];
    assert_eq!(read(&host, &why).await?["state"], "cancelled");
    let (well, text) = said(&host, &["workflows", "show", &long]).await?;
    assert!(well && text.contains("reason: too slow") && text.contains("finished_at: "), "{text}");
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

#[tokio::test]
async fn the_queue_is_paused_over_a_restart_and_resumed() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = host(&registry, &["echo"]).await?;
    assert_eq!(read(&host, &["tasks", "pause"]).await?["paused"], true);
    let host = host.restart().await?;
    let client = host.client("/mcp/full").await?;
    assert_eq!(client.structured("p2p_taskqueue_status", json!({})).await?["paused"], true);
    let add = json!({"tool": "add", "arguments": {"a": 1, "b": 2}});
    let task = client.structured("p2p_taskqueue_submit", add.clone()).await?["task_id"].clone();
    let wait = |task: &Value, wait_s| json!({"task_id": task, "wait_s": wait_s});
    let waited = client.structured("p2p_taskqueue_get_result", wait(&task, 2)).await?;
    assert_eq!(waited["state"], "queued", "{waited}");
    assert_eq!(read(&host, &["tasks", "resume"]).await?["paused"], false);
    let done = client.structured("p2p_taskqueue_get_result", wait(&task, 30)).await?;
    assert_eq!(done["state"], "completed", "{done}");
    // What the tool stopped goes on the same way.
    client.structured("p2p_taskqueue_shutdown", json!({"drain_s": 1})).await?;
    let task = client.structured("p2p_taskqueue_submit", add).await?["task_id"].clone();
    assert_eq!(client.structured("p2p_taskqueue_get_result", wait(&task, 1)).await?["state"], "queued");
    assert_eq!(read(&host, &["tasks", "resume"]).await?["ended_shutdown"], true);
    assert_eq!(client.structured("p2p_taskqueue_get_result", wait(&task, 30)).await?["state"], "completed");
    let log = serde_json::to_string(&records(&host).await?)?;
    assert!(log.contains("queue.paused") && log.contains("queue.resumed"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_peers_tools_are_listed_and_called_and_a_peer_is_kept_out() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let (here, there) = (host(&registry, &[]).await?, host(&registry, &["echo"]).await?);
    let client = here.client("/mcp/full").await?;
    let peer = connected(&client, 1).await?[0]["peer_id"].as_str().unwrap_or_default().to_owned();
    let (well, text) = said(&here, &["peers", "tools", &peer]).await?;
    assert!(well && text.lines().any(|line| line.starts_with("add ")), "{text}");
    let (well, text) = said(&here, &["peers", "call", &peer, "add", r#"{"a": 1, "b": 2}"#]).await?;
    assert!(well && text.contains("\"sum\": 3"), "{text}");
    let (well, text) = said(&here, &["peers", "call", &peer, "add", r#"{"a": 1}"#]).await?;
    assert!(!well && text.contains('b'), "{text}");
    let (well, text) = said(&here, &["peers", "call", &peer, "missing"]).await?;
    assert!(!well && text.contains("missing"), "{text}");

    let (well, text) = said(&here, &["peers", "block", &peer, "--for", "1h"]).await?;
    assert!(well && text.contains("1h"), "{text}");
    let states = |state: &'static str| {
        let peer = peer.clone();
        move |answer: &Value| {
            let all = answer["peers"].as_array().cloned().unwrap_or_default();
            all.iter().any(|known| known["peer_id"] == *peer && known["state"] == state)
        }
    };
    until(&client, "p2p_peer_list", json!({"state": "banned"}), states("banned")).await?;
    let (well, text) = said(&here, &["peers", "tools", &peer]).await?;
    assert!(!well && text.contains("not connected"), "{text}");
    let back = there.client("/mcp/full").await?;
    until(&back, "p2p_peer_list", json!({"state": "connected"}), |answer| answer["total"] == 0).await?;
    let (well, text) = said(&here, &["peers", "--all"]).await?;
    assert!(well && text.lines().any(|line| line.starts_with(&peer) && line.contains("banned")), "{text}");
    let (well, text) = said(&here, &["peers", "unblock", &peer]).await?;
    assert!(well && text.contains("may connect again"), "{text}");
    until(&client, "p2p_peer_list", json!({}), states("connected")).await?;
    let log = serde_json::to_string(&records(&here).await?)?;
    for event in ["peer.called", "peer.blocked", "peer.unblocked"] {
        assert!(log.contains(event), "{event}: {log}");
    }
    Ok(())
}

#[tokio::test]
async fn a_list_goes_over_as_many_pages_as_it_takes() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = host(&registry, &["echo"]).await?;
    let client = host.client("/mcp/full").await?;
    assert_eq!(read(&host, &["tasks", "pause"]).await?["paused"], true);
    let submits = (0..1_100).map(|n| {
        let task = json!({"tool": "add", "arguments": {"a": n, "b": 2}});
        client.structured("p2p_taskqueue_submit", task)
    });
    use futures::StreamExt as _;
    let done: Vec<_> = futures::stream::iter(submits).buffer_unordered(16).collect().await;
    done.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let all = read(&host, &["tasks", "list", "--limit", "5000"]).await?;
    let mut ids: Vec<_> = all.as_array().into_iter().flatten().filter_map(|task| task["task_id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_100);
    let (well, text) = said(&host, &["tasks", "list", "--limit", "7"]).await?;
    assert!(well && text.contains("7 of 1100"), "{text}");
    Ok(())
}
