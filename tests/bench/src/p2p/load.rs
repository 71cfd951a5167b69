//! The network while the general lane is full of tools that compute: on a thread of its own, and with everything in one runtime.
//!
//! The same code runs in both hosts, and both ask a third one, which has its own thread; they take turns under one load.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Map, Value, json};
use tandem_catalog::Catalog;
use tandem_cluster::P2pRequest;
use tandem_engine::Engine;
use tandem_router::{Arguments, Router, RouterConfig};
use tandem_types::Caller;
use tokio::runtime::Handle;

use super::hosts::{Host, PAUSE, ROUNDS, Took, host, load, local, median, rpc};
use crate::plugin;

/// Calls of tools that compute, at a time, and how long each does.
const TOOLS: usize = 64;
const COMPUTES_MS: u32 = 100;
/// Questions of a round at most: within what a peer answers at once, and gets back in the pause.
const QUESTIONS: usize = 384;
/// A round ends then, however slow the network is.
const LONGEST: Duration = Duration::from_secs(4);

/// A router over one guest.
pub(super) async fn router(
    guest: &'static str,
    reactor: Option<tandem_reactor::Lane>,
) -> anyhow::Result<(Engine, Router)> {
    let (engine, category) = tokio::task::spawn_blocking(move || {
        let engine = plugin::engine()?;
        let category = plugin::load_into(&engine, guest, false)?;
        anyhow::Ok((engine, category))
    })
    .await??;
    let catalog = Arc::new(Catalog::default());
    let config = RouterConfig { reactor, ..RouterConfig::new(Handle::current()) };
    let router = Router::new(catalog.clone(), engine.services().clone(), config);
    catalog.install(vec![(format!("{guest}.wasm"), category)], Vec::new());
    router.set_ready(true);
    Ok((engine, router))
}

/// Calls a tool again and again, so many at a time, until told to stop.
pub(super) fn keep_calling(
    router: &Router,
    tool: &'static str,
    arguments: &Map<String, Value>,
    at_a_time: usize,
) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    for _ in 0..at_a_time {
        let (router, stop, arguments) = (router.clone(), stop.clone(), arguments.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if router
                    .call_tool(
                        plugin::context(Caller::local()),
                        tool,
                        Arguments { members: arguments.clone(), exact: None },
                    )
                    .await
                    .is_err_and(|error| error.retryable())
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
    }
    stop
}

/// One round of each way: with a thread of its own, the caller is on it too, as one that came through its own listener.
async fn rounds(
    own: &Host,
    shared: &Host,
    request: fn() -> P2pRequest,
    in_flight: usize,
) -> anyhow::Result<[Vec<Took>; 2]> {
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let inside = load(own.reactor.clone(), request, in_flight, QUESTIONS, LONGEST);
        alone.push(own.reactor.lane().run(inside).await??);
        let inside = load(shared.reactor.clone(), request, in_flight, QUESTIONS, LONGEST);
        together.push(tokio::spawn(inside).await??);
        tokio::time::sleep(PAUSE).await;
    }
    Ok([alone, together])
}

pub(super) async fn report(out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let (own, shared, other) = (host(0, false).await?, host(0, true).await?, host(0, false).await?);
    own.connect(&other).await?;
    shared.connect(&other).await?;
    let (_engine, router) = router("spin", None).await?;
    let arguments = json!({"ms": COMPUTES_MS});
    let stop = keep_calling(&router, "spin_ms", arguments.as_object().unwrap_or(&Map::new()), TOOLS);
    tokio::time::sleep(Duration::from_millis(500)).await;
    writeln!(
        out,
        "\nthe network beside {TOOLS} calls that compute in the general lane, medians of {ROUNDS} interleaved rounds"
    )?;
    writeln!(out, "{:34} {:>11} {:>12} {:>8}", "", "own thread", "one runtime", "x")?;
    for (name, request) in [("local", local as fn() -> P2pRequest), ("peer rpc", rpc)] {
        let p50 = rounds(&own, &shared, request, 1).await?.map(|all| median(all.iter().map(|took| took.at(0.5))));
        let [alone, together] = p50;
        writeln!(out, "{:34} {alone:>11.0} {together:>12.0} {:>8.1}", format!("{name}, p50 us"), together / alone)?;
        let rate = rounds(&own, &shared, request, 64).await?.map(|all| median(all.iter().map(Took::rate)));
        let [alone, together] = rate;
        writeln!(
            out,
            "{:34} {alone:>11.0} {together:>12.0} {:>8.1}",
            format!("{name}, 64 in flight, /s"),
            alone / together
        )?;
    }
    stop.store(true, Ordering::Relaxed);
    for host in [own, shared, other] {
        host.stop().await?;
    }
    Ok(())
}
