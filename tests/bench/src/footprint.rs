//! The host at rest: start-up time with nothing compiled and with a warm cache of compiled code, and idle memory with all plugins.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::Value;

use crate::child::COMPILED;

/// How long after the start memory is read.
const SETTLE: Duration = Duration::from_secs(2);
const STARTS: usize = 5;

struct Start {
    /// Until calls were taken.
    ready: Duration,
    /// Until all plugins were compiled.
    compiled: Duration,
    memory_mib: f64,
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let binary = PathBuf::from(std::env::var_os("TANDEM_BENCH_BINARY").unwrap_or_else(|| "target/dist/tandem".into()));
    let data = tempfile::tempdir()?;
    let cold = start(&binary, data.path())?;
    let mut warm = (0..STARTS).map(|_| start(&binary, data.path())).collect::<anyhow::Result<Vec<_>>>()?;
    warm.sort_by_key(|start| start.ready);
    let median = warm.get(STARTS / 2).context("there are starts")?;
    writeln!(out, "the host with all shipped plugins")?;
    writeln!(out, "ready, nothing compiled yet   {:>8.0} ms", cold.ready.as_secs_f64() * 1e3)?;
    writeln!(out, "all compiled then             {:>8.0} ms", cold.compiled.as_secs_f64() * 1e3)?;
    writeln!(out, "ready, warm cache (median)    {:>8.0} ms", median.ready.as_secs_f64() * 1e3)?;
    writeln!(out, "idle resident memory          {:>8.1} MiB", median.memory_mib)?;
    Ok(())
}

fn start(binary: &std::path::Path, data: &std::path::Path) -> anyhow::Result<Start> {
    let begin = Instant::now();
    let mut child = Command::new(binary)
        .args(["serve", "--set", "server.port=0", "--set", "telemetry.log-format=json", "--set"])
        .arg(format!("plugins.data-directory={}", data.display()))
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let mut lines = BufReader::new(child.stderr.take().context("standard error is piped")?).lines();
    let (mut ready, mut compiled) = (None, None);
    while compiled.is_none() {
        let line = lines.next().context("the host did not become ready")??;
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        let message = entry.get("message").and_then(Value::as_str);
        if message == Some("ready") {
            ready = Some(begin.elapsed());
        }
        let none_left = message == Some("ready") && entry.get("compiling").and_then(Value::as_u64) == Some(0);
        compiled = (none_left || message == Some(COMPILED)).then(|| begin.elapsed());
    }
    std::thread::sleep(SETTLE);
    let memory_mib = memory_mib(child.id(), "VmRSS:");
    child.kill()?;
    child.wait()?;
    let (ready, compiled) = ready.zip(compiled).context("the host did not become ready")?;
    Ok(Start { ready, compiled, memory_mib: memory_mib? })
}

/// A figure of a process' memory in MiB, by its name in `/proc/PID/status` (proc_pid_status(5)).
pub(crate) fn memory_mib(process: u32, name: &'static str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with(name)).context(name)?;
    let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib / 1024.0)
}
