//! The fields of what the P2P tools answer: those that their specification lists are there, and no others.

use std::collections::BTreeSet;

use serde_json::Value;

/// One form of answer: the tools that have it, or with `/` the lists in their answers; what is always there; what is
/// there at times, and seen by the tests at least once; what is said beyond the specification.
type Form = (&'static str, &'static str, &'static str, &'static str);

const NODES: &str = "p2p_bootstrap_from_file p2p_bootstrap_from_env p2p_bootstrap_from_public";
const FAILED: &str = "p2p_peer_bootstrap/failed p2p_bootstrap_from_file/failed p2p_bootstrap_from_env/failed \
                      p2p_bootstrap_from_public/failed";
const TASK: &str = "p2p_taskqueue_task_status p2p_taskqueue_update_task p2p_taskqueue_list_tasks/tasks";
const TASK_AT_TIMES: &str = "worker lease_expires_at progress started_at finished_at error";
const TASK_BEYOND: &str = "task_id tool max_attempts run_at cancel_reason timeout_s tags metadata target_peer \
                           resubmitted_from workflow_id step error_code waits_for worker_name";
const QUEUE: &str =
    "queued running completed failed cancelled dead oldest_queued_s throughput_per_s paused backend waiting";
const WORKER: &str = "peer_id capacity running completed failed lost_leases mean_ms last_seen";
const PEER: &str = "peer_id addresses state score tools first_seen last_seen source";

const STEP_AT_TIMES: &str = "peer started_at finished_at error task_id result";
const STEP_BEYOND: &str =
    "error_code tool max_attempts duration_ms retry_at result_cid result_left_out waits_for peer_name";
const WAITING: &str = "reason remedy tasks over_a_minute oldest_s tools";

const LEASE: &str = "task_id fence tool arguments priority attempt max_attempts timeout_s lease_s lease_expires_at";

const FORMS: [Form; 42] = [
    ("p2p_taskqueue_submit", "task_id state position replayed", "", ""),
    (TASK, "state attempt priority created_at", TASK_AT_TIMES, TASK_BEYOND),
    ("p2p_taskqueue_get_result", "state", "result error result_cid duration_ms", "error_code"),
    ("p2p_taskqueue_cancel", "state was", "", ""),
    ("p2p_taskqueue_list_tasks", "tasks total", "next_cursor", "total_is_exact"),
    ("p2p_taskqueue_priority", "old_priority priority position", "", ""),
    ("p2p_taskqueue_resubmit", "task_id resubmitted_from", "", ""),
    ("p2p_taskqueue_status", QUEUE, "by_tool by_priority", ""),
    ("p2p_taskqueue_status/waiting", "reason remedy tasks", "", WAITING),
    ("p2p_taskqueue_worker_stats", "workers", "", ""),
    ("p2p_taskqueue_worker_stats/workers", WORKER, "", "name"),
    ("p2p_taskqueue_discover_peers", "peers", "", ""),
    ("p2p_taskqueue_discover_peers/peers", "peer_id addresses tools capacity free rtt_ms last_seen", "", "name"),
    ("p2p_taskqueue_announce", "announced_to expires_at", "", ""),
    ("p2p_taskqueue_claim", "tasks", "", ""),
    ("p2p_taskqueue_claim/tasks", LEASE, "", "workflow_id step traceparent"),
    ("p2p_taskqueue_finish", "state", "run_at", ""),
    ("p2p_taskqueue_heartbeat", "lease_expires_at cancelled", "", ""),
    ("p2p_taskqueue_shutdown", "drained requeued", "", ""),
    ("p2p_workflow_submit", "workflow_id state steps_total replayed", "", ""),
    (
        "p2p_workflow_status",
        "workflow_id state progress steps clock created_at coordinating_peers",
        "finished_at coordinator",
        "name tags target_peers reason coordinator_name",
    ),
    ("p2p_workflow_status/steps", "id state attempt", STEP_AT_TIMES, STEP_BEYOND),
    ("p2p_workflow_cancel", "state cancelled_steps", "", ""),
    ("p2p_workflow_list", "workflows total", "next_cursor", "total_is_exact"),
    ("p2p_workflow_list/workflows", "workflow_id name state", "", "tags created_at finished_at coordinator"),
    ("p2p_workflow_get_dag", "dag", "", "format"),
    ("p2p_workflow_coordinate", "assignments", "", ""),
    ("p2p_workflow_coordinate/assignments", "step peer", "", ""),
    ("p2p_peer_register", "peer_id record registries", "", ""),
    ("p2p_peer_discover", "peers by_source errors", "", ""),
    ("p2p_peer_discover/peers", "peer_id addresses", "", "name state rtt_ms score tools first_seen last_seen source"),
    ("p2p_peer_discover/errors", "source error", "", ""),
    ("p2p_peer_bootstrap", "connected failed ready", "", ""),
    (FAILED, "address error", "", ""),
    ("p2p_peer_cleanup", "removed kept", "", ""),
    ("p2p_peer_get_public_ip", "addresses reachability", "", ""),
    ("p2p_peer_get_public_ip/addresses", "ip method confirmations", "port", ""),
    ("p2p_peer_list", "peers total", "next_cursor", ""),
    ("p2p_peer_list/peers", PEER, "rtt_ms", "name"),
    (NODES, "nodes connected failed", "", ""),
    ("p2p_bootstrap_list", "sources", "", ""),
    ("p2p_bootstrap_list/sources", "source nodes", "last_used last_error", ""),
];

/// What was seen of the forms.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<(&'static str, &'static str)>);

impl Seen {
    /// Looks at an answer, and at the lists in it.
    pub(crate) fn look(&mut self, of: &str, answer: &Value) {
        let (names, always, at_times, beyond) = FORMS
            .into_iter()
            .find(|(names, ..)| names.split_whitespace().any(|name| name == of))
            .unwrap_or_else(|| panic!("`{of}` has no form"));
        let fields = answer.as_object().unwrap_or_else(|| panic!("{of}: {answer}"));
        for field in always.split_whitespace() {
            assert!(fields.contains_key(field), "{of} lacks `{field}`: {answer}");
        }
        for (field, value) in fields {
            let is_in = |list: &'static str| list.split_whitespace().find(|known| known == field);
            let known = is_in(always).or(is_in(at_times));
            assert!(known.or(is_in(beyond)).is_some(), "{of} has `{field}`, which nobody specified: {answer}");
            self.0.extend(known.map(|known| (names, known)));
            let path = format!("{of}/{field}");
            if FORMS.iter().any(|(names, ..)| names.split_whitespace().any(|name| name == path)) {
                value.as_array().into_iter().flatten().for_each(|one| self.look(&path, one));
            }
        }
    }

    /// What the specification has and no answer had.
    pub(crate) fn missing(&self) -> Vec<(&'static str, &'static str)> {
        let all = FORMS.iter().flat_map(|(names, always, at_times, _)| {
            always.split_whitespace().chain(at_times.split_whitespace()).map(|field| (*names, field))
        });
        all.filter(|field| !self.0.contains(field)).collect()
    }
}
