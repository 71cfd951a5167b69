//! A call without any protocol: the engine alone, armed as in the host.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tandem_engine::{CallContext, Plugin};
use tandem_types::Caller;
use tokio::runtime::Builder;

const WARM_UP: usize = 2_000;
const CALLS: usize = 50_000;

pub(crate) fn context() -> Arc<CallContext> {
    Arc::new(CallContext::new("bench".into(), Caller::local()).within(Duration::from_secs(5)))
}

async fn call(plugin: &Arc<Plugin>) -> anyhow::Result<()> {
    let answer = plugin.call_tool(context(), "add", Arc::new(r#"{"a":1,"b":2}"#.to_owned())).await?;
    anyhow::ensure!(answer.is_ok(), "the tool failed");
    Ok(())
}

async fn latencies(plugin: &Arc<Plugin>) -> anyhow::Result<Vec<Duration>> {
    for _ in 0..WARM_UP {
        call(plugin).await?;
    }
    let mut taken = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = Instant::now();
        call(plugin).await?;
        taken.push(start.elapsed());
    }
    taken.sort_unstable();
    Ok(taken)
}

async fn rate(plugin: &Arc<Plugin>, tasks: usize) -> anyhow::Result<f64> {
    let start = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let plugin = plugin.clone();
            tokio::spawn(async move {
                for _ in 0..CALLS {
                    call(&plugin).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in running {
        task.await??;
    }
    Ok((tasks * CALLS) as f64 / start.elapsed().as_secs_f64())
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    writeln!(out, "in process: one armed call of a trivial tool (JSON in, JSON out)")?;
    writeln!(
        out,
        "{:8} {:>10} {:>10} {:>14} {:>14} {:>8}",
        "instance", "p50 us", "p99 us", "1 thread /s", "2 threads /s", "x"
    )?;
    for (name, pooled) in [("fresh", false), ("pooled", true)] {
        let loaded = runtime.block_on(runtime.spawn_blocking(move || super::plugin::load(pooled)))??;
        let plugin = loaded.1.backend.plugin().context("a plugin runs it")?.clone();
        let taken = runtime.block_on(runtime.spawn({
            let plugin = plugin.clone();
            async move { latencies(&plugin).await }
        }))??;
        let (one, two) = runtime.block_on(async { anyhow::Ok((rate(&plugin, 1).await?, rate(&plugin, 2).await?)) })?;
        let us = |part: usize| taken.get(taken.len() * part / 100).map_or(0.0, |d| d.as_secs_f64() * 1e6);
        writeln!(out, "{name:8} {:>10.1} {:>10.1} {one:>14.0} {two:>14.0} {:>8.2}", us(50), us(99), two / one)?;
    }
    Ok(())
}
