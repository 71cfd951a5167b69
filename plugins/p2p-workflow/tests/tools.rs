//! The tools, called as the host calls them; the workflows are a script.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

#[path = "../../lib/p2p-forms/tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use tandem_plugin_p2p_workflow::Workflows;
use tandem_sdk::prelude::*;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
const THEN: &str = "2026-03-01T12:00:00Z";

fn passes(tool: &str, arguments: Value, function: &str, answer: Value, required: &[&str]) -> Value {
    let (tool, function) = (format!("p2p_workflow_{tool}"), format!("workflow.{function}"));
    support::passes::<Workflows>(&tool, &arguments, &function, &answer, required)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("p2p_workflow_{name}")).collect()
}

#[test]
fn the_tools_say_what_they_do_to_the_world() {
    assert_eq!(support::annotated::<Workflows>(true, false, true), set(&["status", "list", "get_dag"]));
    assert_eq!(support::annotated::<Workflows>(false, true, true), set(&["cancel"]));
    assert_eq!(support::annotated::<Workflows>(false, false, false), set(&["submit", "coordinate"]));
    assert_eq!(support::names::<Workflows>().len(), 6);
}

#[test]
fn parameters_and_their_defaults() {
    let all: [(&str, &[&str]); 6] = [
        (
            "submit",
            &["idempotency_key?", "max_concurrency=8", "name", "steps", "tags?", "target_peers?", "timeout_s=7200"],
        ),
        ("status", &["workflow_id"]),
        ("cancel", &["reason?", "workflow_id"]),
        ("list", &["cursor?", "limit=50", "state?", "tag?"]),
        ("get_dag", &["format=\"json\"", "workflow_id"]),
        ("coordinate", &["peers?", "strategy=\"rendezvous\"", "workflow_id"]),
    ];
    for (tool, expected) in all {
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(support::parameters::<Workflows>(&format!("p2p_workflow_{tool}")), expected, "{tool}");
    }
}

#[test]
fn schemas_refuse_what_does_not_fit_and_name_it() {
    let step = |key: &str, value: Value| {
        let mut step = json!({ "id": "a", "tool": "add", "arguments": {} });
        step[key] = value;
        json!({ "name": "n", "steps": [step] })
    };
    let refused = [
        ("submit", json!({ "name": "n", "steps": [] }), "/steps"),
        ("submit", json!({ "name": "", "steps": [{ "id": "a", "tool": "add", "arguments": {} }] }), "/name"),
        ("submit", json!({ "name": "n", "steps": [{ "id": "a", "tool": "add" }] }), "arguments"),
        (
            "submit",
            json!({ "name": "n", "steps": vec![json!({ "id": "a", "tool": "add", "arguments": {} }); 1_001] }),
            "/steps",
        ),
        ("submit", step("id", json!("a b")), "/steps/0/id"),
        ("submit", step("tool", json!("")), "/steps/0/tool"),
        ("submit", step("depends_on", json!([1])), "/steps/0/depends_on"),
        ("submit", step("depend_on", json!(["a"])), "depend_on"),
        ("submit", step("on_failure", json!("stop")), "/steps/0/on_failure"),
        ("submit", step("timeout_s", json!(0)), "/steps/0/timeout_s"),
        ("submit", step("retry", json!({ "policy": "none", "delay": 1 })), "delay"),
        (
            "submit",
            json!({ "name": "n", "steps": [{ "id": "a", "tool": "add", "arguments": {} }], "target_peers": ["me"] }),
            "/target_peers",
        ),
        ("status", json!({ "workflow_id": "7" }), "/workflow_id"),
        ("list", json!({ "state": "completed" }), "/state"),
        ("list", json!({ "limit": 1_001 }), "/limit"),
        ("get_dag", json!({ "workflow_id": ID, "format": "svg" }), "/format"),
        ("coordinate", json!({ "workflow_id": ID, "strategy": "random" }), "/strategy"),
        ("coordinate", json!({ "workflow_id": ID, "peers": ["me"] }), "/peers"),
    ];
    for (tool, arguments, culprit) in refused {
        let refusal = support::refusal::<Workflows>(&format!("p2p_workflow_{tool}"), &arguments);
        assert!(refusal.contains(culprit), "{tool} {arguments}: `{refusal}`");
    }
}

#[test]
fn submit_passes_the_workflow_on_with_its_defaults() {
    let answer = json!({ "workflow_id": ID, "state": "running", "steps_total": 2, "replayed": false });
    let submit = |arguments| {
        let required = ["workflow_id", "state", "steps_total", "replayed"];
        passes("submit", arguments, "submit", answer.clone(), &required)
    };
    let least = submit(json!({ "name": "n", "steps": [{ "id": "a", "tool": "add", "arguments": { "a": null } }] }));
    let step = json!({ "id": "a", "tool": "add", "arguments": { "a": null }, "on_failure": "fail" });
    let workflow = json!({ "name": "n", "steps": [step], "max_concurrency": 8, "timeout_s": 7_200 });
    assert_eq!(least, json!({ "workflow": workflow }));
    let retry = json!({ "policy": "linear", "max_attempts": 2, "base_delay_ms": 10 });
    let most = json!({
        "name": "n", "max_concurrency": 1, "timeout_s": 5, "tags": ["t"], "target_peers": [PEER], "idempotency_key": "k", "steps": [
            { "id": "a", "tool": "add", "arguments": {}, "on_failure": "continue", "retry": retry, "timeout_s": 3 },
            { "id": "b", "tool": "add", "arguments": { "x": { "$from": "a", "path": "/sum" } }, "depends_on": ["a"],
              "on_failure": "fail" },
        ],
    });
    assert_eq!(submit(most.clone()), json!({ "workflow": most }));
}

