//! The tools for those who submit tasks.

use tandem_p2p_forms::{Id, Moment, PeerId, Retry, Tag, Tags, ToolName, answer, document, within};
use tandem_sdk::p2p::task_queue;
use tandem_sdk::prelude::*;
use tandem_sdk::serde_json::Map;

use crate::answers::{Cancelled, Moved, Outcome, Page, Resubmitted, State, Submitted, Task};

/// What a task takes at most: a week, in seconds. A longer one holds its worker for good.
const MAX_TIMEOUT_S: u32 = 7 * 24 * 3_600;

/// How long an ended task is kept at most: a month, in seconds. The store is no archive.
const MAX_RETENTION_S: u32 = 30 * 24 * 3_600;

/// Those who submit and follow tasks.
#[derive(Debug)]
pub struct Tasks;

#[tools]
impl Tasks {
    /// Queues a call of a tool, durably, to be run by this host or any other of the network that has the tool. Use it for
    /// calls that take long, may be retried or should survive a restart; follow it with `p2p_taskqueue_get_result`. A tool that is
    /// neither read-only nor idempotent is run once, unless `retry` says otherwise; any other one is run at least once: a lost worker
    /// is replaced. Errors: `invalid_argument` (`timeout_s` is longer than the tool's own deadline), `limit_exceeded` (too many of your tasks wait), `unauthorized`
    /// (your tasks may not be that urgent), `idempotency_conflict` (the key was used with another task).
    #[tool(open_world, title = "Submit a task")]
    fn p2p_taskqueue_submit(
        /// The tool to call.
        tool: ToolName,
        /// Its arguments.
        arguments: Map<String, Value>,
        /// 10 goes first. The usual 5 is less where the operator lets your tasks have less; asking for more than that is refused.
        #[arg(default = 5, max = 10)]
        priority: u8,
        /// Seconds that one attempt may take, at most the tool's own deadline; that, or an hour if it is longer, unless given.
        #[arg(min = 1, max = MAX_TIMEOUT_S)]
        timeout_s: Option<u32>,
        /// What happens after a failed attempt or a lost worker. Without it a read-only or idempotent tool gets three attempts, and any
        /// other one is not run again: it may have had effects.
        retry: Option<Retry>,
        /// When it may start at the earliest, as `2026-03-01T12:00:00Z`; at once unless given.
        run_at: Option<Moment>,
        /// Words to find it by, at most 32.
        tags: Option<Tags>,
        /// Only this host may run it.
        target_peer: Option<PeerId>,
        /// With the same key and the same task a second submit answers as the first and queues nothing.
        #[arg(min_length = 1, max_length = 256)]
        idempotency_key: Option<String>,
        /// Seconds that task and result are kept after the end, at most 30 days; less where you have more ended tasks than the operator
        /// keeps (`tasks.ended-per-tenant`).
        #[arg(default = 86_400, max = MAX_RETENTION_S)]
        retention_s: u32,
    ) -> Result<Submitted> {
        let task = json!({
            "tool": tool, "arguments": arguments, "priority": priority, "timeout_s": timeout_s, "retry": retry,
            "run_at": run_at, "tags": tags, "target_peer": target_peer, "idempotency_key": idempotency_key,
            "retention_s": retention_s,
        });
        answer("task-queue.submit", task_queue::submit(&document(task)))
    }

    /// Tells how far a task is: its state, attempt, worker and progress; while it waits, `waits_for` says why and what ends
    /// that. Errors: `not_found`.
    #[tool(read_only, idempotent, title = "Status of a task")]
    fn p2p_taskqueue_task_status(
        /// The task.
        task_id: Id,
    ) -> Result<Task> {
        answer("task-queue.task-status", task_queue::task_status(task_id.as_str()))
    }

    /// Gives what a task came to. With `wait_s` it waits for the end of the task, and answers with the task's state when that
    /// does not come in time. A failed task is no error of this tool: its `error` says why it failed. Errors: `not_found`.
    #[tool(read_only, idempotent, title = "Result of a task")]
    fn p2p_taskqueue_get_result(
        ctx: &Ctx,
        /// The task.
        task_id: Id,
        /// Seconds to wait for the end, less where this call may not take that long; 0 does not wait.
        #[arg(default = 0, max = 300)]
        wait_s: u32,
    ) -> Result<Outcome> {
        answer("task-queue.get-result", task_queue::get_result(task_id.as_str(), within(ctx, wait_s)))
    }

