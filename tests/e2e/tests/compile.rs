//! Components that take long to compile, or for ever, hold up neither the start nor others.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tandem_harness::{Host, Options, binary, plugin, raw_plugin_of, root};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use crate::{policy::tandem, stdio::Pipe};

/// A plugin that takes minutes to compile.
fn bomb(directory: &Path) -> anyhow::Result<PathBuf> {
    raw_plugin_of(directory, "bomb", &bomb_text()?, "tools-only")
}

/// A module with one function that takes minutes to compile: each of its statements may leave the one block, and sets a value
/// that counts behind it.
fn bomb_text() -> anyhow::Result<String> {
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
    Ok(format!("{}{function})", &base[..end]))
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
    Ok((options.while_compiling().start().await?, directory))
}

/// A host that has compiled none of its plugins yet.
async fn uncompiled(options: Options, compiled: &TempDir) -> anyhow::Result<Host> {
    let options = options.env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &compiled.path().display().to_string());
    options.while_compiling().start().await
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
    assert_eq!((&bomb["state"], &bomb["tools"]), (&json!("compiling"), &json!(1)), "{bomb}");
    in_state(&home, "echo.wasm", "serving").await?;
    std::fs::copy(plugin("kv-user")?, home.join("plugins/kv-user.wasm"))?;
    in_state(&home, "kv-user.wasm", "serving").await?;
    let reloaded = tandem(&home, &["reload"]).await?;
    assert!(reloaded.status.success());
    assert_eq!(listed(&home, "bomb.wasm").await?["state"], "compiling", "it still is");
    let client = host.client("/mcp/full").await?;
    assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?["sum"].as_f64(), Some(3.0));
    assert!(client.tools().await?.contains(&"bomb".to_owned()), "it is listed from its descriptors");
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
    assert!(!host.client("/mcp/full").await?.tools().await?.contains(&"bomb".to_owned()), "it is taken out");
    assert!(host.stop().await?);

    let fresh = TempDir::new()?;
    let options = Options::with(&["dataset"])?.config("[plugins]\ncompile-memory = '64MiB'");
    let host = options.env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &fresh.path().display().to_string()).start().await?;
    let refused = in_state(host.directory.path(), "dataset.wasm", "refused").await?;
    let reason = refused["error"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("plugins.compile-memory"), "{reason}");
    Ok(())
}

/// The process alone: its end is the kernel's, however little of the machine it gets.
#[tokio::test]
async fn a_compiler_ends_by_the_cpu_time_and_memory_that_it_was_told() -> anyhow::Result<()> {
    let component = tandem_harness::component(&bomb_text()?, "tools-only")?;
    for (cpu_seconds, memory, signal) in [(1, 1_u64 << 40, "XCPU"), (3_600, 16 << 20, "ABRT")] {
        let order = json!({"max_instances": 1, "max_memory": 1 << 20, "cpu_seconds": cpu_seconds, "memory": memory});
        let mut compiler = tokio::process::Command::new(binary())
            .args(["compile-component", &order.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut input = compiler.stdin.take().expect("piped");
        input.write_all(&component).await?;
        drop(input);
        let end = compiler.wait().await?.to_string();
        assert!(end.contains(signal), "{order}: {end}");
    }
    Ok(())
}

#[tokio::test]
async fn a_call_waits_for_its_own_plugin_with_progress() -> anyhow::Result<()> {
    let (bombs, compiled) = (TempDir::new()?, TempDir::new()?);
    let options = Options::with(&["dataset"])?
        .file(bomb(bombs.path())?)
        .config("[plugins]\ncompile-cpu = '1h'\n[general]\ncompile-workers = 2")
        .config("[grants.dataset]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }");
    let host = uncompiled(options, &compiled).await?;
    let client = host.client("/mcp/full").await?;
    let all = client.tools().await?;
    assert!(all.contains(&"dataset_save".to_owned()) && all.contains(&"bomb".to_owned()), "{all:?}");
    let home = host.directory.path();
    let wrong = client.call("dataset_save", json!({"path": 1})).await?;
    assert_eq!(json!(wrong)["structuredContent"]["error"]["code"], "invalid_arguments", "{wrong:?}");
    assert_eq!(listed(home, "dataset.wasm").await?["state"], "compiling", "what is wrong is said at once");
    client.structured("dataset_save", json!({"path": "data/a.csv", "rows": [{"x": 1}]})).await?;
    assert!(!client.progress().is_empty(), "it was told that the call waits");
    assert_eq!(listed(home, "dataset.wasm").await?["state"], "serving");
    assert_eq!(listed(home, "bomb.wasm").await?["state"], "compiling", "nobody waits for another plugin");
    Ok(())
}

#[tokio::test]
async fn what_is_called_is_compiled_first() -> anyhow::Result<()> {
    let compiled = TempDir::new()?;
    let options = Options::with(&["dataset", "echo", "search", "vector"])?.config("[general]\ncompile-workers = 1");
    let host = uncompiled(options, &compiled).await?;
    let client = host.client("/mcp/full").await?;
    // The last by name, while the first is being compiled.
    client.call("vector_list", json!({})).await?;
    let states = async |file: &str| anyhow::Ok(listed(host.directory.path(), file).await?["state"].clone());
    assert_eq!(states("search.wasm").await?, "compiling");
    assert!(host.stop().await?);
    Ok(())
}

#[tokio::test]
async fn what_was_called_most_before_is_compiled_first_after_a_restart() -> anyhow::Result<()> {
    let compiled = TempDir::new()?;
    let options = Options::with(&["dataset", "echo", "search"])?.config("[general]\ncompile-workers = 1");
    let host = uncompiled(options, &compiled).await?;
    let client = host.client("/mcp/full").await?;
    for _ in 0..3 {
        client.structured("add", json!({"a": 1, "b": 2})).await?;
    }
    drop(client);
    for entry in std::fs::read_dir(compiled.path())?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "cwasm") {
            std::fs::remove_file(entry.path())?;
        }
    }
    let host = host.restart().await?;
    let loaded = host.logged("plugin loaded, compiled").await?;
    let first = host.log().into_iter().find(|line| line["message"] == "plugin loaded, compiled");
    assert_eq!(first.map(|line| line["file"].clone()), Some(json!("echo.wasm")), "{loaded}");
    Ok(())
}

