//! Hosts of a network on loopback, and loads of questions to them.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Value, json};
use tandem_cluster::{ClusterHandle, P2pRequest, Settings, ToolCall, ToolInfo, Tools};
use tandem_config::HostConfig;
use tandem_engine::{CallContext, InvokeError, ToolAnswer};
use tandem_queue::{Caps, SqliteTasks, SystemClock};
use tandem_store::Store;
use tandem_types::Caller;
use tempfile::TempDir;
use tokio::runtime::Handle;

/// Rounds of which the median counts; the ways that are compared take turns.
pub(super) const ROUNDS: usize = 5;
/// Less than a peer may send at once, and the pause until it may again: the rate is not what is measured.
pub(super) const RPC: usize = 128;
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// A tool that answers at once: what is measured is the way there.
struct Quick(AtomicU64);

impl Tools for Quick {
    fn call(&self, _call: ToolCall) -> BoxFuture<'static, Result<ToolAnswer, InvokeError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let output = ToolAnswer { structured: Some(json!({})), ..ToolAnswer::default() };
        std::future::ready(Ok(output)).boxed()
    }

    fn list(&self, _caller: &Caller) -> Vec<ToolInfo> {
        let info = ToolInfo {
            name: "quick".to_owned(),
            title: None,
            description: String::new(),
            input_schema: json!({}),
            output_schema: None,
            annotations: tandem_package::Annotations::default(),
            local: false,
            repeatable: true,
            deadline: Duration::from_secs(120),
        };
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

pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&NULL)
}

pub(super) struct Host {
    pub(super) reactor: Arc<ClusterHandle>,
    _data: TempDir,
}

/// A host on loopback; `shared` is one whose network is in the runtime of everything else.
pub(super) async fn host(workers: u32, shared: bool) -> anyhow::Result<Host> {
    let data = TempDir::new()?;
    let mut p2p = HostConfig::default().p2p;
    p2p.listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
    p2p.admission = tandem_config::Admission::Open;
    p2p.max_connections = 2_000;
    // A thousand peers have one address here.
    p2p.limits.accepts_per_second = 2_000;
    p2p.limits.accept_burst = 2_000;
    p2p.limits.connections_per_address = 2_000;
    p2p.discovery.file = false;
    p2p.discovery.loopback = true;
    p2p.task_queue.workers = workers;
    p2p.workflow.max_active = 2_000;
    let store = Store::open_with(&data.path().join("store.db"), &[tandem_queue::TABLES])?;
    let caps = Caps { queued: 1_000_000, ..Caps::default() };
    let tasks = SqliteTasks::new(store.clone(), Arc::new(SystemClock), caps);
    let settings = Settings::new(&p2p, data.path(), None)?;
    let callers = Arc::new(|peer: &str| Caller::new("peers", peer));
    let (reactor, starter) = ClusterHandle::new(settings, store, tasks, callers, Handle::current());
    let tools = Arc::new(Quick(AtomicU64::new(0)));
    match shared {
        false => starter.start(tools).await?,
        true => starter.start_in_one_runtime(tools),
    }
    Ok(Host { reactor, _data: data })
}

impl Host {
    /// Where it listens, with its name.
    pub(super) async fn address(&self) -> anyhow::Result<String> {
        for _ in 0..200 {
            let status = self.reactor.status().await;
            if let (Some(address), Some(peer)) = (status.listening.first(), status.peer_id) {
                return Ok(format!("{address}/p2p/{peer}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("a host does not listen")
    }

    pub(super) async fn connect(&self, to: &Self) -> anyhow::Result<()> {
        self.address().await?;
        let nodes = vec![to.address().await?];
        let answer = ask(&self.reactor, P2pRequest::PeerConnect { nodes, min_connections: 1, timeout_s: 10 }).await?;
        anyhow::ensure!(*at(&answer, "/connected") == 1, "the hosts do not connect: {answer}");
        Ok(())
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        Ok(tokio::task::spawn_blocking(move || self.reactor.stop()).await?)
    }
}

fn context() -> Arc<CallContext> {
    let caller = Caller { operator: true, ..Caller::local() };
    Arc::new(CallContext::new("bench".into(), caller).within(Duration::from_secs(600)))
}

pub(super) async fn ask(reactor: &ClusterHandle, request: P2pRequest) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&reactor.request(context(), request).await?)?)
}

pub(super) fn local() -> P2pRequest {
    P2pRequest::BootstrapList
}

/// One round trip to the connected peer.
pub(super) fn rpc() -> P2pRequest {
    P2pRequest::DiscoverWorkers { tool: None, max_peers: 1, timeout_s: 10 }
}

/// What a load came to.
pub(super) struct Took {
    pub(super) questions: usize,
    pub(super) time: Duration,
    /// Of each, in microseconds, sorted.
    pub(super) each: Vec<f64>,
}

impl Took {
    pub(super) fn at(&self, part: f64) -> f64 {
        let place = (self.each.len() as f64 * part) as usize;
        self.each.get(place.min(self.each.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    }

    pub(super) fn rate(&self) -> f64 {
        self.questions as f64 / self.time.as_secs_f64()
    }
}

/// Asks, `in_flight` at a time, so many questions or for so long, whatever ends first.
pub(super) async fn load(
    reactor: Arc<ClusterHandle>,
    request: fn() -> P2pRequest,
    in_flight: usize,
    most: usize,
    longest: Duration,
) -> anyhow::Result<Took> {
    let (start, left) = (Instant::now(), Arc::new(AtomicUsize::new(most)));
    let each = Arc::new(Mutex::new(Vec::with_capacity(most.min(1 << 16))));
    let mut lines = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let (reactor, left, each) = (reactor.clone(), left.clone(), each.clone());
        lines.spawn(async move {
            let one_less = |left: usize| left.checked_sub(1);
            while start.elapsed() < longest && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
            {
                let asked = Instant::now();
                reactor.request(context(), request()).await?;
                let took = asked.elapsed().as_secs_f64() * 1e6;
                each.lock().unwrap_or_else(PoisonError::into_inner).push(took);
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = lines.join_next().await {
        done??;
    }
    let time = start.elapsed();
    let mut each = std::mem::take(&mut *each.lock().unwrap_or_else(PoisonError::into_inner));
    each.sort_by(f64::total_cmp);
    Ok(Took { questions: each.len(), time, each })
}

pub(super) fn median(all: impl IntoIterator<Item = f64>) -> f64 {
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
