//! No call without its record: what happens while the audit log cannot be written, and over a crash.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rmcp::model::CallToolResult;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tandem_harness::{Client, Host, Options, text};

use crate::{
    fault,
    policy::{records, tandem},
};

pub(crate) fn tenant(guests: &[&str]) -> anyhow::Result<Options> {
    let hash = hex::encode(Sha256::digest("good"));
    let config = "[server]\nmetrics-token = '${file:{home}/metrics}'\n[tenants.good]\nkeys = ['${file:{home}/good}']\n\
                  rate = { per-second = 1000000, burst = 1000000 }\n";
    Ok(Options::with(guests)?.config(config).write("good", &hash).write("metrics", "metrics"))
}

fn database(host: &Host) -> anyhow::Result<rusqlite::Connection> {
    let db = rusqlite::Connection::open(host.directory.path().join("data/tandem.db"))?;
    db.busy_timeout(Duration::from_secs(10))?;
    Ok(db)
}

pub(crate) async fn add(client: &Client) -> anyhow::Result<CallToolResult> {
    Ok(client.call("add", json!({"a": 1, "b": 2})).await?)
}

async fn ready(host: &Host) -> anyhow::Result<u16> {
    Ok(reqwest::get(format!("{}/health/ready", host.url)).await?.status().as_u16())
}

pub(crate) async fn until_ready(host: &Host, status: u16) -> anyhow::Result<()> {
    for _ in 0..400 {
        if ready(host).await? == status {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("/health/ready does not come to {status}: {:?}", host.log())
}

async fn lost(host: &Host) -> anyhow::Result<u64> {
    let request = reqwest::Client::new().get(format!("{}/metrics", host.url)).bearer_auth("metrics");
    let metrics = request.send().await?.text().await?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("tandem_audit_records_lost_total "));
    line.and_then(|count| count.parse().ok()).ok_or_else(|| anyhow::anyhow!("no counter: {metrics}"))
}

async fn verified(home: &Path) -> anyhow::Result<Value> {
    let verified = tandem(home, &["audit", "verify", "--json"]).await?;
    anyhow::ensure!(verified.status.success(), "{verified:?}");
    Ok(serde_json::from_slice(&verified.stdout)?)
}

#[tokio::test]
async fn calls_stop_while_nothing_can_be_recorded_and_the_gap_is_told() -> anyhow::Result<()> {
    let host = tenant(&["echo", "kv-user"])?.start().await?;
    let client = host.client_as("/mcp/full", "good").await?;
    assert_ne!(add(&client).await?.is_error, Some(true));
    assert_eq!((ready(&host).await?, lost(&host).await?), (200, 0));
    let db = database(&host)?;
    db.execute_batch("ALTER TABLE audit RENAME TO elsewhere")?;
    let unrecorded = add(&client).await?;
    assert!(text(&unrecorded).contains("the call ran, but could not be recorded"), "{unrecorded:?}");
    let unrecorded = fault(&unrecorded);
    assert!(unrecorded["code"] == "unrecorded" && unrecorded["retryable"] == false, "{unrecorded}");
    let refused = client.call("kv_set", json!({"key": "k", "value": "v"})).await?;
    assert!(text(&refused).contains("did not run"), "{refused:?}");
    assert_eq!(fault(&refused)["retryable"], true);
    until_ready(&host, 503).await?;
    assert!(lost(&host).await? >= 2);
    db.execute_batch("ALTER TABLE elsewhere RENAME TO audit")?;
    until_ready(&host, 200).await?;
    let got = client.call("kv_get", json!({"key": "k"})).await?;
    assert!(got.is_error != Some(true) && !text(&got).contains('v'), "what was refused had no effect: {got:?}");
    let verified = verified(host.directory.path()).await?;
    assert!(verified["lost"].as_u64() >= Some(2) && verified["gaps"][0]["since"].as_u64() > Some(0), "{verified}");
    let said = tandem(host.directory.path(), &["audit", "verify"]).await?;
    assert!(String::from_utf8_lossy(&said.stdout).contains("records were lost between"), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn without_tenants_calls_go_on_and_the_gap_is_told_all_the_same() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.config("[audit]\ncalls = \"all\"").in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let db = database(&host)?;
    db.execute_batch("ALTER TABLE audit RENAME TO elsewhere")?;
    for _ in 0..3 {
        assert_ne!(add(&client).await?.is_error, Some(true));
    }
    until_ready(&host, 503).await?;
    db.execute_batch("ALTER TABLE elsewhere RENAME TO audit")?;
    until_ready(&host, 200).await?;
    let verified = verified(host.directory.path()).await?;
    assert_eq!(verified["lost"], 3, "{verified}");
    Ok(())
}

#[tokio::test]
async fn an_answer_waits_until_its_record_is_on_disk() -> anyhow::Result<()> {
    for (required, waits) in [("", true), ("[audit]\nrequired = false\n", false)] {
        let host = tenant(&["echo"])?.config(required).start().await?;
        let client = Arc::new(host.client_as("/mcp/full", "good").await?);
        add(&client).await?;
        let db = database(&host)?;
        // Nobody else writes meanwhile.
        db.execute_batch("BEGIN IMMEDIATE")?;
        let calling = tokio::spawn({
            let client = client.clone();
            async move { add(&client).await }
        });
        if waits {
            tokio::time::sleep(Duration::from_millis(700)).await;
            assert!(!calling.is_finished(), "it was answered before it was recorded");
            db.execute_batch("COMMIT")?;
        }
        let answer = tokio::time::timeout(Duration::from_secs(10), calling).await???;
        assert_ne!(answer.is_error, Some(true), "{answer:?}");
        if waits {
            let rows = records(&host).await?;
            assert_eq!(rows.iter().filter(|row| row["body"]["tool"] == "add").count(), 2, "{rows:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answered_call_is_missing_after_a_crash() -> anyhow::Result<()> {
    let host = tenant(&["echo"])?.start().await?;
    let (answered, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut callers = Vec::new();
    for _ in 0..8 {
        let client = host.client_as("/mcp/full", "good").await?;
        let (answered, stop) = (answered.clone(), stop.clone());
        callers.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                match tokio::time::timeout(Duration::from_secs(2), add(&client)).await {
                    Ok(Ok(answer)) if answer.is_error != Some(true) => answered.fetch_add(1, Ordering::Relaxed),
                    _ => break,
                };
            }
        }));
    }
    for _ in 0..1500 {
        if answered.load(Ordering::Relaxed) >= 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let crashed = host.crash().await?;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await?;
    }
    let host = crashed.restart().await?;
    let recorded = records(&host).await?.iter().filter(|row| row["body"]["tool"] == "add").count() as u64;
    let answered = answered.load(Ordering::Relaxed);
    assert!(answered > 0 && recorded >= answered, "{answered} answers, {recorded} records");
    verified(host.directory.path()).await?;
    Ok(())
}
