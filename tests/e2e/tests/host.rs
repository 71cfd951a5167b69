//! The host's life: start, health, stop.

use std::time::Duration;

use serde_json::json;
use tandem_harness::Options;

#[tokio::test]
async fn a_stop_finishes_calls_in_flight() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    let call = tokio::spawn(async move { client.call("sleep_ms", json!({"ms": 700})).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(host.stop().await?, "it ends well");
    let result = call.await??;
    assert_ne!(result.is_error, Some(true), "{result:?}");
    Ok(())
}

#[tokio::test]
async fn health_readiness_and_metrics_answer() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    client.structured("add", json!({"a": 1, "b": 2})).await?;
    assert!(reqwest::get(format!("{}/health", host.url)).await?.status().is_success());
    assert!(reqwest::get(format!("{}/health/ready", host.url)).await?.status().is_success());
    let metrics = reqwest::get(format!("{}/metrics", host.url)).await?.text().await?;
    let line = metrics.lines().find(|line| {
        line.starts_with("tandem_tool_calls_total") && line.contains("tool=\"add\"") && line.contains("status=\"ok\"")
    });
    assert!(line.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
    let idle = "tandem_instances{category=\"echo\",state=\"running\"} 0";
    for name in [idle, "tandem_store_commit_seconds", "tandem_compile_seconds", "tandem_guest_memory_bytes", "process_"]
    {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/mcp", host.url)).header("origin", "https://evil.example").body("{}");
    assert_eq!(request.send().await?.status().as_u16(), 403);
    Ok(())
}

#[tokio::test]
async fn a_host_whose_log_nobody_reads_any_more_goes_on() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    host.close_log();
    let client = host.client("/mcp/full").await?;
    for i in 0..20 {
        let result = client.structured("add", json!({"a": i, "b": 2})).await?;
        assert_eq!(result["sum"].as_f64(), Some(f64::from(i + 2)));
    }
    assert!(host.stop().await?, "it ends well");
    Ok(())
}
