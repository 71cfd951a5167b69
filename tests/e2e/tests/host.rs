//! The host's life: start, health, stop.

use std::time::Duration;

use serde_json::json;
use sha2::Digest as _;
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
async fn every_family_of_the_metrics_has_its_help_and_type_and_refusals_are_counted() -> anyhow::Result<()> {
    let keys = "[server]\nmetrics-token = '${file:{home}/metrics}'\n[tenants.good]\nkeys = ['${file:{home}/good}']\nrate = { per-second = 1, burst = 20 }\n";
    let hash = hex::encode(sha2::Sha256::digest("good"));
    let host =
        Options::with(&["echo"])?.config(keys).write("good", &hash).write("metrics", "metrics").mesh().start().await?;
    let client = host.client_as("/mcp/full", "good").await?;
    client.structured("add", json!({"a": 1, "b": 2})).await?;
    let http = reqwest::Client::new();
    let call = || http.post(format!("{}/v1/tools/add/call", host.url)).json(&json!({"arguments": {"a": 1, "b": 2}}));
    assert_eq!(call().send().await?.status(), 401);
    assert_eq!(call().header("origin", "https://evil.example").send().await?.status(), 403);
    let mut limited = false;
    for _ in 0..200 {
        limited |= call().bearer_auth("good").send().await?.status() == 429;
    }
    assert!(limited, "the tenant's rate was never reached");
    let page = http.get(format!("{}/metrics", host.url)).bearer_auth("metrics").send().await?.text().await?;
    let described =
        |what: &str, family: &str| page.lines().any(|line| line.starts_with(&format!("# {what} {family} ")));
    for line in page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let part = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| name.strip_suffix(end));
        let family = part.filter(|family| described("TYPE", family)).unwrap_or(name);
        for what in ["HELP", "TYPE"] {
            assert!(described(what, family), "no {what} of {family}: {page}");
        }
    }
    for sample in [
        "tandem_http_responses_total{status=\"401\"}",
        "tandem_http_responses_total{status=\"403\"}",
        "tandem_http_responses_total{status=\"429\"}",
        "tandem_tenant_calls_total{tenant=\"good\",status=\"ok\"}",
        "tandem_tenant_rejections_total{tenant=\"good\"",
        "tandem_mcp_sessions 1",
        "tandem_audit_records_lost_total 0",
        "tandem_build_info{version=",
    ] {
        assert!(page.lines().any(|line| line.starts_with(sample)), "{sample}: {page}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
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

#[tokio::test]
async fn the_second_host_of_a_data_directory_says_who_is_there_and_stops() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let home = host.directory.path().to_owned();
    let serve = ["serve", "--config", "tandem.toml", "--set", "server.port=0", "--set", "reactor.enabled=false"];
    let second = tokio::time::timeout(Duration::from_secs(60), crate::policy::tandem(&home, &serve)).await??;
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    let holder = format!("process {}", host.pid().unwrap_or_default());
    assert!(!second.status.success() && said.contains(&holder) && said.contains("plugins.data-directory"), "{said}");
    // What works beside a host still does.
    for beside in [&["audit", "verify"][..], &["grants"], &["keys", "list"], &["list"], &["config", "check"]] {
        let done = crate::policy::tandem(&home, beside).await?;
        assert!(done.status.success(), "{beside:?}: {done:?}");
    }
    let client = host.client("/mcp/full").await?;
    client.structured("add", json!({"a": 1, "b": 2})).await?;
    // Nothing is left of one that was killed.
    let host = host.crash_and_restart().await?;
    assert!(host.stop().await?);
    Ok(())
}

#[tokio::test]
async fn readiness_asks_for_what_the_operator_requires() -> anyhow::Result<()> {
    let broken = tempfile::tempdir()?;
    let file = broken.path().join("broken.wasm");
    std::fs::write(&file, "no component")?;
    for (required, status) in [("[]", 200), ("[\"reactor\"]", 200), ("[\"plugins\"]", 503)] {
        let config = format!("server.ready-requires = {required}");
        let host = Options::with(&["echo"])?.file(file.clone()).config(&config).start().await?;
        let answer = reqwest::get(format!("{}/health/ready", host.url)).await?;
        assert_eq!(answer.status().as_u16(), status, "{required}");
        let answer: serde_json::Value = answer.json().await?;
        assert_eq!(answer["reason"].is_string(), status == 503, "{answer}");
        let alive: serde_json::Value = reqwest::get(format!("{}/health", host.url)).await?.json().await?;
        assert_eq!(alive["status"], "ok", "{alive}");
    }
    Ok(())
}
