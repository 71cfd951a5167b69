//! The durable queue, and workflows on it.

use std::{
    io::Write,
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::json;
use tandem_cluster::P2pRequest;

use super::hosts::{Host, ROUNDS, ask, at, host, load, median};

/// Tasks of a run, and clients that submit them.
const TASKS: usize = 8_000;
const CLIENTS: usize = 32;
/// Workflows, of five steps each.
const WORKFLOWS: usize = 1_000;
/// Longer than any run takes.
const LONGEST: Duration = Duration::from_secs(300);

fn submit() -> P2pRequest {
    P2pRequest::TaskSubmit { task: json!({"tool": "quick", "arguments": {}}).to_string() }
}

/// A task that is in the queue.
static ONE: OnceLock<String> = OnceLock::new();

fn status() -> P2pRequest {
    P2pRequest::TaskStatus { id: ONE.get().cloned().unwrap_or_default() }
}

fn workflow() -> P2pRequest {
    let step = |id: &str, after: &[&str]| json!({"id": id, "tool": "quick", "arguments": {}, "depends_on": after});
    let steps =
        json!([step("a", &[]), step("b", &["a"]), step("c", &["a"]), step("d", &["b", "c"]), step("e", &["d"])]);
    P2pRequest::WorkflowSubmit { workflow: json!({"name": "bench", "steps": steps}).to_string() }
}

/// Waits until so many tasks have completed.
async fn until(host: &Host, count: u64) -> anyhow::Result<()> {
    let end = Instant::now() + LONGEST;
    loop {
        let status = ask(&host.reactor, P2pRequest::QueueStatus { detail: false }).await?;
        if at(&status, "/completed").as_u64() >= Some(count) {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < end, "the queue does not come to its end: {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(super) async fn report(out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    writeln!(out, "\nthe durable queue, {CLIENTS} clients, medians of {ROUNDS} rounds")?;
    let idle = host(0, false).await?;
    idle.address().await?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let inside = load(idle.reactor.clone(), submit, CLIENTS, TASKS, LONGEST);
        rates.push(idle.reactor.lane().run(inside).await??.rate());
    }
    writeln!(out, "{:34} {:>9.0} /s", "durable submits", median(rates))?;
    let one = ask(&idle.reactor, submit()).await?;
    ONE.get_or_init(|| at(&one, "/task_id").as_str().unwrap_or_default().to_owned());
    for in_flight in [1, CLIENTS] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let inside = load(idle.reactor.clone(), status, in_flight, TASKS, LONGEST);
            times.push(idle.reactor.lane().run(inside).await??.time.as_secs_f64() / TASKS as f64 * 1e6);
        }
        writeln!(out, "{:34} {:>9.1} us", format!("status of a task, {in_flight} in flight"), median(times))?;
    }
    idle.stop().await?;
    let busy = host(64, false).await?;
    busy.address().await?;
    let mut rates = Vec::new();
    for round in 1..=ROUNDS {
        let start = Instant::now();
        let inside = load(busy.reactor.clone(), submit, CLIENTS, TASKS, LONGEST);
        busy.reactor.lane().run(inside).await??;
        until(&busy, (round * TASKS) as u64).await?;
        rates.push(TASKS as f64 / start.elapsed().as_secs_f64());
    }
    writeln!(out, "{:34} {:>9.0} /s", "submit, claim, complete", median(rates))?;
    busy.stop().await?;
    let flows = host(64, false).await?;
    flows.address().await?;
    let start = Instant::now();
    let inside = load(flows.reactor.clone(), workflow, CLIENTS, WORKFLOWS, LONGEST);
    flows.reactor.lane().run(inside).await??;
    until(&flows, WORKFLOWS as u64 * 5).await?;
    let took = start.elapsed().as_secs_f64();
    let name = format!("{WORKFLOWS} workflows of 5 steps at once");
    writeln!(out, "{name:34} {took:>9.1} s, {:.0} steps/s", WORKFLOWS as f64 * 5.0 / took)?;
    flows.stop().await
}
