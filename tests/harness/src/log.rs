//! The log of a host under test.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::io::BufReader;

/// Takes the lines of a host's log, and says its address once it listens.
pub(crate) async fn collect(
    mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>,
    log: Arc<Mutex<Vec<Value>>>,
    found: tokio::sync::watch::Sender<Option<String>>,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        let entry = serde_json::from_str(&line).unwrap_or(Value::String(line));
        if entry.get("message").and_then(Value::as_str) == Some("listening") {
            drop(found.send(entry.get("address").and_then(Value::as_str).map(str::to_owned)));
        }
        if let Ok(mut log) = log.lock() {
            log.push(entry);
        }
    }
}

/// The last lines of a log, for a message.
pub(crate) fn tail(log: &Mutex<Vec<Value>>) -> String {
    let lines = log.lock().map(|log| log.clone()).unwrap_or_default();
    lines.iter().rev().take(20).rev().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// To compile the plugins of one host, beside other tests that do the same.
const COMPILED: Duration = Duration::from_secs(300);

/// Waits until a host says that every plugin that was listed at its start is compiled or left out.
pub(crate) async fn compiled(log: &Mutex<Vec<Value>>) -> anyhow::Result<()> {
    let said = |text: &str| {
        let lines = log.lock().map(|log| log.clone()).unwrap_or_default();
        lines.into_iter().find(|line| line.get("message").and_then(Value::as_str) == Some(text))
    };
    let end = Instant::now() + COMPILED;
    while Instant::now() < end {
        let compiling = said("ready").map(|line| line.get("compiling").and_then(Value::as_u64));
        if compiling == Some(Some(0)) || said("all plugins compiled").is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("the plugins were not compiled: {}", tail(log))
}
