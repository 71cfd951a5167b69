//! The tools, called as the host calls them; the queue is a script.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

#[path = "../../lib/p2p-forms/tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use tandem_plugin_p2p_taskqueue::TaskQueue;
use tandem_queue::FailureCode;
use tandem_sdk::prelude::*;
use tandem_sdk::testing;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const OTHER: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
const PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
const THEN: &str = "2026-03-01T12:00:00Z";

fn passes(tool: &str, arguments: Value, function: &str, answer: Value, required: &[&str]) -> Value {
    support::passes::<TaskQueue>(tool, &arguments, &format!("task-queue.{function}"), &answer, required)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("p2p_taskqueue_{name}")).collect()
}

#[test]
fn the_tools_say_what_they_do_to_the_world() {
    let reading = ["task_status", "get_result", "list_tasks", "status", "worker_stats", "discover_peers"];
    assert_eq!(support::annotated::<TaskQueue>(true, false, true), set(&reading));
    assert_eq!(support::annotated::<TaskQueue>(false, true, true), set(&["cancel", "shutdown"]));
    let repeatable = ["update_task", "priority", "announce", "heartbeat", "finish"];
    assert_eq!(support::annotated::<TaskQueue>(false, false, true), set(&repeatable));
    assert_eq!(support::annotated::<TaskQueue>(false, false, false), set(&["submit", "resubmit", "claim"]));
    assert_eq!(support::names::<TaskQueue>().len(), 16);
}

/// Names that a schema allows, wherever they stand in it.
fn constants(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(members) => members
            .get("const")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .into_iter()
            .chain(members.values().flat_map(constants))
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(constants).collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
}

#[test]
fn a_worker_may_give_every_code_that_the_queue_keeps_but_those_that_the_queue_alone_says() {
    let own = [FailureCode::LeaseExpired, FailureCode::Unknown];
    let kept = FailureCode::ALL.into_iter().filter(|code| !own.contains(code));
    let schema = testing::input_schema::<TaskQueue>("p2p_taskqueue_finish");
    assert_eq!(constants(&schema["properties"]["error_code"]), kept.map(|code| code.name().to_owned()).collect());
}

#[test]
fn parameters_and_their_defaults() {
    let all: [(&str, &[&str]); 16] = [
        (
            "submit",
            &[
                "arguments",
                "idempotency_key?",
                "priority=5",
                "retention_s=86400",
                "retry?",
                "run_at?",
                "tags?",
                "target_peer?",
                "timeout_s?",
                "tool",
            ],
        ),
        ("task_status", &["task_id"]),
        ("get_result", &["task_id", "wait_s=0"]),
        ("cancel", &["reason?", "task_id"]),
        ("list_tasks", &["cursor?", "limit=100", "state?", "tag?", "tool?", "worker?", "workflow?"]),
        ("update_task", &["metadata?", "run_at?", "tags?", "task_id", "timeout_s?"]),
        ("priority", &["priority", "task_id"]),
        ("resubmit", &["arguments?", "priority?", "task_id"]),
        ("status", &["detail=false"]),
        ("worker_stats", &["worker?"]),
        ("discover_peers", &["max_peers=10", "timeout_s=5", "tool?"]),
        ("announce", &["capacity?", "tools?", "ttl_s=300"]),
        ("claim", &["lease_s=30", "max=1", "tools", "wait_s=0"]),
        ("finish", &["error?", "error_code?", "fence", "outcome", "result?", "task_id"]),
        ("heartbeat", &["fence", "progress?", "task_id"]),
        ("shutdown", &["drain_s=30"]),
    ];
    for (tool, expected) in all {
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(support::parameters::<TaskQueue>(&format!("p2p_taskqueue_{tool}")), expected, "{tool}");
    }
}

