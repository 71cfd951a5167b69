//! What the scenarios share.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tandem_harness::{Client, Options};
use tandem_netns::{Lab, Node};
use tempfile::TempDir;

/// How long anything may take on a bad network and a busy machine. What is faster is printed, not asserted.
const PATIENCE: Duration = Duration::from_secs(120);

/// A host at a place, with these plugins beside the P2P ones. `discovery` is lines of `[p2p.discovery]`.
pub(crate) async fn host(lab: &Lab, place: usize, plugins: &[&str], discovery: &str) -> anyhow::Result<Node> {
    let discovery = format!("private = true\n{discovery}");
    lab.host(place, Options::member(plugins, &[&Node::listens(place)], &discovery)?).await
}

/// Lines of `[p2p.discovery]` for a directory that hosts share.
pub(crate) fn registry(directory: &TempDir) -> String {
    format!("directory = \"{}\"", directory.path().display())
}

/// Asks until the answer is good. A call that fails is asked again too.
pub(crate) async fn until(
    client: &Client,
    tool: &str,
    arguments: Value,
    good: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = client.structured(tool, arguments.clone()).await;
        match answer {
            Ok(answer) if good(&answer) => return Ok(answer),
            Ok(answer) => anyhow::ensure!(Instant::now() < end, "{tool}: {answer}"),
            Err(error) => anyhow::ensure!(Instant::now() < end, "{tool}: {error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a host is connected with so many others.
async fn connected(client: &Client, count: usize) -> anyhow::Result<Value> {
    let all = |answer: &Value| answer["total"].as_u64().is_some_and(|total| total >= count as u64);
    until(client, "p2p_peer_list", json!({"state": "connected"}), all).await
}

/// Clients of all these hosts, once each is connected with all others.
pub(crate) async fn meshed(nodes: &[Node]) -> anyhow::Result<Vec<Client>> {
    let mut clients = Vec::new();
    for node in nodes {
        clients.push(node.client().await?);
    }
    futures::future::try_join_all(clients.iter().map(|client| connected(client, nodes.len() - 1))).await?;
    Ok(clients)
}

/// Submits a task, as soon as a host is known that has the tool; answers its id.
pub(crate) async fn submit(client: &Client, tool: &str, arguments: Value) -> anyhow::Result<Value> {
    static KEYS: AtomicU32 = AtomicU32::new(0);
    let key = format!("task-{}", KEYS.fetch_add(1, Ordering::Relaxed));
    let retry = json!({"policy": "exponential", "max_attempts": 5});
    let task = json!({"tool": tool, "arguments": arguments, "retry": retry, "idempotency_key": key});
    let answer = until(client, "p2p_taskqueue_submit", task, |answer| answer["task_id"].is_string());
    Ok(answer.await?["task_id"].clone())
}

/// Submits a workflow, as soon as hosts are known that have its tools; answers the arguments that name it.
pub(crate) async fn submit_workflow(client: &Client, name: &str, steps: Value) -> anyhow::Result<Value> {
    let workflow = json!({"name": name, "steps": steps, "idempotency_key": name});
    let answer = until(client, "p2p_workflow_submit", workflow, |answer| answer["workflow_id"].is_string());
    Ok(json!({"workflow_id": answer.await?["workflow_id"]}))
}

/// Whether a workflow has ended.
pub(crate) fn is_over(status: &Value) -> bool {
    matches!(status["state"].as_str(), Some("succeeded" | "failed" | "cancelled"))
}

/// Waits for a task's end.
pub(crate) async fn ended(client: &Client, task: &Value) -> anyhow::Result<Value> {
    let ended =
        |answer: &Value| matches!(answer["state"].as_str(), Some("completed" | "failed" | "dead" | "cancelled"));
    until(client, "p2p_taskqueue_get_result", json!({"task_id": task, "wait_s": 30}), ended).await
}

/// Waits until a task is in this state; answers its status.
pub(crate) async fn in_state(client: &Client, task: &Value, state: &str) -> anyhow::Result<Value> {
    until(client, "p2p_taskqueue_task_status", json!({"task_id": task}), |status| status["state"] == state).await
}

/// The value that is so far up in a sorted list: 0.5 is the median.
pub(crate) fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let place = (times.len().saturating_sub(1) as f64 * share).round() as usize;
    times.get(place).copied().unwrap_or_default()
}
