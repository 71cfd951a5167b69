//! The tools for those who run tasks, and for those who look after the queue.

use tandem_p2p_forms::{AtMost, Id, ToolName, answer, document, within};
use tandem_sdk::p2p::task_queue;
use tandem_sdk::prelude::*;

use crate::answers::{Announced, Crew, Drained, Peers, Queue};
use crate::leases::{Claimed, Finished, Renewed};

/// Most tools of an announcement: as many as one plugin may have.
const MAX_TOOLS: usize = 1_000;

/// Longest life of an announcement: a day, in seconds. A host that is gone is forgotten by then.
const MAX_TTL_S: u32 = 24 * 3_600;

/// How far the work on a task is.
#[data]
#[derive(Debug)]
#[serde(deny_unknown_fields)]
struct Report {
    /// How much is done.
    current: u64,
    /// How much there is to do, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// What is being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_000))]
    message: Option<String>,
}

/// Tools of a worker.
#[data]
#[derive(Debug)]
#[serde(transparent)]
#[schemars(extend("minItems" = 1, "maxItems" = MAX_TOOLS))]
struct Claimable(Vec<ToolName>);

/// How a worker's attempt ended.
#[data]
#[derive(Clone, Copy, Debug)]
#[serde(rename_all = "lowercase")]
enum Ending {
    /// Well.
    Ok,
    /// Badly, and another attempt may help.
    Retry,
    /// Badly, and no other attempt would help.
    Fatal,
    /// Not by this worker: another one gets it, and no attempt is counted.
    Release,
}

/// The kind of a worker's error.
#[data]
#[derive(Clone, Copy, Debug)]
#[serde(rename_all = "snake_case")]
enum ErrorCode {
    /// The tool says so.
    Failed,
    /// The arguments are wrong.
    InvalidArgument,
    /// Something that they name is not there.
    NotFound,
    /// The worker may not do it.
    Unauthorized,
    /// A bound was reached.
    LimitExceeded,
    /// It did not end in time.
    Timeout,
    /// It cannot be done now.
    Unavailable,
    /// The tool's answer is none.
    BadOutput,
    /// It was cancelled while it ran.
    Cancelled,
    /// The worker stopped.
    Interrupted,
}

/// Those who run tasks.
#[derive(Debug)]
pub struct Workers;

#[tools]
impl Workers {
    /// Gives the queue in numbers: tasks per state, the age of the oldest waiting one, and how many end per second.
    #[tool(read_only, idempotent, title = "Status of the queue")]
    fn p2p_taskqueue_status(
        /// Whether to give the numbers by tool and by priority too.
        #[arg(default = false)]
        detail: bool,
    ) -> Result<Queue> {
        answer("task-queue.queue-status", task_queue::queue_status(detail))
    }

    /// Tells who runs tasks, how many, how fast and how reliably, over all tenants.
    /// Errors: `unauthorized` (callers who sign in need the scope `tandem:operate`).
    #[tool(read_only, idempotent, title = "Workers of the queue")]
    fn p2p_taskqueue_worker_stats(
        /// Only this worker, by its peer id.
        #[arg(min_length = 1, max_length = 128)]
        worker: Option<String>,
    ) -> Result<Crew> {
        answer("task-queue.worker-stats", task_queue::worker_stats(worker.as_deref()))
    }

    /// Asks the connected hosts what they can run and how much of it. Use it to choose the `target_peer` of a task, or to see
    /// whether anybody has a tool.
    #[tool(read_only, idempotent, open_world, title = "Find hosts that run tasks")]
    fn p2p_taskqueue_discover_peers(
        ctx: &Ctx,
        /// Only hosts that have this tool.
        tool: Option<ToolName>,
        /// How many hosts to give at most.
        #[arg(default = 10, min = 1, max = 1_000)]
        max_peers: u32,
        /// Seconds to wait for answers.
        #[arg(default = 5, min = 1, max = 60)]
        timeout_s: u32,
    ) -> Result<Peers> {
        let tool = tool.as_ref().map(ToolName::as_str);
        answer("task-queue.discover-peers", task_queue::discover_peers(tool, max_peers, within(ctx, timeout_s)))
    }