#[test]
fn schemas_refuse_what_does_not_fit_and_name_it() {
    let refused = [
        ("submit", json!({ "tool": "a", "arguments": {}, "prioriti": 1 }), "prioriti"),
        ("submit", json!({ "tool": "a" }), "arguments"),
        ("submit", json!({ "tool": "a b", "arguments": {} }), "/tool"),
        ("submit", json!({ "tool": "a", "arguments": [] }), "/arguments"),
        ("submit", json!({ "tool": "a", "arguments": {}, "priority": 11 }), "/priority"),
        ("submit", json!({ "tool": "a", "arguments": {}, "timeout_s": 0 }), "/timeout_s"),
        ("submit", json!({ "tool": "a", "arguments": {}, "retention_s": 2_592_001 }), "/retention_s"),
        ("submit", json!({ "tool": "a", "arguments": {}, "run_at": "tomorrow" }), "/run_at"),
        ("submit", json!({ "tool": "a", "arguments": {}, "run_at": "2026-03-01T12:00:00+02:00" }), "/run_at"),
        ("submit", json!({ "tool": "a", "arguments": {}, "tags": vec!["x"; 33] }), "/tags"),
        ("submit", json!({ "tool": "a", "arguments": {}, "tags": [""] }), "/tags/0"),
        ("submit", json!({ "tool": "a", "arguments": {}, "target_peer": "me" }), "/target_peer"),
        ("submit", json!({ "tool": "a", "arguments": {}, "idempotency_key": "" }), "/idempotency_key"),
        ("submit", json!({ "tool": "a", "arguments": {}, "retry": { "max_attempts": 2 } }), "policy"),
        ("submit", json!({ "tool": "a", "arguments": {}, "retry": { "policy": "often" } }), "/retry"),
        ("submit", json!({ "tool": "a", "arguments": {}, "retry": { "policy": "none", "max_attempts": 0 } }), "/retry"),
        ("submit", json!({ "tool": "a", "arguments": {}, "retry": { "policy": "none", "cap": 1 } }), "cap"),
        ("task_status", json!({ "task_id": "7" }), "/task_id"),
        ("get_result", json!({ "task_id": ID, "wait_s": 301 }), "/wait_s"),
        ("list_tasks", json!({ "state": "leased" }), "/state"),
        ("list_tasks", json!({ "limit": 1_001 }), "/limit"),
        ("list_tasks", json!({ "limit": 0 }), "/limit"),
        ("priority", json!({ "task_id": ID, "priority": 11 }), "/priority"),
        ("update_task", json!({ "task_id": ID, "priority": 1 }), "priority"),
        ("discover_peers", json!({ "max_peers": 0 }), "/max_peers"),
        ("discover_peers", json!({ "timeout_s": 61 }), "/timeout_s"),
        ("announce", json!({ "ttl_s": 86_401 }), "/ttl_s"),
        ("claim", json!({ "tools": [] }), "/tools"),
        ("claim", json!({ "tools": ["a"], "max": 5 }), "/max"),
        ("claim", json!({ "tools": ["a"], "worker": "me" }), "worker"),
        ("finish", json!({ "task_id": ID, "fence": 1, "outcome": "done" }), "/outcome"),
        ("finish", json!({ "task_id": ID, "fence": 1 }), "outcome"),
        (
            "finish",
            json!({ "task_id": ID, "fence": 1, "outcome": "fatal", "error_code": "lease_expired" }),
            "/error_code",
        ),
        ("heartbeat", json!({ "task_id": ID, "fence": -1 }), "/fence"),
        ("heartbeat", json!({ "task_id": ID, "fence": 1, "progress": { "current": -1 } }), "/progress"),
        ("heartbeat", json!({ "task_id": ID, "fence": 1, "progress": { "current": 1, "of": 2 } }), "of"),
        ("shutdown", json!({ "drain_s": 301 }), "/drain_s"),
    ];
    for (tool, arguments, culprit) in refused {
        let refusal = support::refusal::<TaskQueue>(&format!("p2p_taskqueue_{tool}"), &arguments);
        assert!(refusal.contains(culprit), "{tool} {arguments}: `{refusal}`");
    }
}

