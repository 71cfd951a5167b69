//! What the reactor lane costs: questions to the network from its own thread and over a bridge from another one, calls between
//! two hosts on loopback, the same while the general lane is full of guests that compute, and the durable queue.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Value, json};
use tandem_engine::{CallEnv, Caller, InvokeError, InvokeOutput, P2p, P2pRequest, Unmetered};
use tandem_manifest::HostConfig;
use tandem_reactor::{Reactor, Settings, ToolCall, ToolInfo, Tools};
use tandem_store::Store;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// Rounds of which the median counts; the two ways take turns.
const ROUNDS: usize = 5;
/// Questions in a round.
const LOCAL: usize = 4_000;
/// Less than a peer may send at once, and the pause until it may again: the rate is not what is measured.
const RPC: usize = 128;
const PAUSE: Duration = Duration::from_secs(2);
/// Tasks of a run, and clients that submit them.
const TASKS: usize = 8_000;
const CLIENTS: usize = 32;
/// Workflows, of five steps each.
const WORKFLOWS: usize = 1_000;

/// A tool that answers at once: what is measured is the way there.
struct Quick(AtomicU64);

impl Tools for Quick {
    fn call(&self, _call: ToolCall) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let output = InvokeOutput { content: "[]".to_owned(), structured: Some("{}".to_owned()), is_error: false };
        std::future::ready(Ok(output)).boxed()
    }

    fn list(&self, _caller: &Caller) -> Vec<ToolInfo> {
        let info =
            ToolInfo { name: "quick".to_owned(), description: String::new(), input_schema: json!({}), local: false };
        vec![info]
    }

    fn generation(&self) -> u64 {
        0
    }

    fn find(&self, _caller: &Caller, tool: &str) -> Result<(), Vec<String>> {
        (tool == "quick").then_some(()).ok_or_else(Vec::new)
    }
}

static NULL: Value = Value::Null;

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&NULL)
}

struct Host {
    reactor: Arc<Reactor>,
    _data: TempDir,
}

fn host(workers: u32) -> anyhow::Result<Host> {
    let data = TempDir::new()?;
    let mut p2p = HostConfig::default().p2p;
    p2p.listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
    p2p.admission = tandem_manifest::Admission::Open;
    p2p.discovery.file = false;
    p2p.discovery.loopback = true;
    p2p.task_queue.workers = workers;
    p2p.task_queue.capacity = 1_000_000;
    p2p.workflow.max_active = 2_000;
    let store = Store::open(&data.path().join("store.db"))?;
    let settings = Settings::new(&p2p, data.path(), None, false)?;
    let callers = Arc::new(|peer: &str| Caller::new("peers", peer));
    let reactor = Reactor::start(settings, store, callers, Handle::current())?;
    reactor.set_tools(Arc::new(Quick(AtomicU64::new(0))));
    Ok(Host { reactor, _data: data })
}

fn env() -> CallEnv {
    CallEnv {
        request_id: "bench".into(),
        caller: Caller::local(),
        deadline: Instant::now() + Duration::from_secs(600),
        cancel: CancellationToken::new(),
        client: None,
        depth: 0,
        traceparent: None,
        account: Arc::new(Unmetered),
    }
}

async fn ask(reactor: &Reactor, request: P2pRequest) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&reactor.request(env(), request).await?)?)
}

fn local() -> P2pRequest {
    P2pRequest::BootstrapList
}

/// One round trip to the connected peer.
fn rpc() -> P2pRequest {
    P2pRequest::DiscoverWorkers { tool: None, max_peers: 1, timeout_s: 10 }
}

