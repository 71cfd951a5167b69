//! `[tasks]`: calls of tools that take long and go on as tasks, and how much of tasks is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, HumanDuration};

/// Calls that go on as tasks (MCP's tasks extension).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TasksConfig {
    /// Concurrent tasks; a call above the limit stays a call.
    pub limit: u32,
    /// Tasks of one tenant that run; none is half of all, so that no tenant takes them from the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_per_tenant: Option<u32>,
    /// How long a call may take before it becomes a task.
    pub after: HumanDuration,
    /// Retention of a task and its result, counted from its start.
    pub keep: HumanDuration,
    /// The largest result; a task that has a larger one fails. What is over 64 KiB is kept by its content id.
    pub max_result: ByteSize,
    /// What the stored tasks of one tenant may take, those of the network's queue included: arguments and large results. A
    /// task whose result finds no room fails.
    pub bytes_per_tenant: ByteSize,
    /// Tasks that one tenant may have stored, those that ended counted: at least `ended-per-tenant` and
    /// `p2p.task-queue.capacity` together. A tenant that has so many queues no more.
    pub stored_per_tenant: u64,
    /// Tasks of one tenant that are kept after their end. Above it the oldest go before their retention is over, with their
    /// results and idempotency keys; a log line and `tandem_tasks_dropped_total` say so.
    pub ended_per_tenant: u64,
}

impl Default for TasksConfig {
    fn default() -> Self {
        Self {
            limit: 64,
            limit_per_tenant: None,
            after: HumanDuration::millis(500),
            keep: HumanDuration::secs(24 * 3_600),
            max_result: ByteSize::mib(64),
            bytes_per_tenant: ByteSize::mib(1_024),
            stored_per_tenant: 200_000,
            ended_per_tenant: 100_000,
        }
    }
}

impl Check for TasksConfig {
    fn check(&self, findings: &mut Findings) {
        findings.range("limit", &self.limit, &1, &10_000, "each holds a guest and its memory");
        if let Some(limit) = &self.limit_per_tenant {
            let why = "a tenant needs one, and has no more than all";
            findings.range("limit-per-tenant", limit, &1, &self.limit.max(1), why);
        }
        let (none, hour) = (HumanDuration::millis(0), HumanDuration::secs(3_600));
        findings.range("after", &self.after, &none, &hour, "a client that knows tasks need not wait for hours");
        let (minute, month) = (HumanDuration::secs(60), HumanDuration::secs(30 * 24 * 3_600));
        findings.range("keep", &self.keep, &minute, &month, "a client must find its result, and a disk is finite");
        let (least, most) = (ByteSize::kib(64), ByteSize::mib(64));
        let why = "64KiB are kept with the task itself, and a result is held in memory while it is written and read";
        findings.range("max-result", &self.max_result, &least, &most, why);
        let why = "each is some rows of the store, about a kilobyte";
        findings.range("stored-per-tenant", &self.stored_per_tenant, &1, &100_000_000, why);
        let why = "they are among the stored ones (stored-per-tenant)";
        findings.range("ended-per-tenant", &self.ended_per_tenant, &0, &self.stored_per_tenant, why);
        let why = "a task's arguments must find room";
        findings.range("bytes-per-tenant", &self.bytes_per_tenant, &ByteSize::mib(1), &ByteSize::MAX, why);
    }
}