#[test]
fn submit_passes_the_task_on_with_its_defaults() {
    let answer = json!({ "task_id": ID, "state": "queued", "position": 3, "replayed": false });
    let submit = |arguments| {
        let required = ["task_id", "state", "position", "replayed"];
        passes("p2p_taskqueue_submit", arguments, "submit", answer.clone(), &required)
    };
    let least = submit(json!({ "tool": "add", "arguments": { "a": null } }));
    let task = json!({ "tool": "add", "arguments": { "a": null }, "priority": 5, "retention_s": 86_400 });
    assert_eq!(least, json!({ "task": task }));
    let most = json!({
        "tool": "add", "arguments": {}, "priority": 10, "timeout_s": 1, "retention_s": 0, "run_at": THEN,
        "retry": { "policy": "exponential", "max_attempts": 9, "base_delay_ms": 0 }, "tags": ["a", "b"],
        "target_peer": PEER, "idempotency_key": "k",
    });
    assert_eq!(submit(most.clone()), json!({ "task": most }));
    let retried = submit(json!({ "tool": "add", "arguments": {}, "retry": { "policy": "linear" } }));
    assert_eq!(retried["task"]["retry"], json!({ "policy": "linear", "max_attempts": 3, "base_delay_ms": 500 }));
}

#[test]
fn a_task_is_passed_on_with_everything_that_the_host_says_of_it() {
    let least = json!({ "task_id": ID, "state": "queued", "attempt": 0, "priority": 5, "created_at": THEN });
    let required = ["task_id", "state", "attempt", "priority", "created_at"];
    let asked = passes("p2p_taskqueue_task_status", json!({ "task_id": ID }), "task-status", least, &required);
    assert_eq!(asked, json!({ "task_id": ID }));
    let most = json!({
        "task_id": ID, "state": "dead", "attempt": 3, "priority": 5, "created_at": THEN, "worker": PEER,
        "lease_expires_at": THEN, "progress": { "current": 1, "total": 2.5, "message": "half" }, "started_at": THEN,
        "finished_at": THEN, "error": "timeout: slow", "error_code": "timeout", "tool": "add", "tags": ["a"],
    });
    let patch = json!({ "task_id": ID, "tags": [], "metadata": { "a": 1 } });
    let asked = passes("p2p_taskqueue_update_task", patch, "update-task", most.clone(), &required);
    assert_eq!(asked, json!({ "task_id": ID, "patch": { "tags": [], "metadata": { "a": 1 } } }));
    let waits =
        json!({ "reason": "no_host_has_the_tool", "remedy": "load it", "since": THEN, "details": { "connected": 0 } });
    let waiting = json!({
        "task_id": ID, "state": "queued", "attempt": 0, "priority": 5, "created_at": THEN, "waits_for": waits,
    });
    passes("p2p_taskqueue_task_status", json!({ "task_id": ID }), "task-status", waiting, &required);
    let required = ["tasks", "total", "total_is_exact"];
    let page = json!({ "tasks": [most], "total": 7, "total_is_exact": false, "next_cursor": "n" });
    let filter = json!({ "state": "dead", "tool": "add", "tag": "a", "worker": PEER, "workflow": ID, "limit": 1, "cursor": "c" });
    let asked = passes("p2p_taskqueue_list_tasks", filter.clone(), "list-tasks", page, &required);
    assert_eq!(asked, json!({ "filter": filter }));
    let last = json!({ "tasks": [], "total": 0, "total_is_exact": true });
    let asked = passes("p2p_taskqueue_list_tasks", json!({}), "list-tasks", last, &required);
    assert_eq!(asked, json!({ "filter": { "limit": 100 } }));
}

#[test]
fn a_change_that_changes_nothing_does_not_reach_the_host() {
    let arguments = json!({ "task_id": ID });
    let refused = testing::call::<TaskQueue>("p2p_taskqueue_update_task", &arguments).unwrap_err();
    assert!(matches!(&refused, Error::InvalidArguments(message) if message.contains("`tags`")), "{refused:?}");
    assert_eq!(testing::take_p2p_requests(), []);
}

