//! A guest's fault is a typed error of its own call, and other calls go on.

use serde_json::json;
use tandem_harness::{Options, text};

use crate::fault;

/// Runs `tool`, expects the code and limit, and sees a neighbour's call answered while it runs and after.
async fn stopped(
    guest: &str,
    tool: &str,
    arguments: serde_json::Value,
    code: &str,
    limit: Option<&str>,
) -> anyhow::Result<()> {
    let host = Options::with(&[guest, "echo"])?.start().await?;
    let (bad, good) = (host.client("/mcp/full").await?, host.client("/mcp/full").await?);
    let call = tokio::spawn({
        let tool = tool.to_owned();
        async move { bad.call(&tool, arguments).await }
    });
    let mut served = 0;
    loop {
        let answer = good.structured("add", json!({"a": 1, "b": 2})).await?;
        assert_eq!(answer["sum"], 3.0);
        served += 1;
        if call.is_finished() {
            break;
        }
    }
    let fault = fault(&call.await??);
    assert_eq!(fault["code"], code, "{fault}");
    assert_eq!(fault.get("limit").and_then(|l| l.as_str()), limit, "{fault}");
    assert!(served > 0);
    good.structured("add", json!({"a": 1, "b": 2})).await?;
    Ok(())
}

#[tokio::test]
async fn a_loop_is_stopped_by_its_cpu_budget() -> anyhow::Result<()> {
    stopped("spin", "spin", json!({}), "limited", Some("cpu")).await
}

#[tokio::test]
async fn allocation_without_end_is_stopped_by_the_memory_limit() -> anyhow::Result<()> {
    stopped("grow-memory", "grow_memory", json!({}), "limited", Some("memory")).await
}

#[tokio::test]
async fn a_trap_is_a_typed_error_with_the_panics_message() -> anyhow::Result<()> {
    let host = Options::with(&["trap", "echo"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    for tool in ["trap_abort", "trap_index", "trap_stack"] {
        let fault = fault(&client.call(tool, json!({})).await?);
        assert_eq!(fault["code"], "trapped", "{tool}: {fault}");
    }
    let result = client.call("trap_panic", json!({"message": "the reason"})).await?;
    assert!(text(&result).contains("the reason"), "{result:?}");
    client.structured("add", json!({"a": 1, "b": 2})).await?;
    Ok(())
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_by_name() -> anyhow::Result<()> {
    let host = Options::with(&["big-output"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let result = client.call("big_text", json!({"bytes": 1000})).await?;
    assert_eq!(text(&result).len(), 1000);
    let fault = fault(&client.call("big_text", json!({"bytes": 7_000_000})).await?);
    assert_eq!((fault["code"].as_str(), fault["limit"].as_str()), (Some("limited"), Some("output")), "{fault}");
    Ok(())
}

#[tokio::test]
async fn a_wrong_answer_is_the_plugins_fault() -> anyhow::Result<()> {
    let host = Options::with(&["bad-json"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    for tool in ["bad_not_json", "bad_shape", "bad_missing", "bad_wide_integer"] {
        let fault = fault(&client.call(tool, json!({})).await?);
        assert_eq!(fault["code"], "bad_output", "{tool}: {fault}");
    }
    assert!(client.call("good_shape", json!({})).await?.is_error != Some(true));
    Ok(())
}

#[tokio::test]
async fn a_sleeper_is_stopped_at_its_deadline() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.config("[limits]\ndeadline = \"300ms\"").in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let fault = fault(&client.call("sleep_ms", json!({"ms": 10_000})).await?);
    assert_eq!(fault["code"], "timeout", "{fault}");
    Ok(())
}

#[tokio::test]
async fn logging_without_end_is_cut_and_harms_nobody() -> anyhow::Result<()> {
    let host = Options::with(&["chatter"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    for tool in ["chatter_log_endlessly", "chatter_print_endlessly"] {
        let fault = fault(&client.call(tool, json!({})).await?);
        // Which bound comes first depends on how busy the machine is.
        assert!(fault["limit"] == "cpu" || fault["limit"] == "deadline", "{tool}: {fault}");
    }
    let bytes: usize = host.log().iter().map(|line| line.to_string().len()).sum();
    assert!(bytes < 2_000_000, "two calls logged {bytes} bytes");
    Ok(())
}

#[tokio::test]
async fn nested_calls_end_at_the_depth_limit() -> anyhow::Result<()> {
    let host = Options::with(&["caller", "echo"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let result = client.call("call_other", json!({"tool": "echo", "arguments": {"text": "through"}})).await?;
    assert!(text(&result).contains("through"), "{result:?}");
    let result = client.call("call_self", json!({})).await?;
    assert!(text(&result).contains("depth"), "{result:?}");
    Ok(())
}
