//! What tasks need while the host lives: leases are renewed, cancellations heard, and tasks that another life of this host
//! left behind are run again where that is safe. Nothing here looks whether something has happened: the store tells.

use std::{sync::Arc, time::Duration};

use rmcp::model::CallToolResult;
use serde_json::{Map, Value};
use tandem_engine::{CallContext, ClientCapabilities};
use tandem_queue::{
    Beat, ClaimReq, FailureCode, Hint, Leased, MAX_BATCH, MAX_PRIORITY, MAX_TOOLS, Outcome, TaskStore as _,
    TaskStoreError,
};
use tandem_router::Arguments;
use tandem_types::{Access, Allow, Caller};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{
    limits::LEASE,
    run,
    running::{RunningTask, Stop},
    table::{QUEUE, Tasks},
};
use crate::{
    mcp::{
        client_port::{PortOptions, Threshold},
        driver::CallDriver,
        mrtr::Answers,
        result::ResponseMeta,
        tools,
    },
    state::AppState,
};

/// Tasks that are claimed in one transaction.
const SWEEP: u32 = 256;
/// How long it pauses after the store failed.
const TROUBLE: Duration = Duration::from_secs(1);
/// What a stopped guest gets to clean up, before its task is left to its lease.
const GRACE: Duration = Duration::from_secs(5);

/// Works until `stop`, and then brings what runs to its end: it gets the drain time, as calls do, and is stopped then.
/// `upkeep`: nobody else ends leases and forgets old tasks.
pub(crate) async fn keep(shared: Arc<AppState>, tasks: Arc<Tasks>, upkeep: bool, stop: CancellationToken) {
    let ending = async {
        stop.cancelled().await;
        if tokio::time::timeout(shared.config.drain, idle(&tasks)).await.is_err() {
            tasks.all().iter().for_each(|live| live.stop(Stop::Host));
            drop(tokio::time::timeout(GRACE, idle(&tasks)).await);
        }
    };
    let until_stop = async {
        let works = async {
            tokio::join!(claiming(&shared, &tasks), hearing(&tasks), sweeping(&tasks, upkeep));
        };
        stop.run_until_cancelled(works).await;
        // Leases go on until the last task has ended.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = ending => {}
        () = renewing(&tasks) => {}
        () = until_stop => {}
    }
}

/// Waits until no task runs here.
async fn idle(tasks: &Tasks) {
    loop {
        let mut ended = std::pin::pin!(tasks.ended.notified());
        ended.as_mut().enable();
        if tasks.lock().is_empty() {
            return;
        }
        ended.await;
    }
}

async fn renewing(tasks: &Tasks) {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        renew(tasks).await;
    }
}