#[test]
fn a_result_is_waited_for_as_long_as_asked() {
    let outcome = json!({
        "state": "completed", "result": { "content": [] }, "result_cid": "bafkrei", "duration_ms": 12,
    });
    let get = |arguments, answer| passes("p2p_taskqueue_get_result", arguments, "get-result", answer, &["state"]);
    assert_eq!(get(json!({ "task_id": ID, "wait_s": 300 }), outcome), json!({ "task_id": ID, "wait_s": 300 }));
    let failed = json!({ "state": "failed", "error": "failed: no", "error_code": "failed" });
    assert_eq!(get(json!({ "task_id": ID }), failed), json!({ "task_id": ID, "wait_s": 0 }));
}

#[test]
fn a_task_is_cancelled_moved_and_submitted_again() {
    let cancel = json!({ "task_id": ID, "reason": "late" });
    let asked = passes(
        "p2p_taskqueue_cancel",
        cancel.clone(),
        "cancel",
        json!({ "state": "running", "was": "running" }),
        &["state", "was"],
    );
    assert_eq!(asked, cancel);
    let required = ["old_priority", "priority", "position"];
    let moved = json!({ "old_priority": 5, "priority": 9, "position": null });
    let priority = json!({ "task_id": ID, "priority": 9 });
    let asked = passes("p2p_taskqueue_priority", priority.clone(), "set-priority", moved, &required);
    assert_eq!(asked, priority);
    let again = json!({ "task_id": OTHER, "resubmitted_from": ID });
    let resubmit = |arguments| {
        let required = ["task_id", "resubmitted_from"];
        passes("p2p_taskqueue_resubmit", arguments, "resubmit", again.clone(), &required)
    };
    let other = json!({ "task_id": ID, "arguments": { "a": null }, "priority": 0 });
    assert_eq!(resubmit(other.clone()), other);
    assert_eq!(resubmit(json!({ "task_id": ID })), json!({ "task_id": ID, "arguments": null, "priority": null }));
}

#[test]
fn the_queue_and_its_workers_are_told_as_the_host_tells_them() {
    let mut queue = json!({
        "queued": 1, "running": 2, "completed": 3, "failed": 4, "cancelled": 5, "dead": 6, "oldest_queued_s": 1.5,
        "throughput_per_s": 0.2, "paused": false, "backend": "sqlite", "waiting": [{
            "reason": "queue_paused", "remedy": "resume it", "tasks": 1, "over_a_minute": 1, "oldest_s": 75.5, "tools": ["add"],
        }],
    });
    let required = [
        "queued",
        "running",
        "completed",
        "failed",
        "cancelled",
        "dead",
        "oldest_queued_s",
        "throughput_per_s",
        "paused",
        "backend",
        "waiting",
    ];
    let status = |arguments, answer: &Value| {
        passes("p2p_taskqueue_status", arguments, "queue-status", answer.clone(), &required)
    };
    assert_eq!(status(json!({}), &queue), json!({ "detail": false }));
    queue["by_tool"] = json!({ "add": { "queued": 1 } });
    queue["by_priority"] = json!({ "5": 1 });
    queue["oldest_queued_s"] = Value::Null;
    assert_eq!(status(json!({ "detail": true }), &queue), json!({ "detail": true }));
    let worker = json!({
        "peer_id": PEER, "capacity": 8, "running": 0, "completed": 0, "failed": 0, "lost_leases": 0, "mean_ms": null,
        "last_seen": THEN,
    });
    let crew = json!({ "workers": [worker] });
    let asked = passes("p2p_taskqueue_worker_stats", json!({}), "worker-stats", crew.clone(), &["workers"]);
    assert_eq!(asked, json!({ "worker": null }));
    let one = json!({ "worker": PEER });
    assert_eq!(passes("p2p_taskqueue_worker_stats", one.clone(), "worker-stats", crew, &["workers"]), one);
}

