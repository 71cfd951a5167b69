//! Components that take long to compile, or for ever, hold up neither the start nor others.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tandem_harness::{Host, Options, plugin, raw_plugin_of, root};
use tempfile::TempDir;

use crate::policy::tandem;

/// A plugin with one function that takes minutes to compile: each of its statements may leave the one block, and sets a value
/// that counts behind it.
fn bomb(directory: &Path) -> anyhow::Result<PathBuf> {
    const STATEMENTS: usize = 120_000;
    let mut function =
        String::from("(func (export \"slow\") (param i32) (result i32) (local i32 i32 i32 i32) (block\n");
    for statement in 0..STATEMENTS {
        let (a, b, to) = (statement * 2 % 5, statement * 3 % 5, 1 + statement % 4);
        writeln!(
            function,
            "(local.set {to} (i32.add (local.get {a}) (i32.mul (local.get {b}) (i32.const {statement})))) (br_if 0 (local.get 0))"
        )?;
    }
    function.push_str(") (i32.add (local.get 1) (i32.add (local.get 2) (i32.add (local.get 3) (local.get 4)))))");
    let base = std::fs::read_to_string(root().join("tests/raw-guests/huge-text.wat"))?;
    let end = base.rfind(')').expect("a module ends");
    raw_plugin_of(directory, "bomb", &format!("{}{function})", &base[..end]), "tools-only")
}

async fn listed(home: &Path, file: &str) -> anyhow::Result<Value> {
    let output = tandem(home, &["list", "--json"]).await?;
    let all: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    Ok(all.into_iter().find(|plugin| plugin["file"] == file).unwrap_or_default())
}

/// Waits until a file is in a state.
async fn in_state(home: &Path, file: &str, state: &str) -> anyhow::Result<Value> {
    let mut seen = Value::Null;
    for _ in 0..1_200 {
        seen = listed(home, file).await?;
        if seen["state"] == state {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{file} is not {state}: {seen}");
}

async fn start(settings: &str) -> anyhow::Result<(Host, TempDir)> {
    let directory = TempDir::new()?;
    let options = Options::with(&["echo"])?.file(bomb(directory.path())?).config(&format!("[plugins]\n{settings}"));
    Ok((options.env("TANDEM_PLUGINS__COMPILE_PATIENCE", "1s").start().await?, directory))
}

/// The processes that a process has started.
fn children(pid: u32) -> Vec<u32> {
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
    };
    std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten().flat_map(of_task).collect()
}

#[tokio::test]
async fn a_host_serves_and_takes_others_over_while_one_plugin_is_compiled() -> anyhow::Result<()> {
    let (host, _directory) = start("compile-cpu = '1h'").await?;
    let home = host.directory.path().to_owned();
    let bomb = listed(&home, "bomb.wasm").await?;
    assert_eq!(bomb["state"], "compiling", "{bomb}");
    assert!(bomb["error"]["reason"].as_str().is_some_and(|reason| reason.contains("being compiled")), "{bomb}");
    in_state(&home, "echo.wasm", "serving").await?;
    std::fs::copy(plugin("kv-user")?, home.join("plugins/kv-user.wasm"))?;
    in_state(&home, "kv-user.wasm", "serving").await?;
    let reloaded = tandem(&home, &["reload"]).await?;
    assert!(reloaded.status.success());
    assert_eq!(listed(&home, "bomb.wasm").await?["state"], "compiling", "it still is");
    let client = host.client("/mcp/full").await?;
    assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?["sum"].as_f64(), Some(3.0));
    drop(client);

    // The compiler ends with its host, however that ends.
    let compilers = children(host.pid().expect("it runs"));
    assert!(!compilers.is_empty());
    drop(host.crash().await?);
    for _ in 0..200 {
        if compilers.iter().all(|pid| !Path::new(&format!("/proc/{pid}/exe")).exists()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("compilers live on: {compilers:?}");
}

#[tokio::test]
async fn what_takes_more_than_its_budget_is_left_out_with_the_setting_that_says_so() -> anyhow::Result<()> {
    let (host, _directory) = start("compile-cpu = '2s'").await?;
    let refused = in_state(host.directory.path(), "bomb.wasm", "refused").await?;
    let reason = refused["error"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("plugins.compile-cpu"), "{reason}");
    assert_eq!(refused["error"]["code"], "compilation", "{refused}");
    in_state(host.directory.path(), "echo.wasm", "serving").await?;
    assert!(host.stop().await?);

    let fresh = TempDir::new()?;
    let options = Options::with(&["dataset"])?.config("[plugins]\ncompile-memory = '64MiB'");
    let host = options.env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &fresh.path().display().to_string()).start().await?;
    let refused = in_state(host.directory.path(), "dataset.wasm", "refused").await?;
    let reason = refused["error"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("plugins.compile-memory"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn what_takes_longer_than_others_wait_for_serves_by_itself_when_it_is_ready() -> anyhow::Result<()> {
    let fresh = TempDir::new()?;
    let options = Options::with(&["dataset"])?
        .config("[grants.dataset]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }")
        .env("TANDEM_PLUGINS__COMPILE_PATIENCE", "100ms")
        .env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &fresh.path().display().to_string());
    let host = options.start().await?;
    let client = host.client("/mcp/full").await?;
    let rows = json!({"path": "data/a.csv", "rows": [{"x": 1}]});
    let early = client.call("dataset_save", rows.clone()).await?;
    let error = &json!(early)["structuredContent"]["error"];
    assert_eq!(error["code"], "unavailable", "{early:?}");
    assert_eq!((&error["retryable"], &error["retry_after_ms"]), (&json!(true), &json!(1000)), "{error}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("a plugin is still being compiled")), "{error}");
    let over_http = reqwest::get(format!("{}/v1/tools/dataset_save", host.url)).await?;
    assert_eq!(over_http.status(), 503);
    assert_eq!(over_http.headers()["retry-after"], "1");

    in_state(host.directory.path(), "dataset.wasm", "serving").await?;
    let client = host.client("/mcp/full").await?;
    client.structured("dataset_save", rows).await?;
    let over_http = reqwest::get(format!("{}/v1/tools/dataset_sav", host.url)).await?;
    assert_eq!(over_http.status(), 404, "when nothing is being compiled, a name is unknown");
    Ok(())
}