    /// Tells the connected hosts what this host runs, so that they hand it tasks. It is what others are told, and no limit of what
    /// this host takes.
    /// Errors: `not_found` (this host has no such tool), `unauthorized` (callers who sign in need the scope `tandem:operate`).
    #[tool(idempotent, open_world, title = "Announce what this host runs")]
    fn p2p_taskqueue_announce(
        /// The tools to offer, at most 1000; all that are loaded unless given.
        tools: Option<AtMost<MAX_TOOLS, ToolName>>,
        /// Tasks at a time to tell of; as the host is configured unless given. A host that tells of 0 is chosen for no step.
        #[arg(max = 1_024)]
        capacity: Option<u32>,
        /// Seconds until the others forget it, at most a day.
        #[arg(default = 300, min = 1, max = MAX_TTL_S)]
        ttl_s: u32,
    ) -> Result<Announced> {
        let tools: Option<Vec<String>> = tools.map(|tools| tools.0.into_iter().map(|tool| tool.0).collect());
        answer("task-queue.announce", task_queue::announce(tools.as_deref(), capacity, ttl_s))
    }

    /// Gives tasks of yours to a worker outside of all hosts, which then runs their tools itself: it renews each lease with
    /// `p2p_taskqueue_heartbeat` and ends it with `p2p_taskqueue_finish`, both with the `fence` that comes here. Tasks that are
    /// for one host are not given. Errors: `unauthorized` (a peer in an open network).
    #[tool(title = "Claim tasks for a worker")]
    fn p2p_taskqueue_claim(
        ctx: &Ctx,
        /// The tools that the worker can run, at most 1000; it gets calls of no others.
        tools: Claimable,
        /// How many tasks to take at most.
        #[arg(default = 1, min = 1, max = 4)]
        max: u32,
        /// Seconds until a task goes to another worker, unless its lease is renewed.
        #[arg(default = 30, min = 1, max = 600)]
        lease_s: u32,
        /// Seconds to wait where there is no task, less where this call may not take that long.
        #[arg(default = 0, max = 60)]
        wait_s: u32,
    ) -> Result<Claimed> {
        let request = json!({ "tools": tools, "max": max, "lease_s": lease_s, "wait_s": within(ctx, wait_s) });
        answer("task-queue.claim", task_queue::claim(&document(request)))
    }

    /// Hands in what came of a task that you have claimed. With `retry` it is tried again as its policy says, with `fatal` it has
    /// failed, with `release` another worker gets it and no attempt is counted. Sent again with the same fence it changes nothing.
    /// Errors: `not_found`, `stale_fence` (you do not hold the lease), `lease_expired`, `limit_exceeded` (a result over
    /// `p2p.task-queue.max-result`).
    #[tool(idempotent, title = "Hand in a task's outcome")]
    fn p2p_taskqueue_finish(
        /// The task.
        task_id: Id,
        /// The fence that came with the claim.
        fence: u64,
        /// How it ended.
        outcome: Ending,
        /// With `ok`: what the tool gave, any JSON; null unless given.
        result: Option<Value>,
        /// With `retry` and `fatal`: why.
        #[arg(min_length = 1, max_length = 4_000)]
        error: Option<String>,
        /// With these: the kind of the error; `failed` unless given.
        error_code: Option<ErrorCode>,
    ) -> Result<Finished> {
        let outcome = document(json!({ "outcome": outcome, "result": result, "error": error, "code": error_code }));
        answer("task-queue.finish", task_queue::finish(task_id.as_str(), fence, &outcome))
    }

    /// Renews the lease of a task that you have claimed, and reports its progress. Call it at a third of the lease; the hosts'
    /// own workers renew by themselves. Errors: `not_found`, `stale_fence` (you do not hold the lease), `lease_expired`: stop
    /// working on the task then.
    #[tool(idempotent, title = "Renew a task's lease")]
    fn p2p_taskqueue_heartbeat(
        /// The task.
        task_id: Id,
        /// The fence that came with the claim.
        fence: u64,
        /// How far the work is.
        progress: Option<Report>,
    ) -> Result<Renewed> {
        let progress = progress.map(|report| document(json!(report)));
        answer("task-queue.heartbeat", task_queue::heartbeat(task_id.as_str(), fence, progress.as_deref()))
    }

    /// Stops this host from taking tasks. Running ones may end within `drain_s` seconds; those that do not go back to the
    /// queue, for other hosts, without an attempt being counted. One that may not run again fails (`interrupted`).
    /// Errors: `unauthorized` (callers who sign in need the scope `tandem:operate`).
    #[tool(destructive, idempotent, title = "Stop taking tasks")]
    fn p2p_taskqueue_shutdown(
        ctx: &Ctx,
        /// Seconds that running tasks get, less where this call may not take that long.
        #[arg(default = 30, max = 300)]
        drain_s: u32,
    ) -> Result<Drained> {
        answer("task-queue.shutdown", task_queue::shutdown(within(ctx, drain_s)))
    }
}
