//! The log of a host under test.

use std::sync::{Arc, Mutex};

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