#[test]
fn hosts_are_asked_and_told() {
    let peer = json!({
        "peer_id": PEER, "addresses": ["/ip4/192.0.2.1/tcp/1"], "tools": ["add"], "capacity": 8, "free": 7,
        "rtt_ms": 1.25, "last_seen": THEN,
    });
    let peers = json!({ "peers": [peer] });
    let discover =
        |arguments| passes("p2p_taskqueue_discover_peers", arguments, "discover-peers", peers.clone(), &["peers"]);
    assert_eq!(discover(json!({})), json!({ "tool": null, "max_peers": 10, "timeout_s": 5 }));
    let all = json!({ "tool": "add", "max_peers": 1, "timeout_s": 60 });
    assert_eq!(discover(all.clone()), all);
    let announced = json!({ "announced_to": 2, "expires_at": THEN });
    let announce = |arguments| {
        let required = ["announced_to", "expires_at"];
        passes("p2p_taskqueue_announce", arguments, "announce", announced.clone(), &required)
    };
    assert_eq!(announce(json!({})), json!({ "tools": null, "capacity": null, "ttl_s": 300 }));
    let all = json!({ "tools": ["add"], "capacity": 0, "ttl_s": 1 });
    assert_eq!(announce(all.clone()), all);
}

#[test]
fn tasks_are_claimed_and_handed_in() {
    let lease = json!({
        "task_id": ID, "fence": 4, "tool": "add", "arguments": { "a": null }, "priority": 5, "attempt": 1, "max_attempts": 3,
        "timeout_s": 60, "lease_s": 30, "lease_expires_at": THEN,
    });
    let claimed = json!({ "tasks": [lease] });
    let claim = |arguments| passes("p2p_taskqueue_claim", arguments, "claim", claimed.clone(), &["tasks"]);
    let least = json!({ "tools": ["add"], "max": 1, "lease_s": 30, "wait_s": 0 });
    assert_eq!(claim(json!({ "tools": ["add"] })), json!({ "request": least }));
    let most = json!({ "tools": ["add", "mul"], "max": 4, "lease_s": 600, "wait_s": 60 });
    assert_eq!(claim(most.clone()), json!({ "request": most }));
    let finish = |arguments, answer| passes("p2p_taskqueue_finish", arguments, "finish", answer, &["state"]);
    let done = json!({ "task_id": ID, "fence": 4, "outcome": "ok", "result": { "sum": 3 } });
    let asked = finish(done, json!({ "state": "completed" }));
    assert_eq!(asked, json!({ "task_id": ID, "fence": 4, "outcome": { "outcome": "ok", "result": { "sum": 3 } } }));
    let wrong = json!({ "task_id": ID, "fence": 4, "outcome": "retry", "error": "no", "error_code": "unavailable" });
    let asked = finish(wrong, json!({ "state": "queued", "run_at": THEN }));
    assert_eq!(asked["outcome"], json!({ "outcome": "retry", "error": "no", "code": "unavailable" }));
}

#[test]
fn a_lease_is_renewed_and_the_queue_shut_down() {
    let renewed = json!({ "lease_expires_at": THEN, "cancelled": false });
    let heartbeat = |arguments| {
        let required = ["lease_expires_at", "cancelled"];
        passes("p2p_taskqueue_heartbeat", arguments, "heartbeat", renewed.clone(), &required)
    };
    let fence = json!({ "task_id": ID, "fence": 4 });
    assert_eq!(heartbeat(fence), json!({ "task_id": ID, "fence": 4, "progress": null }));
    let told = json!({ "task_id": ID, "fence": 4, "progress": { "current": 1, "total": 2, "message": "m" } });
    assert_eq!(heartbeat(told.clone()), told);
    let told = json!({ "task_id": ID, "fence": 4, "progress": { "current": 3 } });
    assert_eq!(heartbeat(told.clone()), told);
    let drained = json!({ "drained": 2, "requeued": 1 });
    let shutdown =
        |arguments| passes("p2p_taskqueue_shutdown", arguments, "shutdown", drained.clone(), &["drained", "requeued"]);
    assert_eq!(shutdown(json!({})), json!({ "drain_s": 30 }));
    assert_eq!(shutdown(json!({ "drain_s": 0 })), json!({ "drain_s": 0 }));
}
