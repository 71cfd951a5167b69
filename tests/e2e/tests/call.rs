//! The way of a call: validation, progress, cancellation, instances, exposure.

use std::time::Duration;

use serde_json::json;
use tandem_harness::Options;

use crate::fault;

#[tokio::test]
async fn wrong_arguments_name_their_place() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let fault = fault(&client.call("add", json!({"a": "one", "b": 2})).await?);
    assert_eq!(fault["code"], "invalid_arguments");
    assert_eq!(fault["violations"][0]["pointer"], "/a", "{fault}");
    Ok(())
}

#[tokio::test]
async fn an_unknown_tool_answers_with_near_names() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let error = client.call("ecko", json!({})).await.expect_err("there is no such tool");
    assert!(error.to_string().contains("`echo`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn progress_reaches_the_client() -> anyhow::Result<()> {
    let host = Options::with(&["progress"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    client.call("progress_steps", json!({"steps": 3})).await?;
    assert_eq!(client.progress().len(), 3, "{:?}", client.progress());
    Ok(())
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_guest() -> anyhow::Result<()> {
    let host = Options::with(&["progress", "echo"])?.in_process().start().await?;
    for tool in ["progress_endlessly", "progress_until_cancelled"] {
        let client = host.client("/mcp/full").await?;
        let call = tokio::spawn(async move { client.call(tool, json!({})).await.map(|_| ()) });
        in_flight(&host, "progress", 1).await?;
        call.abort();
        in_flight(&host, "progress", 0).await?;
    }
    Ok(())
}

/// Waits until so many calls of a category run. The wait is bounded; it is no measurement.
async fn in_flight(host: &tandem_harness::Host, category: &str, wanted: u64) -> anyhow::Result<()> {
    for _ in 0..200 {
        let status: serde_json::Value = reqwest::get(format!("{}/health/runtime", host.url)).await?.json().await?;
        let running = status["categories"]
            .as_array()
            .and_then(|all| all.iter().find(|c| c["name"] == category))
            .map_or(0, |c| c["in_flight"].as_u64().unwrap_or(0));
        if running == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("`{category}` never had {wanted} calls in flight")
}

#[tokio::test]
async fn instances_are_fresh_unless_pooled() -> anyhow::Result<()> {
    let host = Options::with(&["pooled-counter"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let first = client.structured("count", json!({})).await?["result"].as_u64();
    let second = client.structured("count", json!({})).await?["result"].as_u64();
    assert_eq!((first, second), (Some(1), Some(2)), "a pooled instance remembers");
    assert_eq!(fault(&client.call("count_and_abort", json!({})).await?)["code"], "trapped");
    let after = client.structured("count", json!({})).await?["result"].as_u64();
    assert_eq!(after, Some(1), "an instance that trapped never serves again");
    Ok(())
}

#[tokio::test]
async fn meta_tools_find_and_dispatch() -> anyhow::Result<()> {
    let host = Options::with(&["echo", "kv-user"])?.in_process().start().await?;
    let client = host.client("/mcp").await?;
    let mut tools = client.tools().await?;
    tools.sort();
    assert_eq!(
        tools,
        [
            "tools_dispatch",
            "tools_get_schema",
            "tools_list_categories",
            "tools_list_tools",
            "tools_result_grep",
            "tools_result_query",
            "tools_result_read",
            "tools_search"
        ]
    );
    let categories = client.structured("tools_list_categories", json!({})).await?;
    assert_eq!(categories["categories"].as_array().map(Vec::len), Some(2), "{categories}");
    let found = client.structured("tools_search", json!({"query": "add two numbers"})).await?;
    assert_eq!(found["tools"][0]["name"], "add", "{found}");
    let schema = client.structured("tools_get_schema", json!({"tool": "add"})).await?;
    assert!(schema["tools"][0]["input_schema"]["properties"]["a"].is_object(), "{schema}");
    let sum = client.structured("tools_dispatch", json!({"tool": "add", "arguments": {"a": 2, "b": 3}})).await?;
    assert_eq!(sum["sum"], 5.0);
    let inner = client.call("tools_dispatch", json!({"tool": "add", "arguments": {"a": "x", "b": 3}})).await?;
    assert_eq!(fault(&inner)["code"], "invalid_arguments", "the inner tool's schema counts");
    Ok(())
}
