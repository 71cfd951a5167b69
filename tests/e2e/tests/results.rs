//! Results that are too large for a message: kept by their content id, fetched in parts, answered whole.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mesh::{connected, host, member, until};

/// Characters of a text: 275,000 bytes when quoted, over the 256 KiB of a part.
const LARGE: usize = 165_000;
/// The same for a step: its arguments are just within their 64 KiB, and the result just over those that are kept inline.
const STEP: usize = 65_520;

#[tokio::test]
async fn a_large_result_comes_whole_from_another_host_and_through_a_workflow() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    // Only the other host has the tool: arguments go there and the result comes back.
    let whole = "[results]\ninline-limit = '1MiB'";
    let here = member(&registry, &["progress"])?.config(whole).start().await?;
    let there = host(&registry, &["echo"]).await?;
    let client = here.client("/mcp/full").await?;
    connected(&client, 1).await?;
    // Quotes and letters of several bytes: parts are cut between characters, and escaped on the way.
    let text: String = "ä\"b".chars().cycle().take(LARGE).collect();
    let task = client.structured("p2p_taskqueue_submit", json!({"tool": "echo", "arguments": {"text": text}})).await?;
    let wait = json!({"task_id": task["task_id"], "wait_s": 60});
    let result = client.structured("p2p_taskqueue_get_result", wait).await?;
    assert_eq!(result["state"], "completed", "{}", result["error"]);
    assert!(result["result"]["content"][0]["text"] == text.as_str(), "it is another text");
    assert!(result["result_cid"].as_str().is_some_and(|cid| cid.starts_with("bafkrei") && cid.len() == 59));

    let small = client.structured("p2p_taskqueue_submit", json!({"tool": "echo", "arguments": {"text": "x"}})).await?;
    let wait = json!({"task_id": small["task_id"], "wait_s": 60});
    let small = client.structured("p2p_taskqueue_get_result", wait).await?;
    assert_eq!((small.get("result_cid"), &small["state"]), (None, &json!("completed")), "small ones are kept inline");

    let steps = json!([
        {"id": "one", "tool": "echo", "arguments": {"text": "y".repeat(STEP)}},
        {"id": "two", "tool": "echo", "depends_on": ["one"],
            "arguments": {"text": {"$from": "one", "path": "/content/0/text"}}},
    ]);
    let submitted = client.structured("p2p_workflow_submit", json!({"name": "large", "steps": steps})).await?;
    let id = json!({"workflow_id": submitted["workflow_id"]});
    let ended = |status: &Value| matches!(status["state"].as_str(), Some("succeeded" | "failed" | "cancelled"));
    let done = until(&client, "p2p_workflow_status", id, ended).await?;
    assert_eq!((&done["state"], &done["name"]), (&json!("succeeded"), &json!("large")), "{done}");
    let tasks = client.structured("p2p_taskqueue_list_tasks", json!({})).await?;
    let two = tasks["tasks"].as_array().and_then(|tasks| tasks.iter().find(|task| task["step"] == "two")).cloned();
    let two = json!({"task_id": two.expect("the step's task")["task_id"]});
    let result = client.structured("p2p_taskqueue_get_result", two).await?;
    assert_eq!(result["result"]["content"][0]["text"].as_str().map(str::len), Some(STEP));
    drop(there);
    Ok(())
}

#[tokio::test]
async fn a_result_over_the_operators_limit_fails_its_task_by_name() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let limit = "[p2p.task-queue]\nmax-result = \"64KiB\"";
    let host = member(&registry, &["echo"])?.config(limit).start().await?;
    let client = host.client("/mcp/full").await?;
    let text = "x".repeat(STEP);
    let task = client.structured("p2p_taskqueue_submit", json!({"tool": "echo", "arguments": {"text": text}})).await?;
    let wait = json!({"task_id": task["task_id"], "wait_s": 60});
    let result = client.structured("p2p_taskqueue_get_result", wait).await?;
    assert_eq!(result["state"], "failed", "{result}");
    assert!(result["error"].to_string().contains("max-result"), "{result}");
    Ok(())
}
