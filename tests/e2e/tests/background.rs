//! Calls that compute for long go on in the background class, on threads apart from those that serve; nothing else about them
//! changes.

use std::time::Duration;

use rmcp::model::{CallToolResponse, CancelTaskParams, ClientCapabilities};
use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, connect_modern, large_raw_plugin, text, variant};
use tandem_package::Instance;
use tempfile::TempDir;

use crate::fault;

/// How long what was given up may take to be gone, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The sum of a metric's series of a category.
async fn metric(host: &Host, name: &str, category: &str) -> anyhow::Result<f64> {
    let page = reqwest::get(format!("{}/metrics", host.url)).await?.error_for_status()?.text().await?;
    let label = format!("category=\"{category}\"");
    let series = page.lines().filter(|line| line.starts_with(name) && line.contains(&label));
    Ok(series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
}

/// Calls of a plugin that went on in the background.
async fn demoted(host: &Host, category: &str) -> anyhow::Result<f64> {
    metric(host, "tandem_background_calls_total{", category).await
}

/// Instances of the guest that loops.
async fn instances(host: &Host, state: &str) -> anyhow::Result<f64> {
    metric(host, &format!("tandem_instances{{category=\"spin\",state=\"{state}\"}}"), "spin").await
}

/// The guest that loops, with more time than any test waits for.
async fn spinning(pooled: bool, deadline: &str, options: &str) -> anyhow::Result<Host> {
    spinning_for(10_000, pooled, deadline, options).await
}

/// The same, with so many milliseconds of CPU time.
async fn spinning_for(cpu: u32, pooled: bool, deadline: &str, options: &str) -> anyhow::Result<Host> {
    let directory = TempDir::new()?;
    let file = directory.path().join("spin.wasm");
    variant("spin", &file, |manifest, _| {
        manifest.limits.cpu = tandem_types::HumanDuration::millis(cpu);
        manifest.limits.deadline = tandem_types::HumanDuration::secs(120);
        if pooled {
            manifest.runtime.instance = Instance::Pooled;
        }
    })?;
    let limits = format!("[limits]\ndeadline = '{deadline}'");
    Options::with(&["echo", "caller"])?.file(file).config(&limits).config(options).start().await
}

/// Waits until a guest that was given up is gone, and sees that no thread computes for it any more.
async fn is_gone(host: &Host) -> anyhow::Result<()> {
    let running = async {
        while instances(host, "running").await? > 0.0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, running).await??;
    let before = host.thread_cpu_ms("background")?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let since = host.thread_cpu_ms("background")? - before;
    assert!(since < 50, "{since} ms in the background after the call was given up");
    Ok(())
}

async fn until_demoted(host: &Host) -> anyhow::Result<()> {
    let moved = async {
        while demoted(host, "spin").await? < 1.0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, moved).await?
}

#[tokio::test]
async fn a_call_that_computes_for_long_leaves_the_threads_that_serve_and_its_cpu_limit_holds() -> anyhow::Result<()> {
    // A deadline that a busy machine does not reach first.
    let host = spinning_for(500, false, "120s", "").await?;
    let client = host.client("/mcp/full").await?;
    client.structured("add", json!({"a": 1, "b": 2})).await?;
    let before = [host.thread_cpu_ms("general")?, host.thread_cpu_ms("background")?];
    let fault = fault(&client.call("spin", json!({})).await?);
    assert_eq!((&fault["code"], &fault["limit"]), (&json!("limited"), &json!("cpu")), "{fault}");
    let general = host.thread_cpu_ms("general")? - before[0];
    let background = host.thread_cpu_ms("background")? - before[1];
    // The limit is 500 ms.
    assert!(background > 450 && general < 100, "{background} ms in the background, {general} ms where it is served");
    let charged = metric(&host, "tandem_guest_cpu_seconds_total{", "spin").await?;
    assert!((0.5..0.6).contains(&charged), "{charged} s were charged");
    assert_eq!(demoted(&host, "spin").await?, 1.0);
    assert_eq!(demoted(&host, "echo").await?, 0.0, "a short call stays where it is served");
    Ok(())
}

#[tokio::test]
async fn a_call_with_large_arguments_begins_in_the_background() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    for (size, expected) in [(1_000, 0.0), (300_000, 1.0)] {
        let answer = client.call("echo", json!({"text": "x".repeat(size)})).await?;
        assert_eq!(text(&answer).len(), size);
        assert_eq!(demoted(&host, "echo").await?, expected, "{size} bytes");
    }
    Ok(())
}

