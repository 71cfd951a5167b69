//! Tenants that cannot meet: totals, places, circuits and data are each one's own.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tandem_harness::{Client, Host, Options, text};

use crate::{
    fault,
    policy::{recorded, records, tandem},
};

/// Two tenants, `good` and `bad`; the second one's table goes on with `limits`, and the file with `more`.
pub(crate) async fn host(guests: &[&str], limits: &str, more: &str) -> anyhow::Result<Host> {
    host_with(guests, None, limits, more).await
}

/// A host that may have 1024 descriptors, and is given 256 at first; and two tenants with the same directory.
async fn host_with_few_descriptors() -> anyhow::Result<Host> {
    let limited = ["sh", "-c", "ulimit -n 1024 && ulimit -S -n 256 && exec \"$@\"", "sh"];
    let grant = "[grants.reader]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }";
    let config = format!(
        "[tenants.good]\nkeys = ['${{file:{{home}}/good}}']\n[tenants.bad]\nkeys = ['${{file:{{home}}/bad}}']\n{grant}\n"
    );
    let hash = |key: &str| hex::encode(Sha256::digest(key));
    let options = Options::with(&["reader", "echo"])?.config(&config).through(&limited);
    let host = options.write("good", &hash("good")).write("bad", &hash("bad")).start().await?;
    std::fs::write(host.directory.path().join("files/x"), "x")?;
    Ok(host)
}

/// The same, with another plugin's file.
async fn host_with(
    guests: &[&str],
    file: Option<std::path::PathBuf>,
    limits: &str,
    more: &str,
) -> anyhow::Result<Host> {
    let tenant = |name: &str| format!("[tenants.{name}]\nkeys = ['${{file:{{home}}/{name}}}']\n");
    let config = format!("{}{}{limits}\n{more}\n", tenant("good"), tenant("bad"));
    let hash = |key: &str| hex::encode(Sha256::digest(key));
    let options = Options::with(guests)?.config(&config).write("good", &hash("good")).write("bad", &hash("bad"));
    file.into_iter().fold(options, Options::file).start().await
}

pub(crate) async fn both(host: &Host) -> anyhow::Result<(Client, Client)> {
    Ok((host.client_as("/mcp/full", "good").await?, host.client_as("/mcp/full", "bad").await?))
}

async fn add(client: &Client) -> anyhow::Result<Value> {
    let result = client.call("add", json!({"a": 1, "b": 2})).await?;
    match result.is_error {
        Some(true) => Ok(fault(&result)),
        _ => Ok(json!("ok")),
    }
}

#[tokio::test]
async fn keys_and_cache_entries_are_each_tenants_own() -> anyhow::Result<()> {
    let host = host(&["kv-user"], "", "").await?;
    let (good, bad) = both(&host).await?;
    good.call("kv_set", json!({"key": "k", "value": "secret"})).await?;
    good.call("cache_set", json!({"key": "k", "value": "secret"})).await?;
    for key in ["k", "good/k", "../good/k", "good\u{0}k"] {
        for tool in ["kv_get", "cache_get"] {
            let result = bad.call(tool, json!({"key": key})).await?;
            assert!(!format!("{result:?}").contains("secret"), "{tool} {key:?}: {result:?}");
        }
    }
    assert!(!format!("{:?}", bad.call("kv_list", json!({})).await?).contains("\"k\""));
    bad.call("kv_set", json!({"key": "k", "value": "other"})).await?;
    assert!(format!("{:?}", good.call("kv_get", json!({"key": "k"})).await?).contains("secret"));
    Ok(())
}

