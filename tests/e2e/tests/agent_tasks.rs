//! Tasks in plain words, on the host that `make run` starts: the words find the tool, and the tool solves the task.
//!
//! `tests/agent-tasks.toml` has the tasks, in an order in which they can be done one after the other.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;
use tandem_harness::{Client, Host, Options, root, text};
use tempfile::TempDir;

/// How many of the tasks find their tool among the first [`FIRST`], at least.
const FOUND: (usize, usize) = (55, 60);
const FIRST: usize = 3;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tasks {
    task: Vec<Task>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    /// What somebody wants, in plain words.
    task: String,
    /// What solves it.
    tool: String,
    arguments: Value,
    /// What must be in the structured result: members that are not named may be anything.
    #[serde(default)]
    result: Value,
    /// A part of the result as text.
    #[serde(default)]
    contains: Option<String>,
}

fn tasks() -> anyhow::Result<Vec<Task>> {
    let text = std::fs::read_to_string(root().join("tests/agent-tasks.toml"))?;
    Ok(toml::from_str::<Tasks>(&text)?.task)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to)? } else { std::fs::copy(from, to).map(drop)? }
    }
    Ok(())
}

/// The host of `make run`, without a network of hosts, on a copy of the sample data.
async fn host(examples: &TempDir) -> anyhow::Result<Host> {
    copy(&root().join("examples"), examples.path())?;
    let mut config: toml::Table = toml::from_str(&std::fs::read_to_string(root().join("examples/tandem.toml"))?)?;
    config.remove("plugins").context("the example has plugins")?;
    let config = toml::to_string(&config)?.replace("path = \"", &format!("path = \"{}/", examples.path().display()));
    let names = std::fs::read_dir(root().join("plugins"))?.flatten().map(|entry| entry.path());
    let names = names.filter(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    let options = names.fold(Options::with(&[])?, Options::file);
    options.mesh().config("p2p.listen = [\"/ip4/127.0.0.1/tcp/0\"]\n").config(&config).start().await
}

/// Whether `part` is in `whole`: members of objects that are not named may be anything.
fn within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|whole| within(value, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| within(part, whole))
        }
        (Value::Number(part), Value::Number(whole)) => part.as_f64() == whole.as_f64(),
        (part, whole) => part == whole,
    }
}

#[tokio::test]
async fn the_words_of_a_task_find_the_tool_that_solves_it() -> anyhow::Result<()> {
    let (tasks, examples) = (tasks()?, TempDir::new()?);
    let host = host(&examples).await?;
    let client = host.client("/mcp").await?;
    let mut missed = Vec::new();
    for task in &tasks {
        let found = client.structured("tools_search", serde_json::json!({ "query": task.task })).await?;
        let names: Vec<_> =
            found["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str()).collect();
        if !names.iter().take(FIRST).any(|name| *name == task.tool) {
            missed.push(format!("{}: wants {}, finds {names:?}", task.task, task.tool));
        }
    }
    // What a client reads first names every category.
    let instructions = client.peer().peer_info().and_then(|info| info.instructions.clone()).unwrap_or_default();
    let categories = client.structured("tools_list_categories", serde_json::json!({})).await?;
    for category in categories["categories"].as_array().into_iter().flatten() {
        let name = category["name"].as_str().context("a category has a name")?;
        ensure!(instructions.contains(name), "{name} is not in {instructions}");
    }
    let found = tasks.len() - missed.len();
    println!("{found} of {} tasks found their tool among the first {FIRST}", tasks.len());
    ensure!(found * FOUND.1 >= tasks.len() * FOUND.0, "{found} of {}:\n{}", tasks.len(), missed.join("\n"));
    Ok(())
}

#[tokio::test]
async fn the_tool_of_a_task_solves_it() -> anyhow::Result<()> {
    let (tasks, examples) = (tasks()?, TempDir::new()?);
    let host = host(&examples).await?;
    let client = host.client("/mcp/full").await?;
    for task in &tasks {
        solved(&client, task).await.with_context(|| task.task.clone())?;
    }
    Ok(())
}

async fn solved(client: &Client, task: &Task) -> anyhow::Result<()> {
    let answer = client.call(&task.tool, task.arguments.clone()).await?;
    ensure!(answer.is_error != Some(true), "{}", text(&answer));
    let structured = answer.structured_content.clone().unwrap_or_default();
    ensure!(task.result.is_null() || within(&task.result, &structured), "wants {:#}, got {structured:#}", task.result);
    let whole = format!("{}{structured}", text(&answer));
    if let Some(part) = &task.contains {
        ensure!(whole.contains(part.as_str()), "wants `{part}`, got {whole}");
    }
    ensure!(!task.result.is_null() || task.contains.is_some(), "says nothing of what must come back");
    Ok(())
}
