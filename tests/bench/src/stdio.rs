//! One client over standard input and output: call after call, each answer checked.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{child::Running, driver::switches};

const WARM_UP: usize = 500;
const CALLS: usize = 5_000;
const KINDS: [&str; 3] = ["native", "fresh", "pooled"];

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "stdio tools/call of a trivial tool, each server on one thread, {CALLS} calls each")?;
    writeln!(out, "{:8} {:>8} {:>8} {:>9} {:>10}", "server", "p50 us", "p99 us", "switches", "x native")?;
    let mut native = None;
    for kind in KINDS {
        let (taken, switches) = measure(kind)?;
        let at = |part: usize| taken.get(taken.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e6);
        let base = *native.get_or_insert(at(50));
        writeln!(out, "{kind:8} {:>8.0} {:>8.0} {switches:>9.2} {:>10.2}", at(50), at(99), at(50) / base)?;
    }
    Ok(())
}

/// Latencies in order, and context switches of a call.
fn measure(kind: &str) -> anyhow::Result<(Vec<Duration>, f64)> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = Running::spawn(command.args(["stdio-server", kind]).stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let mut input = child.stdin.take().context("standard input is piped")?;
    let mut output = BufReader::new(child.stdout.take().context("standard output is piped")?);
    let params = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"},
    });
    let mut line = String::new();
    writeln!(input, "{}", json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}))?;
    output.read_line(&mut line)?;
    writeln!(input, "{}", json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
    let mut call = |id: usize| {
        let params = json!({"name": "add", "arguments": {"a": 1, "b": 2}});
        let message = format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}));
        let start = Instant::now();
        input.write_all(message.as_bytes())?;
        loop {
            line.clear();
            ensure!(output.read_line(&mut line)? > 0, "the server `{kind}` ended");
            // Changes of lists may come between.
            if serde_json::from_str::<Value>(&line)?.get("id").is_some() {
                break;
            }
        }
        let taken = start.elapsed();
        ensure!(line.contains("\"sum\":3"), "{line}");
        Ok(taken)
    };
    for id in 1..=WARM_UP {
        call(id)?;
    }
    let before = switches(child.id())?;
    let mut taken = (1..=CALLS).map(|id| call(WARM_UP + id)).collect::<anyhow::Result<Vec<_>>>()?;
    let switches = switches(child.id())?.saturating_sub(before);
    taken.sort_unstable();
    Ok((taken, switches as f64 / CALLS as f64))
}
