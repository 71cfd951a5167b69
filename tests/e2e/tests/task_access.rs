//! What a task calls, it calls as the one who submitted it: no more than that caller may, and no less, also on another host.

use serde_json::{Value, json};
use tandem_harness::Client;
use tempfile::TempDir;

use crate::mesh::{connected, ended, host, member, until};

/// A call of `call_other`, which calls `add` of another category.
fn call() -> Value {
    json!({"tool": "call_other", "arguments": {"tool": "add", "arguments": {"a": 20, "b": 22}}})
}

async fn task(client: &Client) -> anyhow::Result<Value> {
    let task = client.structured("p2p_taskqueue_submit", call()).await?;
    ended(client, &task).await
}

async fn workflow(client: &Client) -> anyhow::Result<Value> {
    let mut step = call();
    step["id"] = json!("a");
    let flow = client.structured("p2p_workflow_submit", json!({"name": "w", "steps": [step]})).await?;
    let id = json!({"workflow_id": flow["workflow_id"]});
    let over = |status: &Value| status["state"] == "succeeded" || status["state"] == "failed";
    until(client, "p2p_workflow_status", id, over).await
}

#[tokio::test]
async fn a_task_and_a_step_call_what_their_submitter_may() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let hash = |key: &str| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(key));
    let tenant = |name: &str, more: &str| format!("[tenants.{name}]\nkeys = ['${{file:{{home}}/{name}}}']\n{more}\n");
    let narrow = tenant("narrow", "categories = ['caller', 'p2p_taskqueue', 'p2p_workflow']");
    let host = member(&registry, &["caller", "echo"])?
        .config(&format!("{}{narrow}", tenant("wide", "")))
        .write("wide", &hash("wide"))
        .write("narrow", &hash("narrow"))
        .start()
        .await?;
    let (wide, narrow) = (host.client_as("/mcp/full", "wide").await?, host.client_as("/mcp/full", "narrow").await?);
    let done = task(&wide).await?;
    assert_eq!(done["state"], "completed", "{done}");
    let refused = task(&narrow).await?;
    assert_eq!(refused["state"], "failed", "{refused}");
    assert!(refused.to_string().contains("`add`"), "{refused}");
    let done = workflow(&wide).await?;
    assert_eq!(done["state"], "succeeded", "{done}");
    let refused = workflow(&narrow).await?;
    assert_eq!(refused["state"], "failed", "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_task_calls_tools_of_the_host_that_runs_it() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let (here, _there) = (host(&registry, &["progress"]).await?, host(&registry, &["caller", "echo"]).await?);
    let client = here.client("/mcp/full").await?;
    connected(&client, 1).await?;
    let done = task(&client).await?;
    assert_eq!(done["state"], "completed", "{done}");
    Ok(())
}
