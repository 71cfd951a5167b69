//! What a well-behaved tenant feels while another one attacks with a guest on every core, and more of them waiting.
//!
//! Both run in one process on two worker threads, through the whole of the router. The well-behaved calls come at a
//! steady pace from a thread outside; each is timed from when it is handed over to its answer.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::{Map, Value, json};
use tandem_catalog::Catalog;
use tandem_engine::Caller;
use tandem_router::{Router, RouterConfig, TenantLimits, TenantPolicy};
use tokio::runtime::{Builder, Handle};

use crate::plugin;

const WORKERS: usize = 2;
const ATTACKERS: usize = 8;
const CALLS: usize = 2_000;
const PACE: Duration = Duration::from_millis(2);

/// Attacks: guest, tool.
const ATTACKS: [(&str, &str); 3] = [("spin", "spin"), ("host-loop", "host_loop"), ("grow-memory", "grow_memory")];

/// The attacker has what a tenant has by default; the other one calls more often than that.
struct Totals;

impl TenantPolicy for Totals {
    fn limits(&self, tenant: &str) -> TenantLimits {
        let rate = if tenant == "good" { (1_000, 1_000) } else { (50, 100) };
        TenantLimits {
            rate: Some(rate),
            concurrency: Some(32),
            cpu_per_minute: Some(Duration::from_secs(60)),
            ..TenantLimits::default()
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Percentiles of well-behaved calls in microseconds.
fn well_behaved(handle: &Handle, router: &Router) -> anyhow::Result<[f64; 2]> {
    let mut taken = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let (router, start) = (router.clone(), Instant::now());
        let (done, answer) = std::sync::mpsc::sync_channel(1);
        handle.spawn(async move {
            let result = router
                .call_tool(plugin::context(Caller::new("good", "bench")), "add", object(json!({"a": 1, "b": 2})))
                .await;
            let _gone = done.send(result.map(|_| start.elapsed()));
        });
        taken.push(answer.recv_timeout(Duration::from_secs(10)).context("no answer in 10 s")??);
        std::thread::sleep(PACE);
    }
    taken.sort_unstable();
    let us = |part: usize| taken.get(taken.len() * part / 100).map_or(0.0, |d| d.as_secs_f64() * 1e6);
    Ok([us(50), us(99)])
}

/// Keeps attacking until told to stop.
fn attack(handle: &Handle, router: &Router, tool: &'static str, stop: &Arc<AtomicBool>) {
    for _ in 0..ATTACKERS {
        let (router, stop) = (router.clone(), stop.clone());
        handle.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                // Every one of them fails, and the breaker refuses some: a pause keeps that from being the load.
                if router
                    .call_tool(plugin::context(Caller::new("bad", "bench")), tool, Map::new())
                    .await
                    .is_err_and(|error| error.retryable())
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
    }
}

/// Prints the table.
pub(crate) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let (engine, categories) = runtime.block_on(runtime.spawn_blocking(|| {
        let engine = plugin::engine()?;
        let names = ["echo"].into_iter().chain(ATTACKS.map(|(guest, _)| guest));
        let categories = names.map(|name| Ok((format!("{name}.wasm"), plugin::load_into(&engine, name, false)?)));
        let categories = categories.collect::<anyhow::Result<Vec<_>>>()?;
        anyhow::Ok((engine, categories))
    }))??;
    let catalog = Arc::new(Catalog::default());
    let config =
        RouterConfig { workers: WORKERS, tenants: Arc::new(Totals), ..RouterConfig::new(runtime.handle().clone()) };
    let router = Router::new(catalog.clone(), engine.services().clone(), config);
    catalog.install(categories, Vec::new());
    writeln!(out, "a well-behaved tenant beside {ATTACKERS} attacking calls of another one, {WORKERS} worker threads")?;
    writeln!(out, "{:24} {:>10} {:>10} {:>8}", "", "p50 us", "p99 us", "x p99")?;
    well_behaved(runtime.handle(), &router)?;
    let quiet = well_behaved(runtime.handle(), &router)?;
    writeln!(out, "{:24} {:>10.0} {:>10.0} {:>8.2}", "quiet", quiet[0], quiet[1], 1.0)?;
    for (guest, tool) in ATTACKS {
        let stop = Arc::new(AtomicBool::new(false));
        attack(runtime.handle(), &router, tool, &stop);
        std::thread::sleep(Duration::from_millis(200));
        let [p50, p99] = well_behaved(runtime.handle(), &router)?;
        stop.store(true, Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(3));
        writeln!(out, "{:24} {p50:>10.0} {p99:>10.0} {:>8.2}", format!("under {guest}"), p99 / quiet[1])?;
    }
    drop(engine);
    runtime.shutdown_background();
    Ok(())
}
