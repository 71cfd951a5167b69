//! The network of hosts, of which outside of a host only the answers are there that a test has given. What was asked is
//! kept, by the name of the function and of its parameters.
#![allow(missing_docs, unreachable_pub, reason = "the functions are those of the WIT package, which documents them")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bindings::tandem::p2p::types::Error;

type Answer = Result<String, Error>;

thread_local! {
    static ANSWERS: RefCell<BTreeMap<String, Answer>> = const { RefCell::new(BTreeMap::new()) };
    static REQUESTS: RefCell<Vec<(String, Value)>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn set_answer(function: &str, answer: Answer) {
    ANSWERS.with_borrow_mut(|answers| answers.insert(function.to_owned(), answer));
}

pub(crate) fn take_requests() -> Vec<(String, Value)> {
    REQUESTS.take()
}

fn ask(function: &str, arguments: Value) -> Answer {
    REQUESTS.with_borrow_mut(|requests| requests.push((function.to_owned(), arguments)));
    let nowhere = || Err(Error::Unavailable("outside a host there is no network of hosts".to_owned()));
    ANSWERS.with_borrow(|answers| answers.get(function).cloned()).unwrap_or_else(nowhere)
}

/// A document; what is not JSON stays a text.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

pub(crate) mod task_queue {
    use super::{Answer, ask, document, json};

    pub fn submit(task: &str) -> Answer {
        ask("task-queue.submit", json!({ "task": document(task) }))
    }

    pub fn task_status(task_id: &str) -> Answer {
        ask("task-queue.task-status", json!({ "task_id": task_id }))
    }

    pub fn get_result(task_id: &str, wait_s: u32) -> Answer {
        ask("task-queue.get-result", json!({ "task_id": task_id, "wait_s": wait_s }))
    }

    pub fn cancel(task_id: &str, reason: Option<&str>) -> Answer {
        ask("task-queue.cancel", json!({ "task_id": task_id, "reason": reason }))
    }

    pub fn list_tasks(filter: &str) -> Answer {
        ask("task-queue.list-tasks", json!({ "filter": document(filter) }))
    }

    pub fn update_task(task_id: &str, patch: &str) -> Answer {
        ask("task-queue.update-task", json!({ "task_id": task_id, "patch": document(patch) }))
    }

    pub fn set_priority(task_id: &str, priority: u8) -> Answer {
        ask("task-queue.set-priority", json!({ "task_id": task_id, "priority": priority }))
    }

    pub fn resubmit(task_id: &str, arguments: Option<&str>, priority: Option<u8>) -> Answer {
        let arguments = arguments.map(document);
        ask("task-queue.resubmit", json!({ "task_id": task_id, "arguments": arguments, "priority": priority }))
    }

    pub fn queue_status(detail: bool) -> Answer {
        ask("task-queue.queue-status", json!({ "detail": detail }))
    }

    pub fn worker_stats(worker: Option<&str>) -> Answer {
        ask("task-queue.worker-stats", json!({ "worker": worker }))
    }

    pub fn discover_peers(tool: Option<&str>, max_peers: u32, timeout_s: u32) -> Answer {
        let arguments = json!({ "tool": tool, "max_peers": max_peers, "timeout_s": timeout_s });
        ask("task-queue.discover-peers", arguments)
    }

    pub fn announce(tools: Option<&[String]>, capacity: Option<u32>, ttl_s: u32) -> Answer {
        ask("task-queue.announce", json!({ "tools": tools, "capacity": capacity, "ttl_s": ttl_s }))
    }

    pub fn claim(request: &str) -> Answer {
        ask("task-queue.claim", json!({ "request": document(request) }))
    }

    pub fn finish(task_id: &str, fence: u64, outcome: &str) -> Answer {
        ask("task-queue.finish", json!({ "task_id": task_id, "fence": fence, "outcome": document(outcome) }))
    }

    pub fn heartbeat(task_id: &str, fence: u64, progress: Option<&str>) -> Answer {
        let progress = progress.map(document);
        ask("task-queue.heartbeat", json!({ "task_id": task_id, "fence": fence, "progress": progress }))
    }

    pub fn shutdown(drain_s: u32) -> Answer {
        ask("task-queue.shutdown", json!({ "drain_s": drain_s }))
    }
}

pub(crate) mod workflow {
    use super::{Answer, ask, document, json};
    use crate::bindings::tandem::p2p::workflow::{DagFormat, Strategy};

    pub fn submit(workflow: &str) -> Answer {
        ask("workflow.submit", json!({ "workflow": document(workflow) }))
    }

    pub fn status(workflow_id: &str) -> Answer {
        ask("workflow.status", json!({ "workflow_id": workflow_id }))
    }

    pub fn cancel(workflow_id: &str, reason: Option<&str>) -> Answer {
        ask("workflow.cancel", json!({ "workflow_id": workflow_id, "reason": reason }))
    }

    pub fn list_workflows(filter: &str) -> Answer {
        ask("workflow.list-workflows", json!({ "filter": document(filter) }))
    }

    pub fn get_dag(workflow_id: &str, format: DagFormat) -> Answer {
        let format = match format {
            DagFormat::Json => "json",
            DagFormat::Dot => "dot",
            DagFormat::Mermaid => "mermaid",
        };
        ask("workflow.get-dag", json!({ "workflow_id": workflow_id, "format": format }))
    }

    pub fn coordinate(workflow_id: &str, peers: &[String], strategy: Strategy) -> Answer {
        let strategy = match strategy {
            Strategy::Rendezvous => "rendezvous",
            Strategy::LeastLoaded => "least-loaded",
            Strategy::Local => "local",
        };
        let arguments = json!({ "workflow_id": workflow_id, "peers": peers, "strategy": strategy });
        ask("workflow.coordinate", arguments)
    }
}

pub(crate) mod peers {
    use super::{Answer, ask, document, json};

    pub fn register(addresses: &[String], ttl_s: u32, metadata: Option<&str>) -> Answer {
        let metadata = metadata.map(document);
        ask("peers.register", json!({ "addresses": addresses, "ttl_s": ttl_s, "metadata": metadata }))
    }

    pub fn discover(sources: &[String], max_peers: u32, timeout_s: u32, tool: Option<&str>) -> Answer {
        let arguments = json!({ "sources": sources, "max_peers": max_peers, "timeout_s": timeout_s, "tool": tool });
        ask("peers.discover", arguments)
    }

    pub fn connect(nodes: &[String], min_connections: u32, timeout_s: u32) -> Answer {
        let arguments = json!({ "nodes": nodes, "min_connections": min_connections, "timeout_s": timeout_s });
        ask("peers.connect", arguments)
    }

    pub fn cleanup(older_than_s: Option<u32>, dry_run: bool) -> Answer {
        ask("peers.cleanup", json!({ "older_than_s": older_than_s, "dry_run": dry_run }))
    }

    pub fn public_addresses(methods: &[String], timeout_s: u32) -> Answer {
        ask("peers.public-addresses", json!({ "methods": methods, "timeout_s": timeout_s }))
    }

    pub fn list_peers(filter: &str) -> Answer {
        ask("peers.list-peers", json!({ "filter": document(filter) }))
    }
}

pub(crate) mod bootstrap {
    use super::{Answer, ask, json};

    pub fn from_text(source: &str, text: &str, connect: bool) -> Answer {
        ask("bootstrap.from-text", json!({ "source": source, "text": text, "connect": connect }))
    }

    pub fn from_public(connect: bool) -> Answer {
        ask("bootstrap.from-public", json!({ "connect": connect }))
    }

    pub fn list_sources() -> Answer {
        ask("bootstrap.list-sources", json!({}))
    }
}