#[tokio::test]
async fn what_fails_its_check_is_taken_out_and_calls_that_wait_end_with_the_reason() -> anyhow::Result<()> {
    let compiled = TempDir::new()?;
    // Its check wants a grant that it does not have.
    let host = uncompiled(Options::with(&["checker"])?, &compiled).await?;
    let client = host.client("/mcp/full").await?;
    let tool = client.plugin_tools().await?.first().cloned().expect("it is listed");
    let answer = client.call(&tool, json!({})).await?;
    let error = &json!(answer)["structuredContent"]["error"];
    let message = error["message"].as_str().unwrap_or_default();
    assert!(error["code"] == "unavailable" && message.contains("check"), "{error}");
    let refused = in_state(host.directory.path(), "checker.wasm", "refused").await?;
    assert_eq!(refused["error"]["code"], "check", "{refused}");
    assert!(client.plugin_tools().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn calls_that_wait_end_when_another_version_takes_the_place() -> anyhow::Result<()> {
    let (directory, compiled) = (TempDir::new()?, TempDir::new()?);
    let options = Options::default().file(bomb(directory.path())?).config("[plugins]\ncompile-cpu = '1h'");
    let host = uncompiled(options, &compiled).await?;
    let client = host.client("/mcp/full").await?;
    let waiting = tokio::spawn(async move { client.call("bomb", json!({})).await });
    let home = host.directory.path();
    std::fs::remove_file(home.join("plugins/bomb.wasm"))?;
    let answer = waiting.await??;
    let error = &json!(answer)["structuredContent"]["error"];
    assert_eq!(error["code"], "unavailable", "{answer:?}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("took its place")), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_child_answers_while_its_plugins_are_compiled() -> anyhow::Result<()> {
    let (home, bombs) = (TempDir::new()?, TempDir::new()?);
    std::fs::create_dir(home.path().join("plugins"))?;
    std::fs::copy(bomb(bombs.path())?, home.path().join("plugins/bomb.wasm"))?;
    std::fs::write(home.path().join("tandem.toml"), "[plugins]\ncompile-cpu = '1h'\n")?;
    let mut pipe = Pipe::open(home.path(), &[]).await?;
    let tools = pipe.ask("tools/list", json!({})).await?;
    assert_eq!(tools["tools"][0]["name"], "bomb", "{tools}");
    Ok(())
}

#[tokio::test]
async fn what_takes_longer_than_others_wait_for_serves_by_itself_when_it_is_ready() -> anyhow::Result<()> {
    let fresh = TempDir::new()?;
    let options = Options::with(&["echo"])?
        .config("[grants.dataset]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }")
        .env("TANDEM_PLUGINS__COMPILE_PATIENCE", "100ms")
        .env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &fresh.path().display().to_string());
    let host = options.start().await?;
    let home = host.directory.path();
    std::fs::copy(plugin("dataset")?, home.join("plugins/dataset.wasm"))?;
    in_state(home, "dataset.wasm", "compiling").await?;
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

    in_state(home, "dataset.wasm", "serving").await?;
    let client = host.client("/mcp/full").await?;
    client.structured("dataset_save", rows).await?;
    let over_http = reqwest::get(format!("{}/v1/tools/dataset_sav", host.url)).await?;
    assert_eq!(over_http.status(), 404, "when nothing is being compiled, a name is unknown");
    Ok(())
}

#[tokio::test]
async fn a_plugin_serves_although_its_code_cannot_be_kept() -> anyhow::Result<()> {
    let compiled = TempDir::new()?;
    let host = uncompiled(Options::with(&["echo"])?, &compiled).await?;
    let home = host.directory.path();
    in_state(home, "echo.wasm", "serving").await?;
    let mut entries = std::fs::read_dir(compiled.path())?.flatten().map(|entry| entry.path());
    let entry = entries.find(|path| path.extension().is_some_and(|end| end == "cwasm")).expect("it was kept");
    std::fs::remove_file(&entry)?;
    std::fs::create_dir_all(entry.join("in its place"))?;
    let host = host.restart().await?;
    let client = host.client("/mcp/full").await?;
    assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?["sum"].as_f64(), Some(3.0));
    Ok(())
}