#[test]
fn a_workflow_is_followed_and_cancelled() {
    let steps = json!([
        {
            "id": "a", "tool": "add", "state": "succeeded", "peer": PEER, "task_id": ID, "attempt": 1, "max_attempts": 3,
            "started_at": THEN, "finished_at": THEN, "duration_ms": 7, "result": { "sum": 3 },
        },
        { "id": "n", "state": "succeeded", "attempt": 1, "result": null },
        { "id": "l", "state": "succeeded", "attempt": 1, "result_cid": "bafkrei", "result_left_out": true },
        { "id": "w", "state": "ready", "attempt": 1, "waits_for": { "reason": "queue_paused", "remedy": "resume it" } },
        { "id": "b", "state": "failed", "attempt": 3, "error": { "code": "timeout" } },
        { "id": "c", "state": "skipped", "attempt": 0 },
    ]);
    let status = json!({
        "workflow_id": ID, "name": "n", "state": "failed", "progress": 0.5, "steps": steps, "clock": ["bafkrei"],
        "tags": ["t"], "created_at": THEN, "finished_at": THEN, "coordinator": PEER, "coordinating_peers": [PEER],
        "target_peers": [PEER], "reason": "step `b` failed: timeout: slow",
    });
    let id = json!({ "workflow_id": ID });
    let required = ["workflow_id", "name", "state", "progress", "steps", "clock", "created_at", "coordinating_peers"];
    assert_eq!(passes("status", id.clone(), "status", status, &required), id);
    let cancelled = json!({ "state": "cancelled", "cancelled_steps": 2 });
    let required = ["state", "cancelled_steps"];
    let asked = passes("cancel", id, "cancel", cancelled.clone(), &required);
    assert_eq!(asked, json!({ "workflow_id": ID, "reason": null }));
    let why = json!({ "workflow_id": ID, "reason": "late" });
    assert_eq!(passes("cancel", why.clone(), "cancel", cancelled, &required), why);
}

#[test]
fn workflows_are_listed_in_pages() {
    let some = json!({ "workflow_id": ID, "name": "n", "state": "running", "created_at": THEN, "progress": 0 });
    let page = json!({ "workflows": [some], "total": 2, "total_is_exact": true, "next_cursor": "n" });
    let required = ["workflows", "total", "total_is_exact"];
    let list = |arguments| passes("list", arguments, "list-workflows", page.clone(), &required);
    assert_eq!(list(json!({})), json!({ "filter": { "limit": 50 } }));
    let all = json!({ "state": "running", "tag": "t", "limit": 1, "cursor": "c" });
    assert_eq!(list(all.clone()), json!({ "filter": all }));
}

#[test]
fn a_graph_is_data_or_a_text() {
    let graph = json!({
        "nodes": [{ "id": "a" }], "edges": [], "critical_path": { "steps": ["a"], "duration_ms": 5 },
    });
    let data = json!({ "format": "json", "dag": graph });
    let asked = passes("get_dag", json!({ "workflow_id": ID }), "get-dag", data, &["format", "dag"]);
    assert_eq!(asked, json!({ "workflow_id": ID, "format": "json" }));
    for format in ["dot", "mermaid"] {
        let text = json!({ "format": format, "dag": "digraph {}" });
        let arguments = json!({ "workflow_id": ID, "format": format });
        assert_eq!(passes("get_dag", arguments.clone(), "get-dag", text, &["format", "dag"]), arguments);
    }
    let lacking = json!({ "format": "json", "dag": { "nodes": [] } });
    let (_, answered) =
        support::call::<Workflows>("p2p_workflow_get_dag", &json!({ "workflow_id": ID }), "workflow.get-dag", &lacking);
    assert!(answered.unwrap_err().to_string().contains("workflow.get-dag"));
}

#[test]
fn hosts_are_chosen_by_each_strategy() {
    let chosen = json!({ "assignments": [{ "step": "a", "peer": PEER }] });
    let coordinate = |arguments| passes("coordinate", arguments, "coordinate", chosen.clone(), &["assignments"]);
    let asked = coordinate(json!({ "workflow_id": ID }));
    assert_eq!(asked, json!({ "workflow_id": ID, "peers": [], "strategy": "rendezvous" }));
    for (strategy, of_the_host) in [("least_loaded", "least-loaded"), ("local", "local")] {
        let asked = coordinate(json!({ "workflow_id": ID, "peers": [PEER], "strategy": strategy }));
        assert_eq!(asked, json!({ "workflow_id": ID, "peers": [PEER], "strategy": of_the_host }));
    }
}
