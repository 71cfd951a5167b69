//! Questions from the reactor's own thread, and over a bridge from another one.

use std::{io::Write, time::Duration};

use tandem_cluster::P2pRequest;

use super::hosts::{Host, PAUSE, ROUNDS, RPC, host, load, local, median, rpc};

/// Questions in a round.
const LOCAL: usize = 4_000;
/// Longer than any round takes.
const LONGEST: Duration = Duration::from_secs(120);

/// Microseconds for each question: on the thread, and from another one.
async fn compare(host: &Host, request: fn() -> P2pRequest, count: usize, in_flight: usize) -> anyhow::Result<[f64; 2]> {
    let (mut here, mut bridged) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let inside = load(host.reactor.clone(), request, in_flight, count, LONGEST);
        here.push(host.reactor.lane().run(inside).await??.time);
        bridged.push(load(host.reactor.clone(), request, in_flight, count, LONGEST).await?.time);
        if count == RPC {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok([here, bridged].map(|all| median(all.iter().map(Duration::as_secs_f64)) / count as f64 * 1e6))
}

pub(super) async fn report(out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let (one, two) = (host(0, false).await?, host(0, false).await?);
    one.connect(&two).await?;
    writeln!(out, "questions to the network, medians of {ROUNDS} interleaved rounds, us each")?;
    writeln!(out, "{:34} {:>11} {:>10} {:>8}", "", "same thread", "bridged", "x")?;
    for (name, request, count, in_flight) in [
        ("local, 1 in flight", local as fn() -> P2pRequest, LOCAL, 1),
        ("local, 64 in flight", local, LOCAL, 64),
        ("peer rpc, 1 in flight", rpc, RPC, 1),
        ("peer rpc, 64 in flight", rpc, RPC, 64),
    ] {
        let [here, bridged] = compare(&one, request, count, in_flight).await?;
        writeln!(out, "{name:34} {here:>11.2} {bridged:>10.2} {:>8.2}", bridged / here)?;
    }
    one.stop().await?;
    two.stop().await
}