/// So many questions, `in_flight` at a time; answers seconds.
async fn round(
    reactor: &Arc<Reactor>,
    request: fn() -> P2pRequest,
    count: usize,
    in_flight: usize,
) -> anyhow::Result<f64> {
    let start = Instant::now();
    let mut lines = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let reactor = reactor.clone();
        lines.spawn(async move {
            for _ in 0..count / in_flight {
                reactor.request(env(), request()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = lines.join_next().await {
        done??;
    }
    Ok(start.elapsed().as_secs_f64())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Microseconds for each question: on the thread, and from another one.
async fn compare(host: &Host, request: fn() -> P2pRequest, count: usize, in_flight: usize) -> anyhow::Result<[f64; 2]> {
    let (mut here, mut bridged) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let reactor = host.reactor.clone();
        let inside = async move { round(&reactor, request, count, in_flight).await };
        here.push(host.reactor.lane().run(inside).await??);
        bridged.push(round(&host.reactor, request, count, in_flight).await?);
        if count == RPC {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok([here, bridged].map(|all| median(all) / count as f64 * 1e6))
}

async fn connected(from: &Host, to: &Host) -> anyhow::Result<()> {
    let mut address = None;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let record = P2pRequest::PeerRegister { addresses: Vec::new(), ttl_s: 60, metadata: None };
        if let Ok(answer) = ask(&to.reactor, record).await {
            let listening = to.reactor.listening();
            address = listening.into_iter().next().zip(at(&answer, "/peer_id").as_str().map(ToOwned::to_owned));
            if address.is_some() {
                break;
            }
        }
    }
    let (address, peer) = address.context("a host does not listen")?;
    let nodes = vec![format!("{address}/p2p/{peer}")];
    let answer = ask(&from.reactor, P2pRequest::PeerConnect { nodes, min_connections: 1, timeout_s: 10 }).await?;
    anyhow::ensure!(*at(&answer, "/connected") == 1, "the hosts do not connect: {answer}");
    Ok(())
}

/// Keeps every worker of the general lane busy.
fn burden(stop: &Arc<AtomicBool>) {
    for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) * 2 {
        let stop = stop.clone();
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let until = Instant::now() + Duration::from_millis(1);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
                tokio::task::yield_now().await;
            }
        });
    }
}

async fn queue(out: &mut impl Write) -> anyhow::Result<()> {
    let idle = host(0)?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let submit = || P2pRequest::TaskSubmit { task: json!({"tool": "quick", "arguments": {}}).to_string() };
    let took = round(&idle.reactor, submit, TASKS, CLIENTS).await?;
    writeln!(out, "durable submits, {CLIENTS} clients      {:>9.0} /s", TASKS as f64 / took)?;
    let busy = host(64)?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let start = Instant::now();
    round(&busy.reactor, submit, TASKS, CLIENTS).await?;
    until(&busy, TASKS as u64).await?;
    writeln!(out, "submit, claim, complete          {:>9.0} /s", TASKS as f64 / start.elapsed().as_secs_f64())?;
    let flows = host(64)?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let start = Instant::now();
    round(&flows.reactor, workflow, WORKFLOWS, CLIENTS).await?;
    until(&flows, WORKFLOWS as u64 / CLIENTS as u64 * CLIENTS as u64 * 5).await?;
    let took = start.elapsed().as_secs_f64();
    writeln!(out, "{WORKFLOWS} workflows of 5 steps      {took:>9.1} s")?;
    for host in [idle, busy, flows] {
        tokio::task::spawn_blocking(move || host.reactor.stop()).await?;
    }
    Ok(())
}

fn workflow() -> P2pRequest {
    let step = |id: &str, after: &[&str]| json!({"id": id, "tool": "quick", "arguments": {}, "depends_on": after});
    let steps =
        json!([step("a", &[]), step("b", &["a"]), step("c", &["a"]), step("d", &["b", "c"]), step("e", &["d"])]);
    P2pRequest::WorkflowSubmit { workflow: json!({"name": "bench", "steps": steps}).to_string() }
}

/// Waits until so many tasks have completed.
async fn until(host: &Host, count: u64) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(300);
    loop {
        let status = ask(&host.reactor, P2pRequest::QueueStatus { detail: false }).await?;
        if at(&status, "/completed").as_u64() >= Some(count) {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < end, "the queue does not come to its end: {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn all(out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let (one, two) = (host(0)?, host(0)?);
    connected(&one, &two).await?;
    writeln!(out, "questions to the network, medians of {ROUNDS} interleaved rounds, us each")?;
    writeln!(out, "{:34} {:>10} {:>10} {:>8}", "", "same thread", "bridged", "x")?;
    let line = |out: &mut dyn Write, name: &str, [here, bridged]: [f64; 2]| {
        writeln!(out, "{name:34} {here:>10.2} {bridged:>10.2} {:>8.2}", bridged / here)
    };
    line(out, "local, 1 in flight", compare(&one, local, LOCAL, 1).await?)?;
    line(out, "local, 64 in flight", compare(&one, local, LOCAL, 64).await?)?;
    line(out, "peer rpc, 1 in flight", compare(&one, rpc, RPC, 1).await?)?;
    line(out, "peer rpc, 64 in flight", compare(&one, rpc, RPC, 64).await?)?;
    let stop = Arc::new(AtomicBool::new(false));
    burden(&stop);
    tokio::time::sleep(Duration::from_millis(100)).await;
    line(out, "peer rpc, general lane saturated", compare(&one, rpc, RPC, 1).await?)?;
    stop.store(true, Ordering::Relaxed);
    for host in [one, two] {
        tokio::task::spawn_blocking(move || host.reactor.stop()).await?;
    }
    queue(out).await
}

/// Prints the table.
pub(crate) fn report(out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(all(out))
}
