//! The reason of each waiting task, and of all that wait, by reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use tandem_queue::{Hold, ReadyLane, Scope, SqliteTasks, TaskRow, TaskState, TaskStore as _, TaskStoreError};

use super::{
    hosts::HostObstacles,
    reason::Reason,
    wait::{SHOWN, TaskNeeds, Wait},
};
use crate::{format::rfc3339, limits::QUEUE};

/// What was found already while one answer is made: a page of a list has many tasks that no worker tells apart.
#[derive(Default)]
pub(crate) struct ExplainCache {
    waits: BTreeMap<(String, String, Option<String>, u8), Wait>,
    holds: Holds,
}

/// By tenant.
type Holds = BTreeMap<String, Option<Hold>>;

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

impl WaitingTasks {
    fn new(reason: Reason) -> Self {
        let (remedy, tools) = (String::new(), BTreeSet::new());
        Self { reason, remedy, tasks: 0, over_a_minute: 0, oldest_s: -1.0, tools }
    }
}

/// See the module.
pub(crate) struct WaitExplainer {
    pub(in crate::queue) tasks: SqliteTasks,
    pub(in crate::queue) hosts: HostObstacles,
    /// How long a task waits for a worker before that is worth a line of the log.
    pub(in crate::queue) long_wait: Duration,
}

impl WaitExplainer {
    /// Why one task waits; none when it does not.
    pub(crate) async fn of_task(
        &self,
        row: &TaskRow,
        cache: &mut ExplainCache,
    ) -> Result<Option<Wait>, TaskStoreError> {
        Ok(match row.state {
            TaskState::Scheduled => {
                let remedy = "wait for its time, or move that: `p2p_taskqueue_update_task` with another `run_at`";
                let wait = Wait::new(Reason::NotDue, remedy).with("run_at", row.run_at.map(rfc3339));
                Some(wait.since(Some(row.created_at)))
            }
            TaskState::Retrying => {
                let remedy = "wait for the next attempt; `error` says why the last one failed";
                let wait = Wait::new(Reason::RetryBackoff, remedy)
                    .with("run_at", row.run_at.map(rfc3339))
                    .with("attempt", row.attempt)
                    .with("max_attempts", row.retry.max_attempts);
                Some(wait)
            }
            TaskState::Ready => Some(self.of_ready(row, cache).await?.since(row.ready_since)),
            TaskState::Leased | TaskState::Succeeded | TaskState::Failed | TaskState::Dead | TaskState::Cancelled => {
                None
            }
        })
    }

    async fn of_ready(&self, row: &TaskRow, cache: &mut ExplainCache) -> Result<Wait, TaskStoreError> {
        let key = (row.tenant.clone(), row.tool.clone(), row.target_peer.clone(), row.priority);
        if let Some(wait) = cache.waits.get(&key) {
            return Ok(wait.clone());
        }
        let needs = TaskNeeds {
            tenant: &row.tenant,
            tool: &row.tool,
            target: row.target_peer.as_deref(),
            priority: row.priority,
        };
        let wait = self.explain(needs, &mut cache.holds).await?;
        cache.waits.insert(key, wait.clone());
        Ok(wait)
    }

    async fn explain(&self, needs: TaskNeeds<'_>, holds: &mut Holds) -> Result<Wait, TaskStoreError> {
        let hold = match holds.get(needs.tenant) {
            Some(hold) => *hold,
            None => {
                let hold = self.tasks.hold(needs.tenant, QUEUE).await?;
                holds.insert(needs.tenant.to_owned(), hold);
                hold
            }
        };
        Ok(match hold {
            Some(Hold::Paused) => Wait::new(
                Reason::QueuePaused,
                "the operator paused the queue of this host; `tandem task resume` ends that",
            ),
            Some(Hold::Running(most)) => {
                let remedy = format!("wait until some of your {most} running tasks have ended, or cancel some");
                Wait::new(Reason::RunningLimit, remedy).with("running", most)
            }
            None => self.hosts.explain(needs),
        })
    }

    /// What waits for a worker, by reason.
    pub(crate) async fn by_reason(&self, scope: Scope) -> Result<Vec<WaitingTasks>, TaskStoreError> {
        let now = self.tasks.now();
        let lanes = self.tasks.ready(scope, now.minus(self.long_wait)).await?;
        let (mut groups, mut holds) = (BTreeMap::<Reason, WaitingTasks>::new(), Holds::new());
        for lane in lanes {
            let ReadyLane { tenant, tool, target_peer, priority, tasks, long, oldest, .. } = lane;
            let needs = TaskNeeds { tenant: &tenant, tool: &tool, target: target_peer.as_deref(), priority };
            let Wait { reason, remedy, .. } = self.explain(needs, &mut holds).await?;
            let oldest_s = now.since(oldest).as_secs_f64();
            let group = groups.entry(reason).or_insert_with(|| WaitingTasks::new(reason));
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
}