    /// Cancels a task. A waiting one ends at once; the worker of a running one is told when it renews its lease, and the tool
    /// is interrupted: it may have had effects. Errors: `not_found`, `conflict` (it has ended).
    #[tool(destructive, idempotent, title = "Cancel a task")]
    fn p2p_taskqueue_cancel(
        /// The task.
        task_id: Id,
        /// Why, for those who look at the task later.
        #[arg(min_length = 1, max_length = 1_000)]
        reason: Option<String>,
    ) -> Result<Cancelled> {
        answer("task-queue.cancel", task_queue::cancel(task_id.as_str(), reason.as_deref()))
    }

    /// Lists your tasks, newest first, in pages. What is given must all fit.
    #[tool(read_only, idempotent, title = "List tasks")]
    fn p2p_taskqueue_list_tasks(
        /// Only tasks in this state.
        state: Option<State>,
        /// Only calls of this tool.
        tool: Option<ToolName>,
        /// Only tasks with this tag.
        tag: Option<Tag>,
        /// Only tasks that this worker has or had last, by its peer id.
        #[arg(min_length = 1, max_length = 128)]
        worker: Option<String>,
        /// Only the steps of this workflow.
        workflow: Option<Id>,
        /// How many a page has at most.
        #[arg(default = 100, min = 1, max = 1_000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        #[arg(min_length = 1, max_length = 1_024)]
        cursor: Option<String>,
    ) -> Result<Page> {
        let filter = json!({
            "state": state, "tool": tool, "tag": tag, "worker": worker, "workflow": workflow, "limit": limit, "cursor": cursor,
        });
        answer("task-queue.list-tasks", task_queue::list_tasks(&document(filter)))
    }

    /// Changes a task that has not ended. What is given replaces what was there. Errors: `not_found`, `conflict` (it has
    /// ended, or runs and this cannot be changed any more).
    #[tool(idempotent, title = "Change a task")]
    fn p2p_taskqueue_update_task(
        /// The task.
        task_id: Id,
        /// Words to find it by, at most 32.
        tags: Option<Tags>,
        /// Seconds that one attempt may take, at most the tool's own deadline.
        #[arg(min = 1, max = MAX_TIMEOUT_S)]
        timeout_s: Option<u32>,
        /// When it may start at the earliest, as `2026-03-01T12:00:00Z`.
        run_at: Option<Moment>,
        /// Anything to keep with the task.
        metadata: Option<Map<String, Value>>,
    ) -> Result<Task> {
        if tags.is_none() && timeout_s.is_none() && run_at.is_none() && metadata.is_none() {
            return Err(Error::invalid_arguments(
                "nothing to change: give `tags`, `timeout_s`, `run_at` or `metadata`",
            ));
        }
        let patch = json!({ "tags": tags, "timeout_s": timeout_s, "run_at": run_at, "metadata": metadata });
        answer("task-queue.update-task", task_queue::update_task(task_id.as_str(), &document(patch)))
    }

    /// Moves a waiting task before or behind others. Errors: `not_found`, `conflict` (it does not wait any more), `unauthorized` (your
    /// tasks may not be that urgent).
    #[tool(idempotent, title = "Change a task's priority")]
    fn p2p_taskqueue_priority(
        /// The task.
        task_id: Id,
        /// 10 goes first.
        #[arg(max = 10)]
        priority: u8,
    ) -> Result<Moved> {
        answer("task-queue.set-priority", task_queue::set_priority(task_id.as_str(), priority))
    }

    /// Queues a task again that has ended or failed, as a new task. Each call makes another one. Errors: `not_found`, `conflict` (it has
    /// not ended).
    #[tool(open_world, title = "Submit a task again")]
    fn p2p_taskqueue_resubmit(
        /// The task that has ended.
        task_id: Id,
        /// Other arguments for the tool; the same unless given.
        arguments: Option<Map<String, Value>>,
        /// Another priority; 10 goes first. The same unless given.
        #[arg(max = 10)]
        priority: Option<u8>,
    ) -> Result<Resubmitted> {
        let arguments = arguments.map(|arguments| Value::Object(arguments).to_string());
        answer("task-queue.resubmit", task_queue::resubmit(task_id.as_str(), arguments.as_deref(), priority))
    }
}
