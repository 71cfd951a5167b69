//! Which tasks peers and tenants may have, and how urgent they may be.

use libp2p::PeerId;
use tandem_config::Admission;
use tandem_queue::{DEFAULT_PRIORITY, MAX_PRIORITY};
use tandem_reactor::authority::Operator;
use tandem_types::{Caller, OPERATE};

use crate::{error::P2pError, settings::LongestTimes};

/// Refuses what concerns the whole host to callers without operator rights.
pub(crate) fn require_operator(caller: &Caller, why: &str) -> Result<(), P2pError> {
    if caller.operator {
        return Ok(());
    }
    Err(P2pError::Unauthorized(format!(
        "{why}; it takes the scope `{OPERATE}`, which requests of other hosts never have"
    )))
}

fn too_long(asked: u64, most: u64, key: &str) -> P2pError {
    P2pError::InvalidArgument(format!("`timeout_s` of {asked} s is over {most} s, which `{key}` of this host allows"))
}

/// See the module. The operator is asked at each use.
pub(crate) struct TaskPolicy {
    operator: Operator,
    admission: Admission,
    times: LongestTimes,
}

impl TaskPolicy {
    pub(crate) fn new(operator: Operator, admission: Admission, times: LongestTimes) -> Self {
        Self { operator, admission, times }
    }

    /// The time of one attempt of a task: what was asked for, or else `default` as far as the operator allows it.
    pub(crate) fn task_time(&self, asked: Option<u32>, default: u32) -> Result<u32, P2pError> {
        let most = u32::try_from(self.times.task_s).unwrap_or(u32::MAX);
        let refused = |asked| too_long(u64::from(asked), self.times.task_s, "p2p.task-queue.max-timeout");
        asked.map_or(Ok(default.min(most)), |asked| if asked > most { Err(refused(asked)) } else { Ok(asked) })
    }

    /// The time of a workflow, which is `default` where none was asked for.
    pub(crate) fn workflow_time(&self, asked: u64, default: u64) -> Result<u64, P2pError> {
        match self.times.workflow_s {
            most if asked <= most => Ok(asked),
            most if asked == default => Ok(most),
            most => Err(too_long(asked, most, "p2p.workflow.max-timeout")),
        }
    }

    /// Whose a peer's requests and tasks are here.
    pub(crate) fn caller(&self, peer: &PeerId) -> Caller {
        self.operator.caller(&peer.to_string())
    }

    /// The tenant of a peer that the operator made one of its own.
    pub(crate) fn own_tenant(&self, peer: &PeerId) -> Option<String> {
        self.operator.own_tenant(&peer.to_string())
    }

    /// Whether peers may be given tasks: in an open network nobody is.
    pub(crate) fn leases_to_peers(&self) -> bool {
        self.admission != Admission::Open
    }

    /// Whether a peer may be given a tenant's tasks of this priority.
    pub(crate) fn may_lease_to(&self, peer: &PeerId, tenant: &str, priority: u8) -> bool {
        priority <= self.max_priority_of(peer) && self.own_tenant(peer).is_none_or(|own| own == tenant)
    }

    /// The highest priority of a tenant's tasks.
    pub(crate) fn max_priority(&self, tenant: &str) -> u8 {
        self.operator.max_priority(tenant)
    }

    /// The highest priority of the tasks that a peer is given.
    pub(crate) fn max_priority_of(&self, peer: &PeerId) -> u8 {
        self.max_priority(&self.caller(peer).tenant)
    }

    /// The priority of a tenant's tasks where nobody asks for another one.
    pub(crate) fn default_priority(&self, tenant: &str) -> u8 {
        self.max_priority(tenant).min(DEFAULT_PRIORITY)
    }

    /// What a tenant asks for, if its tasks may be as urgent as that.
    pub(crate) fn check_priority(&self, tenant: &str, asked: Option<u8>) -> Result<Option<u8>, P2pError> {
        let most = self.max_priority(tenant);
        match asked.filter(|asked| *asked > most) {
            // What is no priority at all is the store's to say.
            Some(asked) if asked <= MAX_PRIORITY => Err(P2pError::Unauthorized(format!(
                "tasks of tenant `{tenant}` have a priority of at most {most}, not {asked}; the operator sets `max-priority` of \
                 [tenants.{tenant}]"
            ))),
            _ => Ok(asked),
        }
    }
}