/// Renews all leases, and stops what is to be cancelled or has lost its own.
async fn renew(tasks: &Tasks) {
    let running = tasks.all();
    for some in running.chunks(MAX_BATCH) {
        let beats = some.iter().map(|live| (live.lease, live.news())).collect();
        match tasks.store.heartbeat(&tasks.worker, beats).await {
            Ok(answers) => {
                for (live, beat) in some.iter().zip(answers) {
                    match beat {
                        Beat::Extended { .. } => {}
                        Beat::CancelRequested { .. } => live.stop(Stop::Cancelled),
                        Beat::Expired | Beat::Stale => live.stop(Stop::Lost),
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "tasks: lease renewal failed"),
        }
    }
}

/// Cancellations that did not come through this gateway.
async fn hearing(tasks: &Tasks) {
    let mut hints = tasks.store.hints();
    loop {
        match hints.recv().await {
            Ok(Hint::Cancel(hint)) if hint.worker == tasks.worker => {
                if let Some(live) = tasks.of(&hint.lease.id) {
                    live.stop(Stop::Cancelled);
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => renew(tasks).await,
            Err(RecvError::Closed) => return,
        }
    }
}

/// Runs tasks that were handed back, or whose host has gone, as soon as there are some and their tools are there.
async fn claiming(shared: &Arc<AppState>, tasks: &Arc<Tasks>) {
    let (mut wakeups, mut changes) = (tasks.store.wakeups(), shared.router.changes());
    loop {
        let mut ended = std::pin::pin!(tasks.ended.notified());
        ended.as_mut().enable();
        while let Err(error) = claim(shared, tasks).await {
            tracing::error!(%error, "tasks: claim failed");
            tokio::time::sleep(TROUBLE).await;
        }
        tokio::select! {
            woken = wakeups.changed() => if woken.is_err() { return },
            // That some changes were missed is a change.
            change = changes.recv() => if matches!(change, Err(RecvError::Closed)) { return },
            () = ended => {}
        }
    }
}

async fn claim(shared: &Arc<AppState>, tasks: &Arc<Tasks>) -> Result<(), TaskStoreError> {
    let view = shared.router.view(&Caller::local());
    let tools: Vec<_> = view
        .tools()
        .filter(|tool| tool.is_repeatable())
        .map(|tool| tool.descriptor.name.clone())
        .take(MAX_TOOLS)
        .collect();
    loop {
        let free = shared.config.task_limit.saturating_sub(tasks.lock().len());
        if tools.is_empty() || free == 0 {
            return Ok(());
        }
        let claim = ClaimReq {
            worker: tasks.worker.clone(),
            peer: None,
            queues: vec![QUEUE.to_owned()],
            tools: tools.clone(),
            tenants: None,
            max: u32::try_from(free).unwrap_or(u32::MAX).min(SWEEP),
            lease: LEASE,
            max_priority: MAX_PRIORITY,
        };
        let leased = tasks.store.claim(claim).await?;
        if leased.is_empty() {
            return Ok(());
        }
        for task in leased {
            again(shared, tasks, task).await;
        }
    }
}

/// Runs a task another time, as its caller; a row that does not say what that caller may call allows the task's tool.
async fn again(shared: &Arc<AppState>, tasks: &Arc<Tasks>, task: Leased) {
    let Ok(Value::Object(arguments)) = serde_json::from_str(&task.arguments) else {
        let outcome = Outcome::fatal(FailureCode::InvalidArgument, "the arguments are not an object");
        drop(tasks.store.finish(&tasks.worker, vec![(task.lease, outcome)]).await);
        return;
    };
    let stored = tasks.store.get(&task.tenant, task.lease.id).await.ok().flatten();
    let metadata = stored.and_then(|stored| stored.row.metadata);
    tracing::info!(task = %task.lease.id, tool = task.tool, attempt = task.attempt, "tasks: task restarted");
    let mut caller = Caller::new(&task.tenant, &task.subject);
    let tool = || Access::everything().and(vec![Allow::Tool(task.tool.as_str().into())]);
    caller.access = task.access.clone().unwrap_or_else(tool);
    let permit = tasks.permit(&caller.tenant);
    let live = RunningTask::new(task.lease, task.attempt, true, tasks.store.now(), permit);
    let live = tasks.enter(live);
    let driver = driver(shared, caller, &task, arguments, metadata.as_deref());
    run::start(tasks.clone(), live, Box::new(driver));
}

fn driver(
    shared: &Arc<AppState>,
    caller: Caller,
    task: &Leased,
    arguments: Map<String, Value>,
    metadata: Option<&str>,
) -> CallDriver<CallToolResult> {
    let options = PortOptions { progress: true, threshold: Threshold::new(None), capabilities: capabilities(metadata) };
    let request_id: Arc<str> = format!("{}/{}", task.lease.id, task.attempt).into();
    let (router, tool) = (shared.router.clone(), task.tool.clone());
    CallDriver::detached(options, Answers::new(), |port, cancel| {
        let cx = CallContext { cancel, client: Some(port), ..CallContext::new(request_id.clone(), caller) };
        let arguments = Arguments { members: arguments, exact: None };
        tools::alone(router, cx, tool, arguments, ResponseMeta::of(shared, request_id))
    })
}

/// What the client could be asked when the task began.
fn capabilities(metadata: Option<&str>) -> ClientCapabilities {
    let metadata: Value = metadata.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let can = |what: &str| metadata.pointer(&format!("/client/{what}")) == Some(&Value::Bool(true));
    ClientCapabilities { elicitation: can("elicitation"), sampling: can("sampling"), roots: can("roots") }
}

/// Ends leases that nobody renews, readies what waits, and forgets what is over its time.
async fn sweeping(tasks: &Tasks, upkeep: bool) {
    if !upkeep {
        std::future::pending::<()>().await;
    }
    tandem_queue::upkeep(&tasks.store, |_| {}).await;
}