#[tokio::test]
async fn the_host_says_who_calls_and_no_argument_changes_it() -> anyhow::Result<()> {
    let host = host(&["who"], "", "").await?;
    let (good, bad) = both(&host).await?;
    for (client, tenant) in [(&good, "good"), (&bad, "bad")] {
        let who = client.structured("who_am_i", json!({"claim": "good", "_meta": {"tenant": "good"}})).await?;
        assert_eq!(who["tenant"], tenant, "{who}");
        assert!(who["subject"].as_str().is_some_and(|subject| subject.starts_with("key:")), "{who}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rate_refuses_with_its_value_and_when_to_come_back() -> anyhow::Result<()> {
    let host = host(&["echo"], "rate = { per-second = 1, burst = 3 }", "").await?;
    let (good, bad) = both(&host).await?;
    for _ in 0..3 {
        assert_eq!(add(&bad).await?, "ok");
    }
    let fault = add(&bad).await?;
    assert_eq!((&fault["code"], &fault["limit"]), (&json!("limited"), &json!("tenant-rate")), "{fault}");
    assert!(fault["retryable"] == true && fault["retry_after_ms"].as_u64().is_some_and(|ms| ms <= 1000), "{fault}");
    assert!(fault["value"].as_str().is_some_and(|value| value.contains("1 calls a second")), "{fault}");
    for _ in 0..20 {
        assert_eq!(add(&good).await?, "ok", "the neighbour has its own");
    }
    Ok(())
}

#[tokio::test]
async fn cpu_is_a_total_over_calls() -> anyhow::Result<()> {
    const ROUNDS: usize = 20;
    let host = host(&["spin", "echo"], "cpu-per-minute = '600ms'", "").await?;
    let (good, bad) = both(&host).await?;
    let mut limits = Vec::new();
    let mut refused = None;
    // On a slow machine there may be something again by the next call, so it is tried again.
    while refused.is_none() && limits.len() < ROUNDS {
        let fault = fault(&bad.call("spin", json!({})).await?);
        limits.push(fault["limit"].as_str().unwrap_or("").to_owned());
        refused = Some(add(&bad).await?).filter(|answer| answer != "ok");
    }
    assert!(limits.contains(&"tenant-cpu".to_owned()), "{limits:?}");
    let fault = refused.unwrap_or_default();
    assert_eq!(fault["limit"], "tenant-cpu", "even a short call waits: {fault}");
    assert!(fault["retry_after_ms"].as_u64().is_some(), "{fault}");
    assert_eq!(add(&good).await?, "ok");
    Ok(())
}

/// CPU time that calls of one tool, one after the other, cost a host whose tenant has 600 ms a minute, in milliseconds.
async fn cpu_of(host: &Host, tool: &str, calls: usize) -> anyhow::Result<u64> {
    let (good, bad) = both(host).await?;
    assert_eq!(add(&good).await?, "ok");
    let before = host.cpu_ms()?;
    let mut limits = Vec::new();
    for _ in 0..calls {
        let fault = fault(&bad.call(tool, json!({})).await?);
        limits.push(fault["limit"].as_str().unwrap_or("").to_owned());
    }
    let used = host.cpu_ms()? - before;
    assert!(limits.iter().all(|limit| limit == "cpu" || limit == "tenant-cpu"), "{tool}: {limits:?}");
    assert!(limits.contains(&"tenant-cpu".to_owned()), "{tool}: {limits:?}");
    assert_eq!(add(&good).await?, "ok");
    Ok(used)
}

#[tokio::test]
async fn what_the_host_does_for_a_guest_is_charged_to_it() -> anyhow::Result<()> {
    let host = host(&["host-loop", "echo"], "cpu-per-minute = '600ms'", "").await?;
    let used = cpu_of(&host, "random_loop", 3).await?;
    assert!(used < 3 * 600, "{used} ms for a total of 600 ms a minute");
    Ok(())
}

#[tokio::test]
async fn an_instruction_that_moves_megabytes_costs_what_it_takes() -> anyhow::Result<()> {
    let directory = tempfile::TempDir::new()?;
    let bulk = tandem_harness::large_raw_plugin(directory.path(), "bulk-fill", "tools-only", "", "240MiB")?;
    let host = host_with(&["echo"], Some(bulk), "cpu-per-minute = '600ms'", "").await?;
    let used = cpu_of(&host, "bulk_fill", 4).await?;
    assert!(used < 3 * 600, "{used} ms for a total of 600 ms a minute");
    Ok(())
}

#[tokio::test]
async fn open_files_are_a_total_and_leave_the_door_open() -> anyhow::Result<()> {
    let host = host_with_few_descriptors().await?;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", host.pid().unwrap_or(0)))?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    assert_eq!(limit.split_whitespace().take(2).collect::<Vec<_>>(), ["1024", "1024"], "it takes what it can have");
    let open = || std::fs::read_dir(format!("/proc/{}/fd", host.pid().unwrap_or(0))).map(Iterator::count);
    let before = open()?;
    let mut calls = Vec::new();
    for _ in 0..8 {
        let client = host.client_as("/mcp/full", "bad").await?;
        let arguments = json!({"path": "/data/x", "times": 200, "ms": 3000});
        calls.push(tokio::spawn(async move { client.call("hold_open", arguments).await }));
    }
    let (mut most, mut served) = (0, 0);
    while !calls.iter().all(tokio::task::JoinHandle::is_finished) {
        most = most.max(open()?);
        let newcomer = host.client_as("/mcp/full", "good").await?;
        let read = newcomer.call("read_file", json!({"path": "/data/x"})).await?;
        assert_eq!(text(&read), "x", "the neighbour has its own");
        served += 1;
    }
    assert!(served > 0 && most < before + 400, "{most} descriptors were open, {before} before");
    let mut refused = 0;
    for call in calls {
        let result = call.await??;
        if result.is_error == Some(true) {
            assert_eq!(fault(&result)["limit"], "tenant-open-files", "{result:?}");
            refused += 1;
        }
    }
    assert!(refused > 0);
    let bad = host.client_as("/mcp/full", "bad").await?;
    assert_eq!(text(&bad.call("read_file", json!({"path": "/data/x"})).await?), "x", "what they held came back");
    Ok(())
}

#[tokio::test]
async fn file_operations_in_a_loop_raise_few_threads() -> anyhow::Result<()> {
    let host = host_with_few_descriptors().await?;
    let threads = || std::fs::read_dir(format!("/proc/{}/task", host.pid().unwrap_or(0))).map(Iterator::count);
    let before = threads()?;
    let mut calls = Vec::new();
    for _ in 0..8 {
        let client = host.client_as("/mcp/full", "bad").await?;
        let arguments = json!({"path": "/data/x", "times": 10_000});
        calls.push(tokio::spawn(async move { client.call("stat_many", arguments).await }));
    }
    let mut most = 0;
    while !calls.iter().all(tokio::task::JoinHandle::is_finished) {
        most = most.max(threads()?);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(most <= before + 64, "{most} threads, {before} before");
    Ok(())
}

#[tokio::test]
async fn memory_is_a_total_over_running_calls() -> anyhow::Result<()> {
    let host = host(&["grow-memory", "echo"], "memory = '4MiB'", "").await?;
    let (good, bad) = both(&host).await?;
    let fault = fault(&bad.call("grow_memory", json!({})).await?);
    assert_eq!(fault["limit"], "tenant-memory", "{fault}");
    assert_eq!(add(&bad).await?, "ok", "what the call held came back");
    assert_eq!(add(&good).await?, "ok");
    Ok(())
}

#[tokio::test]
async fn a_tenant_that_makes_a_plugin_fail_pauses_it_for_itself_only() -> anyhow::Result<()> {
    let host = host(&["trap"], "rate = { per-second = 1000, burst = 1000 }", "").await?;
    let (good, bad) = both(&host).await?;
    let mut paused = false;
    for _ in 0..15 {
        paused |= fault(&bad.call("trap_abort", json!({})).await?)["code"] == "unavailable";
    }
    assert!(paused, "its circuit opened");
    let fault = fault(&good.call("trap_abort", json!({})).await?);
    assert_eq!(fault["code"], "trapped", "the neighbour's did not: {fault}");
    Ok(())
}

#[tokio::test]
async fn a_tenant_at_its_concurrency_limit_leaves_permits_to_others() -> anyhow::Result<()> {
    let host = host(&["echo"], "concurrency = 2", "").await?;
    let (good, bad) = both(&host).await?;
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let client = host.client_as("/mcp/full", "bad").await?;
        waiting.push(tokio::spawn(async move { client.call("sleep_ms", json!({"ms": 400})).await }));
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    for _ in 0..10 {
        assert_eq!(add(&good).await?, "ok");
    }
    let mut refused = 0;
    for task in waiting {
        let result = task.await??;
        if result.is_error == Some(true) {
            assert_eq!(fault(&result)["limit"], "tenant-concurrency", "{result:?}");
            refused += 1;
        }
    }
    assert!(refused > 0, "beyond its queue it is refused");
    assert_eq!(add(&bad).await?, "ok");
    Ok(())
}

#[tokio::test]
async fn every_call_of_a_tenant_is_recorded_with_what_it_used_and_was_denied() -> anyhow::Result<()> {
    let host = host(&["kv-user", "spin"], "grants.kv-user.kv = false", "").await?;
    let (good, bad) = both(&host).await?;
    good.call("kv_set", json!({"key": "k", "value": "v"})).await?;
    let result = bad.call("kv_set", json!({"key": "k", "value": "v"})).await?;
    assert!(text(&result).contains("denied"), "{result:?}");
    bad.call("spin", json!({})).await?;
    recorded(&host, "\"tool\": String(\"spin\")").await?;
    let rows = records(&host).await?;
    let calls: Vec<&Value> = rows.iter().map(|row| &row["body"]).filter(|body| body["kind"] == "call").collect();
    let of = |tenant: &str, tool: &str| {
        let found = calls.iter().find(|call| call["tenant"] == tenant && call["tool"] == tool);
        found.copied().cloned().unwrap_or_else(|| panic!("no {tool} of {tenant} in {rows:?}"))
    };
    let (used, denied, spun) = (of("good", "kv_set"), of("bad", "kv_set"), of("bad", "spin"));
    assert!(used["used"] == json!(["kv"]) && used["outcome"] == "ok", "{used}");
    assert_eq!(used["arguments"].as_str().map(str::len), Some(64), "a digest, not the arguments: {used}");
    assert_eq!(denied["denied"][0]["capability"], "kv", "{denied}");
    assert!(spun["limit"] == "cpu" && spun["outcome"] == "limited", "{spun}");
    let verified = tandem(host.directory.path(), &["audit", "verify"]).await?;
    assert!(verified.status.success(), "the chain holds: {verified:?}");
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_issued_while_the_host_serves_counts_at_once_and_not_after_it_is_revoked() -> anyhow::Result<()> {
    let host = host(&["echo"], "", "").await?;
    let issued = tandem(host.directory.path(), &["keys", "issue", "--tenant", "good", "--name", "laptop"]).await?;
    let said = String::from_utf8(issued.stdout)?;
    let key = said
        .split_whitespace()
        .find(|word| word.starts_with("tdm_"))
        .unwrap_or_else(|| panic!("no key: {said} {}", String::from_utf8_lossy(&issued.stderr)))
        .to_owned();
    let client = retry(|| host.client_as("/mcp/full", &key)).await?;
    assert_eq!(add(&client).await?, "ok");
    let revoked = tandem(host.directory.path(), &["keys", "revoke", "--tenant", "good", "laptop"]).await?;
    assert!(revoked.status.success(), "{revoked:?}");
    let refused =
        || async { host.client_as("/mcp/full", &key).await.err().ok_or_else(|| anyhow::anyhow!("it is taken")) };
    retry(refused).await?;
    Ok(())
}

/// The change goes through a task of the host: it is there a moment later.
async fn retry<T, F: Future<Output = anyhow::Result<T>>>(work: impl Fn() -> F) -> anyhow::Result<T> {
    for _ in 0..50 {
        if let Ok(done) = work().await {
            return Ok(done);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    work().await
}
