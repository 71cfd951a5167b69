//! Guests that attack the host. Each ends in a typed error of its own call, its neighbours' calls go on, and what it
//! took comes back. `tests/raw-guests` has those that no compiler would make.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, raw_plugin, text};
use tempfile::TempDir;

use crate::fault;

/// What the host may keep after an attack: pages that its allocators hold for the next calls.
const KEPT: u64 = 48 << 20;

async fn host_with(path: PathBuf) -> anyhow::Result<Host> {
    Options::with(&["echo"])?.file(path).start().await
}

async fn add(client: &Client) -> anyhow::Result<()> {
    let answer = client.structured("add", json!({"a": 1, "b": 2})).await?;
    assert_eq!(answer["sum"].as_f64(), Some(3.0));
    Ok(())
}

/// Attacks from several sides at once while a neighbour calls, and answers the attackers' errors.
async fn attack(host: &Host, tool: &str, arguments: Value) -> anyhow::Result<Vec<Value>> {
    const ATTACKERS: usize = 4;
    let good = host.client("/mcp/full").await?;
    add(&good).await?;
    let before = host.memory()?;
    let mut calls = Vec::new();
    for _ in 0..ATTACKERS {
        let (client, tool, arguments) = (host.client("/mcp/full").await?, tool.to_owned(), arguments.clone());
        calls.push(tokio::spawn(async move { client.call(&tool, arguments).await }));
    }
    let mut faults = Vec::new();
    while faults.len() < ATTACKERS {
        add(&good).await?;
        if let Some(done) = calls.iter().position(tokio::task::JoinHandle::is_finished) {
            faults.push(fault(&calls.swap_remove(done).await??));
        }
    }
    add(&good).await?;
    let after = host.memory()?;
    assert!(after < before + KEPT, "{tool}: {} MiB before, {} MiB after", before >> 20, after >> 20);
    Ok(faults)
}

/// A hand-written guest with one tool.
async fn raw_attack(name: &str) -> anyhow::Result<Value> {
    let directory = TempDir::new()?;
    let host = host_with(raw_plugin(directory.path(), name, "tools-only", "")?).await?;
    let mut faults = attack(&host, &name.replace('-', "_"), json!({})).await?;
    let first = faults.swap_remove(0);
    assert!(faults.iter().all(|other| other["code"] == first["code"]), "{first} and {faults:?}");
    Ok(first)
}

#[tokio::test]
async fn a_loop_of_host_calls_is_stopped_by_the_cpu_budget() -> anyhow::Result<()> {
    let host = Options::with(&["host-loop", "echo"])?.start().await?;
    for fault in attack(&host, "host_loop", json!({})).await? {
        assert_eq!((&fault["code"], &fault["limit"]), (&json!("limited"), &json!("cpu")), "{fault}");
    }
    Ok(())
}

#[tokio::test]
async fn handles_that_are_never_given_back_run_out() -> anyhow::Result<()> {
    let grant = "[grants.leaker]\nfs.data = { path = \"{home}/files\", mode = \"read-only\" }";
    let host = Options::with(&["leaker", "echo"])?.config(grant).start().await?;
    std::fs::write(host.directory.path().join("files/a.txt"), "a")?;
    let files = || std::fs::read_dir(format!("/proc/{}/fd", host.pid().unwrap_or(0))).map(Iterator::count);
    let before = files()?;
    let client = host.client("/mcp/full").await?;
    let result = client.call("leak_files", json!({"path": "/data/a.txt"})).await?;
    let fault = fault(&result);
    assert_eq!((&fault["limit"], &fault["value"]), (&json!("resources"), &json!("256")), "{fault}");
    add(&client).await?;
    assert!(files()? < before + 32, "{before} open files before, {} after", files()?);
    Ok(())
}

#[tokio::test]
async fn two_memories_share_one_limit() -> anyhow::Result<()> {
    let fault = raw_attack("two-memories").await?;
    assert_eq!((&fault["code"], &fault["limit"]), (&json!("limited"), &json!("memory")), "{fault}");
    Ok(())
}

#[tokio::test]
async fn a_table_cannot_grow_without_end() -> anyhow::Result<()> {
    let fault = raw_attack("tables").await?;
    assert!(fault["code"] == "trapped" || fault["limit"] == "memory", "{fault}");
    Ok(())
}

#[tokio::test]
async fn recursion_without_end_traps() -> anyhow::Result<()> {
    let fault = raw_attack("recursion").await?;
    assert_eq!(fault["code"], "trapped", "{fault}");
    Ok(())
}

