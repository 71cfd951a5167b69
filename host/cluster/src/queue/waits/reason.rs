//! The reasons for which tasks wait.

use serde::Serialize;

/// Why a task waits. Among several hosts that could run it the greatest reason is told: it is the nearest to running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its `run_at` is to come.
    NotDue,
    /// An attempt failed, and the time until the next one is not over.
    RetryBackoff,
    /// The operator paused the queue.
    QueuePaused,
    /// The tenant has as many running tasks as it may.
    RunningLimit,
    /// Neither this host nor a connected one has the tool.
    NoHostHasTheTool,
    /// Nobody heard of the host that it is for.
    TargetUnknown,
    /// The host that it is for is not connected.
    TargetAway,
    /// The host that it is for does not have the tool.
    TargetWithoutTool,
    /// The hosts that have the tool run no tasks.
    WorkersZero,
    /// The hosts that had the tool when they were last heard of are not connected.
    PeerAway,
    /// The hosts that have the tool are connected and do not answer.
    PeerUnreachable,
    /// Claims of the hosts that have the tool are refused: they show no token that is taken.
    PeerUnauthorized,
    /// In an open network, tasks are not leased to peers.
    AdmissionOpen,
    /// The hosts that have the tool get tasks of another tenant alone.
    TenantMismatch,
    /// The hosts that have the tool are not trusted with tasks of that priority.
    PriorityAboveMaximum,
    /// The hosts that have the tool were told to take no tasks.
    WorkerDraining,
    /// The workers of the hosts that have the tool are all busy.
    NoFreeWorker,
    /// A worker is free and has not claimed it yet.
    AwaitingClaim,
}

impl Reason {
    /// Those for which ready tasks wait, each of which has its gauges.
    pub(super) const OF_READY: [Self; 16] = [
        Self::QueuePaused,
        Self::RunningLimit,
        Self::NoHostHasTheTool,
        Self::TargetUnknown,
        Self::TargetAway,
        Self::TargetWithoutTool,
        Self::WorkersZero,
        Self::PeerAway,
        Self::PeerUnreachable,
        Self::PeerUnauthorized,
        Self::AdmissionOpen,
        Self::TenantMismatch,
        Self::PriorityAboveMaximum,
        Self::WorkerDraining,
        Self::NoFreeWorker,
        Self::AwaitingClaim,
    ];

    /// As answers, the log and metrics have it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotDue => "not_due",
            Self::RetryBackoff => "retry_backoff",
            Self::QueuePaused => "queue_paused",
            Self::RunningLimit => "running_limit",
            Self::NoHostHasTheTool => "no_host_has_the_tool",
            Self::TargetUnknown => "target_unknown",
            Self::TargetAway => "target_away",
            Self::TargetWithoutTool => "target_without_tool",
            Self::WorkersZero => "workers_zero",
            Self::PeerAway => "peer_away",
            Self::PeerUnreachable => "peer_unreachable",
            Self::PeerUnauthorized => "peer_unauthorized",
            Self::AdmissionOpen => "admission_open",
            Self::TenantMismatch => "tenant_mismatch",
            Self::PriorityAboveMaximum => "priority_above_maximum",
            Self::WorkerDraining => "worker_draining",
            Self::NoFreeWorker => "no_free_worker",
            Self::AwaitingClaim => "awaiting_claim",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_written_as_its_code() {
        for reason in Reason::OF_READY.into_iter().chain([Reason::NotDue, Reason::RetryBackoff]) {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
        }
    }
}
