//! The host that coordinates a workflow is killed in the middle.
//!
//! Its store is its own, so nobody else can take the workflow over: it goes on when the host is back, at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tandem_netns::Lab;
use tempfile::TempDir;

use crate::support::{host, is_over, meshed, registry, submit_workflow, until};

/// How long the host is gone.
const GONE: Duration = Duration::from_secs(5);

pub(crate) async fn run() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(3, 40)?, TempDir::new()?);
    let discovery = registry(&directory);
    let plugins: [&[&str]; 3] = [&[], &["echo"], &["echo"]];
    let starts = (0..3).map(|place| host(&lab, place, plugins[place], &discovery));
    let mut nodes = futures::future::try_join_all(starts).await?;
    let clients = meshed(&nodes).await?;
    let client = &clients[0];

    let sleep = |id: &str, ms: u32, after: &[&str]| {
        json!({"id": id, "tool": "sleep_ms", "arguments": {"ms": ms}, "depends_on": after,
            "retry": {"policy": "exponential", "max_attempts": 5}})
    };
    let steps = json!([
        sleep("a1", 500, &[]),
        sleep("b1", 500, &[]),
        sleep("a2", 4_000, &["a1"]),
        sleep("b2", 4_000, &["b1"]),
        {"id": "sum", "tool": "add", "arguments": {"a": 40, "b": 2}, "depends_on": ["a2", "b2"]},
    ]);
    let id = submit_workflow(client, "kill", steps).await?;
    let step = |status: &Value, id: &str| {
        status["steps"].as_array().into_iter().flatten().find(|step| step["id"] == id).cloned().unwrap_or_default()
    };
    let half = |status: &Value| {
        ["a1", "b1"].iter().all(|id| step(status, id)["state"] == "succeeded")
            && ["a2", "b2"].iter().all(|id| step(status, id)["state"] == "running")
    };
    let before = until(client, "p2p_workflow_status", id.clone(), half).await?;
    drop(clients);
    let dead = nodes.remove(0).kill().await?;
    tokio::time::sleep(GONE).await;
    let back = dead.restart().await?;
    let start = Instant::now();
    let client = back.client().await?;
    let after = until(&client, "p2p_workflow_status", id, is_over).await?;
    assert_eq!(after["state"], "succeeded", "{after}");
    for id in ["a1", "b1"] {
        assert_eq!(step(&after, id), step(&before, id), "what had succeeded is as it was");
    }
    let again: Vec<_> = ["a2", "b2"].map(|id| step(&after, id)["attempt"].clone()).into();
    Ok(format!(
        "killed with 2 of 5 steps done and 2 running elsewhere, back after {:.0} s; the workflow ended {:.1} s after it was back; completed steps are as they were, the running ones ended in attempts {} and {}",
        GONE.as_secs_f64(),
        start.elapsed().as_secs_f64(),
        again[0],
        again[1]
    ))
}