#[tokio::test]
async fn a_call_that_fills_a_large_memory_does_so_in_the_background() -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    let file = large_raw_plugin(directory.path(), "bulk-fill", "tools-only", "", "240MiB")?;
    let host = Options::with(&["echo"])?.file(file).start().await?;
    let client = host.client("/mcp/full").await?;
    client.call("bulk_fill", json!({})).await?;
    assert_eq!(demoted(&host, "bulk-fill").await?, 1.0);
    Ok(())
}

#[tokio::test]
async fn a_client_that_goes_away_stops_its_guest_in_the_background() -> anyhow::Result<()> {
    let host = spinning(false, "60s", "").await?;
    let http = reqwest::Client::new();
    let request = http.post(format!("{}/v1/tools/spin/call", host.url)).json(&json!({"arguments": {}}));
    let call = tokio::spawn(request.send());
    until_demoted(&host).await?;
    call.abort();
    is_gone(&host).await
}

#[tokio::test]
async fn a_deadline_stops_a_guest_in_the_background() -> anyhow::Result<()> {
    let host = spinning(false, "500ms", "").await?;
    let client = host.client("/mcp/full").await?;
    let fault = fault(&client.call("spin", json!({})).await?);
    assert_eq!(fault["code"], "timeout", "{fault}");
    assert_eq!(demoted(&host, "spin").await?, 1.0);
    is_gone(&host).await
}

#[tokio::test]
async fn a_pooled_instance_comes_back_from_the_background() -> anyhow::Result<()> {
    let host = spinning(true, "60s", "").await?;
    let client = host.client("/mcp/full").await?;
    // The host's own question whether the plugin can work leaves an instance, too.
    let before = instances(&host, "idle").await?;
    for calls in 1..=3 {
        let rounds = client.call("spin_ms", json!({"ms": 200})).await?;
        assert_ne!(rounds.is_error, Some(true), "{rounds:?}");
        assert_eq!(demoted(&host, "spin").await?, f64::from(calls), "each call begins in the foreground");
        assert_eq!(instances(&host, "idle").await?, before + 1.0);
    }
    Ok(())
}

#[tokio::test]
async fn what_a_tool_calls_goes_on_in_the_background_by_itself() -> anyhow::Result<()> {
    let host = spinning(false, "60s", "[grants.caller]\ninvoke = true").await?;
    let client = host.client("/mcp/full").await?;
    let nested = json!({"tool": "spin_ms", "arguments": {"ms": 200}});
    let answer = client.call("call_other", nested).await?;
    assert_ne!(answer.is_error, Some(true), "{answer:?}");
    assert_eq!(demoted(&host, "spin").await?, 1.0);
    let before = demoted(&host, "caller").await?;
    // Timers and tasks of what is called from there are those of the runtime that serves: the background has none.
    let large = "x".repeat(300_000);
    let answer = client.call("call_other", json!({"tool": "echo", "arguments": {"text": large}})).await?;
    assert_eq!(text(&answer).len(), large.len(), "{answer:.300?}");
    assert_eq!((demoted(&host, "caller").await?, demoted(&host, "echo").await?), (before + 1.0, 1.0));
    Ok(())
}

#[tokio::test]
async fn a_task_runs_in_the_background_and_stops_when_it_is_cancelled() -> anyhow::Result<()> {
    let host = spinning(false, "120s", "[tasks]\nafter = '100ms'").await?;
    let can = ClientCapabilities::builder().enable_tasks().build();
    let client: Client = connect_modern(&format!("{}/mcp/full", host.url), None, can).await?;
    let begun = client.call_once("spin", Value::Object(serde_json::Map::new())).await?;
    let CallToolResponse::Task(created) = begun else { anyhow::bail!("it became no task: {begun:?}") };
    until_demoted(&host).await?;
    client.peer().cancel_task(CancelTaskParams::new(&*created.task.task_id)).await?;
    is_gone(&host).await
}
