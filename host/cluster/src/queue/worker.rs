//! The workers of this host: they claim what it can run, from its own queue first and then from peers that offer, keep the
//! leases, and hand in what came of the work. Peers are asked beside each other and beside the own queue: one that never answers costs
//! the others nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use libp2p::PeerId;
use tandem_queue::{
    Beat, ClaimReq, Hint, LeaseRef, Leased, MAX_CLAIM, MAX_PRIORITY, Outcome, Reaped, TaskStore, TaskStoreError,
    WorkerInfo,
};
use tandem_reactor::{rpc::RpcError, trust::Conduct};
use tandem_types::{Access, Allow, Caller};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{LEASE, ProgressSink, QUEUE, Running, offers, outbox, remote, run, waits};
use crate::core::Core;

/// Between two counts of the tasks for the metrics.
const GAUGE: Duration = Duration::from_secs(1);
/// How long nobody is asked for work at most where nobody offers any.
const LONGEST: Duration = Duration::from_secs(60);
/// Between two looks whether tasks have told of progress, which go to the queue's host in one message for all.
const PROGRESS: Duration = Duration::from_millis(500);
/// A pause after the store failed, so that a full disk does not become a busy loop.
const TROUBLE: Duration = Duration::from_millis(500);

/// Works until it is dropped.
pub(crate) async fn work(core: Arc<Core>) {
    tokio::join!(
        claiming(core.clone()),
        offers::offering(core.clone()),
        renewing(core.clone()),
        upkeep(core.clone()),
        gauging(core.clone()),
        hints(core.clone()),
        waits::watch::watch(core.clone()),
        outbox::handing(&core)
    );
}

/// The name of this host's workers.
fn me(core: &Core) -> String {
    core.network.me.to_string()
}

/// What this host says of itself as a worker, kept until it changes or is due again.
#[derive(Default)]
struct Said {
    generation: Option<u64>,
    tools: Vec<String>,
    at: Option<Instant>,
}

impl Said {
    /// The tools that tasks may call here, for anybody: who may call which was checked when the task was submitted.
    fn tools(&mut self, core: &Core) -> &[String] {
        let Ok(tools) = core.tools() else { return &[] };
        let generation = Some(tools.generation());
        if self.generation != generation {
            let all = tools.list(&Caller::local());
            self.tools = all.into_iter().filter(|tool| !tool.local).map(|tool| tool.name).collect();
            (self.generation, self.at) = (generation, None);
        }
        &self.tools
    }

    /// Tells the store, so often that it does not forget.
    async fn say(&mut self, core: &Core, capacity: u32) -> Result<(), TaskStoreError> {
        if self.at.is_some_and(|at| at.elapsed() < LEASE) {
            return Ok(());
        }
        let info = WorkerInfo { worker: me(core), capacity, tools: self.tools.clone() };
        core.queue.tasks.worker_seen(info, LEASE * 3).await?;
        self.at = Some(Instant::now());
        Ok(())
    }
}

async fn claiming(core: Arc<Core>) {
    tokio::join!(from_own(core.clone()), from_peers(core));
}

