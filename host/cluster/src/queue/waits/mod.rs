//! Why a task waits, and what would end that. Worked out when somebody asks: nothing of it is stored.
//!
//! **Promises.** A reason is one of a closed list ([`Reason`]), true of what this host knows at that moment, and comes with what
//! mends it. Where several hosts could run the task, the reason is that of the host that is nearest to running it; `details`
//! names the others.
//!
//! **Bounds.** [`SHOWN`] hosts and tools in one explanation; a reason is logged once in [`watch::PAUSE`].

mod hosts;
mod notes;
mod reason;
pub(super) mod watch;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};
use tandem_queue::{Hold, ReadyLane, Scope, TaskRow, TaskState, TaskStore as _, TaskStoreError, Timestamp};

pub(crate) use notes::{ClaimNotes, Trust};
pub use reason::Reason;

use super::QUEUE;
use crate::core::Core;

/// Hosts or tools that one explanation names.
const SHOWN: usize = 8;

/// What a worker looks at to see whether a task is for it.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    tenant: &'a str,
    tool: &'a str,
    target: Option<&'a str>,
    priority: u8,
}

/// Why a task waits.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) reason: Reason,
    remedy: String,
    since: Option<Timestamp>,
    details: Map<String, Value>,
}

impl Wait {
    fn new(reason: Reason, remedy: impl Into<String>) -> Self {
        Self { reason, remedy: remedy.into(), since: None, details: Map::new() }
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// As tools answer it.
    pub(crate) fn shown(self) -> Value {
        let mut shown = json!({"reason": self.reason, "remedy": self.remedy});
        if let Value::Object(shown) = &mut shown {
            shown.extend(self.since.map(|since| ("since".to_owned(), super::moment(since).into())));
            if !self.details.is_empty() {
                shown.insert("details".to_owned(), Value::Object(self.details));
            }
        }
        shown
    }
}

/// Why one task waits; none when it does not. `seen` keeps what was found of tasks that no worker tells apart: a page of a
/// list has many of them.
pub(crate) async fn of_task(core: &Core, row: &TaskRow, seen: &mut Seen) -> Result<Option<Wait>, TaskStoreError> {
    let run_at = row.run_at.map(super::moment);
    Ok(match row.state {
        TaskState::Scheduled => {
            let remedy = "wait for its time, or move that: `p2p_taskqueue_update_task` with another `run_at`";
            let wait = Wait::new(Reason::NotDue, remedy).with("run_at", run_at);
            Some(Wait { since: Some(row.created_at), ..wait })
        }
        TaskState::Retrying => {
            let remedy = "wait for the next attempt; `error` says why the last one failed";
            let wait = Wait::new(Reason::RetryBackoff, remedy).with("run_at", run_at).with("attempt", row.attempt);
            Some(wait.with("max_attempts", row.retry.max_attempts))
        }
        TaskState::Ready => {
            let key = (row.tenant.clone(), row.tool.clone(), row.target_peer.clone(), row.priority);
            let known = seen.0.get(&key).cloned();
            let wait = match known {
                Some(wait) => wait,
                None => {
                    let wanted = Wanted {
                        tenant: &row.tenant,
                        tool: &row.tool,
                        target: row.target_peer.as_deref(),
                        priority: row.priority,
                    };
                    let wait = of(core, wanted, &mut seen.1).await?;
                    seen.0.insert(key, wait.clone());
                    wait
                }
            };
            Some(Wait { since: row.ready_since, ..wait })
        }
        TaskState::Leased | TaskState::Succeeded | TaskState::Failed | TaskState::Dead | TaskState::Cancelled => None,
    })
}

/// What was found already while one answer is made.
#[derive(Default)]
pub(crate) struct Seen(BTreeMap<(String, String, Option<String>, u8), Wait>, HoldReasons);

/// By tenant.
type HoldReasons = BTreeMap<String, Option<Hold>>;

async fn of(core: &Core, wanted: Wanted<'_>, holds: &mut HoldReasons) -> Result<Wait, TaskStoreError> {
    let hold = match holds.get(wanted.tenant) {
        Some(hold) => *hold,
        None => {
            let hold = core.queue.tasks.hold(wanted.tenant, QUEUE).await?;
            holds.insert(wanted.tenant.to_owned(), hold);
            hold
        }
    };
    Ok(match hold {
        Some(Hold::Paused) => Wait::new(
            Reason::QueuePaused,
            "the operator paused the queue of this host; `tandem tasks resume` ends that",
        ),
        Some(Hold::Running(most)) => {
            let remedy = format!("wait until some of your {most} running tasks have ended, or cancel some");
            Wait::new(Reason::RunningLimit, remedy).with("running", most)
        }
        None => hosts::explain(core, wanted),
    })
}

/// Tasks that wait for a worker, for the same reason.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingTasks {
    /// Why.
    pub reason: Reason,
    /// What mends it, for the task that waits longest.
    pub remedy: String,
    /// How many.
    pub tasks: u64,
    /// How many of them wait for over a minute.
    pub over_a_minute: u64,
    /// Seconds that the oldest one waits.
    pub oldest_s: f64,
    /// Their tools, the first eight.
    pub tools: BTreeSet<String>,
}

/// What waits for a worker, by reason.
pub(crate) async fn groups(core: &Core, scope: Scope) -> Result<Vec<WaitingTasks>, TaskStoreError> {
    let now = core.queue.tasks.now();
    let lanes = core.queue.tasks.ready(scope, now.minus(core.settings.long_wait)).await?;
    let (mut groups, mut holds) = (BTreeMap::<Reason, WaitingTasks>::new(), HoldReasons::new());
    for lane in lanes {
        let ReadyLane { tenant, tool, target_peer, priority, tasks, long, oldest, .. } = lane;
        let wanted = Wanted { tenant: &tenant, tool: &tool, target: target_peer.as_deref(), priority };
        let Wait { reason, remedy, .. } = of(core, wanted, &mut holds).await?;
        let oldest_s = now.since(oldest).as_secs_f64();
        let group = groups.entry(reason).or_insert_with(|| WaitingTasks {
            reason,
            remedy: String::new(),
            tasks: 0,
            over_a_minute: 0,
            oldest_s: -1.0,
            tools: BTreeSet::new(),
        });
        (group.tasks, group.over_a_minute) = (group.tasks + tasks, group.over_a_minute + long);
        if oldest_s > group.oldest_s {
            (group.oldest_s, group.remedy) = (oldest_s, remedy);
        }
        if group.tools.len() < SHOWN {
            group.tools.insert(tool);
        }
    }
    Ok(groups.into_values().collect())
}