#[tokio::test]
async fn the_guests_allocator_is_bounded_like_the_guest() -> anyhow::Result<()> {
    let fault = raw_attack("realloc-loop").await?;
    assert_eq!(fault["limit"], "cpu", "{fault}");
    let fault = raw_attack("realloc-grow").await?;
    assert_eq!(fault["limit"], "memory", "{fault}");
    Ok(())
}

#[tokio::test]
async fn answers_that_no_memory_holds_are_refused_before_they_are_read() -> anyhow::Result<()> {
    for name in ["huge-list", "huge-text", "bad-pointer"] {
        let fault = raw_attack(name).await?;
        assert!(["trapped", "bad_output", "limited"].iter().any(|code| fault["code"] == *code), "{name}: {fault}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_memory_holds_is_refused_before_it_is_copied() -> anyhow::Result<()> {
    let fault = raw_attack("fat-text").await?;
    assert_eq!(fault["code"], "bad_output", "{fault}");
    Ok(())
}

#[tokio::test]
async fn answers_that_are_no_text_or_no_case_are_the_plugins_fault() -> anyhow::Result<()> {
    for name in ["bad-utf8", "bad-case"] {
        let fault = raw_attack(name).await?;
        assert_eq!(fault["code"], "bad_output", "{name}: {fault}");
    }
    Ok(())
}

#[tokio::test]
async fn a_context_outlives_no_call_and_cannot_be_forged() -> anyhow::Result<()> {
    let fault = raw_attack("forged-handle").await?;
    assert!(["trapped", "bad_output"].iter().any(|code| fault["code"] == *code), "{fault}");

    let directory = TempDir::new()?;
    let runtime = "instance = \"pooled\"\nmax-invocations = 10";
    let host = host_with(raw_plugin(directory.path(), "keeper", "tools-only", runtime)?).await?;
    let client = host.client("/mcp/full").await?;
    let first = client.call("keeper", json!({})).await?;
    assert_ne!(first.is_error, Some(true), "its own context is good while the call runs: {first:?}");
    let second = client.call("keeper", json!({})).await?;
    assert!(text(&second).contains("the call has ended"), "{second:?}");
    add(&client).await?;
    Ok(())
}

#[tokio::test]
async fn a_trap_in_any_export_is_that_requests_error() -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    let host = host_with(raw_plugin(directory.path(), "trap-everywhere", "all-parts", "")?).await?;
    let client = host.client("/mcp/full").await?;
    let fault = fault(&client.call("trap_everywhere", json!({})).await?);
    assert_eq!(fault["code"], "trapped", "{fault}");
    let error = client.read("raw://trap-everywhere").await.expect_err("it traps").to_string();
    assert!(error.contains("trapped"), "{error}");
    let error = client.prompt("trap-everywhere").await.expect_err("it traps").to_string();
    assert!(error.contains("trapped"), "{error}");
    add(&client).await
}

#[tokio::test]
async fn plugins_that_do_not_fit_are_left_out_by_name() -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    for (name, world, why) in [
        ("unknown-import", "unknown-import", "evil:host/escape"),
        ("other-world", "other", "does not export"),
        ("trap-in-check", "checked", "its check failed"),
    ] {
        let host = host_with(raw_plugin(directory.path(), name, world, "")?).await?;
        let client = host.client("/mcp/full").await?;
        assert!(!client.tools().await?.contains(&name.replace('-', "_")), "{name} is not listed");
        add(&client).await?;
        let told = host.log().iter().any(|line| {
            let line = line.to_string();
            line.contains(&format!("{name}.wasm")) && line.contains(why)
        });
        assert!(told, "{name}: {:?}", host.log());
    }
    Ok(())
}

#[tokio::test]
async fn busy_loops_in_every_slot_do_not_starve_other_calls() -> anyhow::Result<()> {
    let host = Options::with(&["spin", "echo"])?.in_process().start().await?;
    let good = host.client("/mcp/full").await?;
    let mut loops = Vec::new();
    for _ in 0..8 {
        let client = host.client("/mcp/full").await?;
        loops.push(tokio::spawn(async move { client.call("spin", json!({})).await }));
    }
    let mut served = 0;
    while !loops.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::time::timeout(Duration::from_secs(60), add(&good)).await??;
        served += 1;
    }
    assert!(served > 20, "only {served} calls went through while eight guests looped");
    for task in loops {
        // Which bound comes first depends on how many cores they shared.
        let fault = fault(&task.await??);
        assert!(fault["limit"] == "cpu" || fault["limit"] == "deadline", "{fault}");
    }
    Ok(())
}
