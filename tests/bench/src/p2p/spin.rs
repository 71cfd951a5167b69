//! The network beside guests that compute without end on its own thread: each is ended at the lane's ceiling, and begins again.

use std::{io::Write, sync::atomic::Ordering, time::Duration};

use serde_json::Map;
use tandem_cluster::P2pRequest;

use super::{
    hosts::{Host, Took, host, load, local, rpc},
    load::{keep_calling, router},
};

/// Guests that loop at a time.
const LOOPS: usize = 8;
/// Questions, one at a time, and the pause between those that a peer must answer: it answers two hundred a second.
const LOCAL: usize = 2_000;
const PEER: usize = 300;
/// Milliseconds that one question of a hundred may take beside them.
const GOAL: f64 = 20.0;
const PACE: Duration = Duration::from_millis(8);

async fn paced(host: &Host, request: fn() -> P2pRequest, count: usize, pace: Duration) -> anyhow::Result<Took> {
    let (mut each, start) = (Vec::with_capacity(count), std::time::Instant::now());
    for _ in 0..count {
        each.extend(load(host.reactor.clone(), request, 1, 1, Duration::from_secs(60)).await?.each);
        if !pace.is_zero() {
            tokio::time::sleep(pace).await;
        }
    }
    each.sort_by(f64::total_cmp);
    Ok(Took { questions: each.len(), time: start.elapsed(), each })
}

/// Answers the worse 99th percentile.
async fn lines(out: &mut (impl Write + Send), host: &Host, how: &str) -> anyhow::Result<f64> {
    let mut worst = 0.0;
    for (name, request, count, pace) in
        [("local", local as fn() -> P2pRequest, LOCAL, Duration::ZERO), ("peer rpc", rpc, PEER, PACE)]
    {
        let took = paced(host, request, count, pace).await?;
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| took.at(part) / 1e3);
        writeln!(out, "{:34} {p50:>10.2} {p99:>10.2} {most:>10.2}", format!("{name}, {how}"))?;
        worst = f64::max(worst, p99);
    }
    Ok(worst)
}

pub(super) async fn report(out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let (one, two) = (host(0, false).await?, host(0, false).await?);
    one.connect(&two).await?;
    let (_engine, router) = router("reactor-spin", Some(one.reactor.lane().clone())).await?;
    writeln!(out, "\nthe network beside {LOOPS} guests that loop on its own thread, from another thread, ms")?;
    writeln!(out, "{:34} {:>10} {:>10} {:>10}", "", "p50", "p99", "max")?;
    lines(out, &one, "quiet").await?;
    let stop = keep_calling(&router, "reactor_spin", &Map::new(), LOOPS);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let worst = lines(out, &one, "beside them").await?;
    stop.store(true, Ordering::Relaxed);
    let ended = router.status().lanes.iter().filter(|lane| lane.lane == "reactor").map(|lane| lane.errors).sum::<u64>();
    writeln!(out, "{ended} of the guests were ended meanwhile")?;
    one.stop().await?;
    two.stop().await?;
    anyhow::ensure!(
        worst < GOAL,
        "goal missed: p99 {worst:.1} ms beside guests that loop, where {GOAL} ms is the most"
    );
    Ok(())
}