async fn from_own(core: Arc<Core>) {
    let mut wakeups = core.queue.tasks.wakeups();
    let (mut tasks, mut said) = (JoinSet::new(), Said::default());
    loop {
        while tasks.try_join_next().is_some() {}
        match own(&core, &mut said, &mut tasks).await {
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "claiming tasks failed");
                tokio::time::sleep(TROUBLE).await;
            }
        }
        tokio::select! {
            Ok(()) = wakeups.changed() => {}
            () = core.queue.look.notified() => {}
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Claims from this host's queue until there is nothing more or no place.
async fn own(core: &Arc<Core>, said: &mut Said, tasks: &mut JoinSet<()>) -> Result<(), TaskStoreError> {
    loop {
        let (capacity, free) = core.queue.places();
        let tools = said.tools(core).to_vec();
        if free == 0 || tools.is_empty() {
            return Ok(());
        }
        said.say(core, capacity).await?;
        // The queue may have been shut down meanwhile: what is submitted after that is not claimed.
        let free = core.queue.places().1;
        if free == 0 {
            return Ok(());
        }
        let me = me(core);
        let claim = ClaimReq {
            worker: me.clone(),
            peer: Some(me),
            queues: vec![QUEUE.to_owned()],
            tools,
            tenants: None,
            max: free.min(MAX_CLAIM),
            lease: LEASE,
            max_priority: MAX_PRIORITY,
        };
        let leased = core.queue.tasks.claim(claim).await?;
        if leased.is_empty() {
            return Ok(());
        }
        for task in leased {
            // Who submitted it might call this tool, and a task calls nothing else.
            let mut caller = Caller::new(&task.tenant, &task.subject);
            caller.access = Access::everything().and(vec![Allow::Tool(task.tool.as_str().into())]);
            start(core, tasks, None, caller, task);
        }
    }
}

/// Claims from peers that said they have work, from several at a time, no more than there are places.
async fn from_peers(core: Arc<Core>) {
    let (mut tasks, mut asking) = (JoinSet::new(), FuturesUnordered::new());
    // Places that the peers which are being asked may fill.
    let mut promised = 0;
    loop {
        while tasks.try_join_next().is_some() {}
        loop {
            let free = core.queue.places().1.saturating_sub(promised);
            let Some(peer) = Some(free).filter(|free| *free > 0).and_then(|_| core.queue.offers.next()) else { break };
            let max = free.min(remote::MAX_TASKS);
            promised += max;
            let core = core.clone();
            asking.push(async move { (peer, max, ask(&core, peer, max).await) });
        }
        let again = core.queue.offers.again().unwrap_or_else(|| Instant::now() + LONGEST);
        tokio::select! {
            () = core.queue.offered.notified() => {}
            () = tokio::time::sleep_until(again.into()) => {}
            Some((peer, max, answer)) = asking.next() => {
                promised -= max;
                took(&core, &mut tasks, peer, answer).await;
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn ask(core: &Core, peer: PeerId, max: u32) -> Result<(Caller, Vec<Leased>), RpcError> {
    let caller = core.operator.caller(&peer.to_string());
    let tools = core.tools()?.list(&caller);
    let mine = tools.into_iter().filter(|tool| !tool.local).map(|tool| tool.name).collect();
    Ok((caller, remote::claim(core, peer, mine, max).await?))
}

async fn took(
    core: &Arc<Core>,
    tasks: &mut JoinSet<()>,
    peer: PeerId,
    answer: Result<(Caller, Vec<Leased>), RpcError>,
) {
    match answer {
        Ok((caller, leased)) => {
            if !leased.is_empty() {
                // There may be more where this came from.
                core.queue.offers.put(peer);
            }
            for task in leased {
                if core.queue.places().1 > 0 {
                    start(core, tasks, Some(peer), caller.clone(), task);
                } else {
                    // The own queue was quicker.
                    tasks.spawn(hand_back(core.clone(), peer, task.lease));
                }
            }
        }
        Err(error) => {
            tracing::debug!(%peer, %error, "a peer that offered tasks gave none");
            // Who is gone says so himself when he is back; who may give nothing here will not give it later.
            if !core.network.is_connected(&peer) || error.reason.as_deref() == Some("unauthorized") {
                return;
            }
            if error.is_transport() {
                core.queue.offers.ignore(peer, offers::IGNORED);
                core.report(peer, Conduct::Timeout);
            } else {
                core.queue.offers.ignore(peer, offers::REFUSED);
            }
        }
    }
}

async fn hand_back(core: Arc<Core>, peer: PeerId, lease: LeaseRef) {
    if let Err(error) = remote::finish(&core, peer, lease, Outcome::Release).await {
        tracing::debug!(%peer, %error, "a task that has no place here goes back when its lease ends");
    }
}

fn start(core: &Arc<Core>, tasks: &mut JoinSet<()>, of: Option<PeerId>, caller: Caller, task: Leased) {
    let (cancel, told) = (CancellationToken::new(), Arc::new(ProgressSink::default()));
    let running = Running { of, cancel: cancel.clone(), told: told.clone() };
    core.queue.running().insert(task.lease, running);
    let core = core.clone();
    tasks.spawn(async move {
        let begun = Instant::now();
        let outcome = run::run(&core, caller, &task, cancel, told).await;
        metrics::histogram!("tandem_p2p_task_duration_seconds").record(begun.elapsed().as_secs_f64());
        hand_in(&core, of, task.lease, outcome).await;
        core.queue.running().remove(&task.lease);
        core.queue.ended.notify_waiters();
        // A place came free for either.
        core.queue.look.notify_one();
        core.queue.offered.notify_one();
    });
}

/// Tells the queue's host what came of a task. Sending it again is harmless: the fence decides.
async fn hand_in(core: &Core, of: Option<PeerId>, lease: LeaseRef, outcome: Outcome) {
    if let Some(peer) = of {
        return outbox::hand_in(core, peer, lease, outcome).await;
    }
    if let Err(error) = core.queue.tasks.finish(&me(core), vec![(lease, outcome)]).await {
        tracing::warn!(task = %lease.id, %error, "task outcome rejected; it counts as lost when its lease expires");
    }
}

/// Renews all leases at a third of their time, those whose task has told of progress at once, and stops what is to be cancelled or
/// has lost its lease.
async fn renewing(core: Arc<Core>) {
    let mut all = Instant::now() + LEASE / 3;
    loop {
        tokio::time::sleep(PROGRESS).await;
        let due = all <= Instant::now();
        if due {
            all = Instant::now() + LEASE / 3;
        }
        let told: HashSet<LeaseRef> = match due {
            true => HashSet::new(),
            false => {
                core.queue.running().iter().filter(|(_, run)| run.told.has_news()).map(|(lease, _)| *lease).collect()
            }
        };
        if due || !told.is_empty() {
            renew(&core, |lease| due || told.contains(lease)).await;
        }
    }
}

async fn renew(core: &Core, which: impl Fn(&LeaseRef) -> bool) {
    let running: Vec<_> =
        core.queue.running().iter().filter(|(lease, _)| which(lease)).map(|(l, r)| (*l, r.clone())).collect();
    let hosts: HashSet<Option<PeerId>> = running.iter().map(|(_, running)| running.of).collect();
    let each = hosts.into_iter().map(|of| {
        let here = running.iter().filter(|(_, running)| running.of == of).collect();
        renew_at(core, of, here)
    });
    join_all(each).await;
}

/// Renews the leases of one host's queue.
async fn renew_at(core: &Core, of: Option<PeerId>, here: Vec<&(LeaseRef, Running)>) {
    let beats: Vec<_> = here.iter().map(|(lease, running)| (*lease, running.told.take())).collect();
    let answers = match of {
        None => core.queue.tasks.heartbeat(&me(core), beats).await.map_err(|error| error.to_string()),
        Some(peer) => remote::renew(core, peer, beats).await.map_err(|error| {
            if error.is_transport() {
                core.report(peer, Conduct::Timeout);
            }
            error.to_string()
        }),
    };
    match answers {
        Ok(answers) => {
            for ((lease, running), beat) in here.iter().zip(answers) {
                let reason = match beat {
                    Beat::Extended { .. } => continue,
                    Beat::CancelRequested { reason, .. } => reason,
                    Beat::Stale | Beat::Expired => "its lease is another's or over".to_owned(),
                };
                tracing::info!(task = %lease.id, reason, "task stopped");
                running.cancel.cancel();
            }
        }
        Err(error) => tracing::warn!(error, "lease renewal failed; the tasks run elsewhere when the leases expire"),
    }
}

/// Cancellations that should not wait for the next renewal.
async fn hints(core: Arc<Core>) {
    let mut hints = core.queue.tasks.hints();
    loop {
        match hints.recv().await {
            Ok(Hint::Cancel(hint)) => {
                if hint.worker == me(&core) {
                    renew(&core, |lease| *lease == hint.lease).await;
                } else if let Ok(peer) = hint.worker.parse() {
                    remote::renew_now(&core, peer, hint.lease);
                }
            }
            Ok(Hint::Begun(begun)) => core.flows.begun(begun),
            Ok(Hint::Ended(ended)) => core.flow_ended(&ended),
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => core.flow_missed(),
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Called when a peer says that a task which runs here is to stop.
pub(super) fn renew_now(core: &Arc<Core>, lease: LeaseRef) {
    let core = core.clone();
    tokio::spawn(async move { renew(&core, |own| *own == lease).await });
}

/// Ends leases that were not renewed, readies tasks whose time has come, and forgets old ones.
async fn upkeep(core: Arc<Core>) {
    // When each worker was blamed last. A host that went down with many tasks lost them by one fault.
    let mut blamed: HashMap<String, Instant> = HashMap::new();
    let lost = |lost: Reaped| {
        blamed.retain(|_, at| at.elapsed() < LEASE);
        if let (Ok(peer), false) = (lost.worker.parse(), blamed.contains_key(&lost.worker))
            && peer != core.network.me
        {
            blamed.insert(lost.worker, Instant::now());
            core.report(peer, Conduct::LostLease);
        }
    };
    tandem_queue::upkeep(&core.queue.tasks, lost).await;
}

/// Shows how many tasks are in each state, soon after that changes.
async fn gauging(core: Arc<Core>) {
    let mut wakeups = core.queue.tasks.wakeups();
    loop {
        core.queue.gauge().await;
        tokio::time::sleep(GAUGE).await;
        drop(tokio::time::timeout(GAUGE * 10, wakeups.changed()).await);
    }
}
