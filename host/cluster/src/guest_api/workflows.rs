//! The tools of workflows.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_queue::{TaskStore, WorkflowFilter, WorkflowId, WorkflowRow, WorkflowState as Stored};
use tandem_types::Caller;
use tandem_workflow::{Candidate, Dag, Spec, StepSpec, Strategy, assign};

use super::{
    Answer,
    document::{cursor, failed, id, read, read_cursor, time, too_long, without_nulls, workflow_state, workflow_states},
    workflow_status,
};
use crate::{
    core::Core,
    tools::ToolInfo,
    workflow_runtime::{self, Journal},
};
use crate::{
    error::P2pError,
    guest_api::interfaces::bindings::tandem::p2p::workflow::{DagFormat, Strategy as Asked},
};

fn no_workflow(text: &str) -> P2pError {
    P2pError::NotFound(format!("you have no workflow {text}"))
}

pub(super) async fn submit(core: &Arc<Core>, (caller, trace): (&Caller, Option<&str>), text: &str) -> Answer {
    let mut document: Value = read(text)?;
    let key = match document.as_object_mut().and_then(|object| object.remove("idempotency_key")) {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(key),
        Some(_) => return Err(P2pError::InvalidArgument("`idempotency_key` is a string".to_owned())),
    };
    let steps = document.get_mut("steps").and_then(Value::as_array_mut);
    for step in steps.into_iter().flatten().filter_map(Value::as_object_mut) {
        say_retry(core, caller, step);
    }
    let spec: Spec = serde_json::from_value(document).map_err(|error| P2pError::InvalidArgument(error.to_string()))?;
    let here = core.tools().map_err(|error| P2pError::Unavailable(error.to_string()))?.list(caller);
    let peers: Vec<_> = core.network.connected().iter().filter_map(|(peer, _)| core.queue.announced.of(peer)).collect();
    times(&here, &spec)?;
    let known = |tool: &str| {
        let of_peers = peers.iter().any(|peer| peer.tools.iter().any(|name| name == tool));
        if of_peers
            || core.queue.outside.has(&caller.tenant, tool)
            || here.iter().any(|info| info.name == tool && !info.local)
        {
            return Ok(());
        }
        Err(core.tools().ok().and_then(|tools| tools.find(caller, tool).err()).unwrap_or_default())
    };
    let (id, state, steps, replayed) = workflow_runtime::begin(core, (caller, trace), spec, key, known).await?;
    core.flows.submitted();
    Ok(json!({
        "workflow_id": id.to_string(), "state": workflow_state(state), "steps_total": steps, "replayed": replayed,
    }))
}

/// A step of a tool that may not run again, or with the policy `none`, gets one attempt: a lost lease does not say how far its
/// worker came. What else is left out has its default.
fn say_retry(core: &Core, caller: &Caller, step: &mut Map<String, Value>) {
    let once = match (step.get("retry"), step.get("tool").and_then(Value::as_str)) {
        (Some(retry), _) => retry["policy"] == "none",
        (None, Some(tool)) => match core.tools().ok().and_then(|tools| tools.info(caller, tool)) {
            Some(info) => !info.repeatable,
            None => !core.queue.announced.is_repeatable(tool),
        },
        (None, None) => false,
    };
    if once {
        step.insert("retry".to_owned(), json!({"policy": "none", "max_attempts": 1}));
    }
}

/// A step's time is no longer than its tool may take.
fn times(here: &[ToolInfo], spec: &Spec) -> Result<(), P2pError> {
    for step in &spec.steps {
        let info = here.iter().find(|info| info.name == step.tool);
        let (Some(asked), Some(info)) = (step.timeout_s, info) else { continue };
        if asked > info.deadline.as_secs().max(1) {
            return Err(P2pError::InvalidArgument(format!("step `{}`: {}", step.id, too_long(info, asked))));
        }
    }
    Ok(())
}

async fn head(core: &Core, caller: &Caller, text: &str) -> Result<(WorkflowRow, Arc<Journal>), P2pError> {
    let id: WorkflowId = id(text)?;
    let row = core.queue.tasks.workflow(&caller.tenant, id).await.map_err(failed)?;
    let row = row.ok_or_else(|| no_workflow(text))?;
    let journal = core.flows.readers.read(core, &row).await.map_err(P2pError::Unavailable)?;
    Ok((row, journal))
}

pub(super) async fn status(core: &Core, caller: &Caller, text: &str) -> Answer {
    let (row, journal) = head(core, caller, text).await?;
    workflow_status::shown(core, &row, &journal).await
}

pub(super) async fn cancel(core: &Core, caller: &Caller, text: &str, reason: Option<String>) -> Answer {
    let id: WorkflowId = id(text)?;
    let row = core.queue.tasks.workflow(&caller.tenant, id).await.map_err(failed)?;
    let row = row.ok_or_else(|| no_workflow(text))?;
    match row.state {
        Stored::Cancelled => return Ok(json!({"state": "cancelled", "cancelled_steps": 0})),
        ended if ended.is_terminal() => {
            return Err(P2pError::Conflict(format!("the workflow has ended: it is {}", workflow_state(ended))));
        }
        _ => {}
    }
    let steps = core.flows.cancel(core, id, reason).await?;
    Ok(json!({"state": "cancelled", "cancelled_steps": steps}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    state: Option<String>,
    tag: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list(core: &Core, caller: &Caller, text: &str) -> Answer {
    let asked: Listing = read(text)?;
    let filter = WorkflowFilter {
        tenant: caller.tenant.to_string(),
        states: asked.state.as_deref().map(workflow_states).transpose()?.unwrap_or_default(),
        tag: asked.tag,
    };
    let after = read_cursor(asked.cursor.as_deref())?;
    let page = core.queue.tasks.workflows(filter, after, asked.limit.unwrap_or(50)).await.map_err(failed)?;
    let shown = page.rows.iter().map(|row| {
        without_nulls(json!({
            "workflow_id": row.id.to_string(),
            "name": row.name,
            "state": workflow_state(row.state),
            "tags": row.tags,
            "created_at": time(row.created_at),
            "finished_at": row.finished_at.map(time),
            "coordinator": row.coordinator,
        }))
    });
    let workflows: Vec<_> = shown.collect();
    Ok(without_nulls(
        json!({"workflows": workflows, "total": page.total, "total_is_exact": page.total_is_exact, "next_cursor": page.next.map(cursor)}),
    ))
}

pub(super) async fn dag(core: &Core, caller: &Caller, text: &str, format: DagFormat) -> Answer {
    let (_, journal) = head(core, caller, text).await?;
    let dag = Dag::of(&journal.state);
    let (name, dag) = match format {
        DagFormat::Json => {
            ("json", json!({"nodes": dag.nodes, "edges": dag.edges, "critical_path": dag.critical_path}))
        }
        DagFormat::Dot => ("dot", dag.to_dot().into()),
        DagFormat::Mermaid => ("mermaid", dag.to_mermaid().into()),
    };
    Ok(json!({"format": name, "dag": dag}))
}

pub(super) async fn coordinate(core: &Core, caller: &Caller, text: &str, peers: &[String], strategy: Asked) -> Answer {
    let (row, journal) = head(core, caller, text).await?;
    if row.state.is_terminal() {
        return Err(P2pError::Conflict(format!("the workflow has ended: it is {}", workflow_state(row.state))));
    }
    let hosts = hosts(core, caller, peers)?;
    let targets = journal.state.plan().target_peers();
    let hosts: Vec<_> =
        hosts.into_iter().filter(|(host, _)| targets.is_empty() || targets.contains(&host.peer)).collect();
    let strategy = match strategy {
        Asked::Rendezvous => Strategy::Rendezvous,
        Asked::LeastLoaded => Strategy::LeastLoaded,
        Asked::Local => Strategy::Local,
    };
    let tools: BTreeMap<_, _> = hosts.iter().map(|(host, tools)| (host.peer.as_str(), tools)).collect();
    let candidates: Vec<_> = hosts.iter().map(|(host, _)| host.clone()).collect();
    let able = |step: &StepSpec, host: &Candidate| {
        tools.get(host.peer.as_str()).is_some_and(|tools| tools.contains(&step.tool))
    };
    let assignments: BTreeMap<_, _> = assign(&journal.state, strategy, &candidates, able).map_err(|step| {
        P2pError::Unavailable(format!("none of the hosts has `{}`, the tool of step `{}`", step.tool, step.id))
    })?;
    core.flows.assign(row.id, assignments.clone())?;
    let shown: Vec<_> = assignments.iter().map(|(step, peer)| json!({"step": step, "peer": peer})).collect();
    Ok(json!({"assignments": shown}))
}

/// This host and the connected ones, or those of them that were named, with what each can run.
fn hosts(core: &Core, caller: &Caller, named: &[String]) -> Result<Vec<(Candidate, Vec<String>)>, P2pError> {
    let me = core.network.me.to_string();
    let (capacity, free) = core.places();
    let local = Candidate { peer: me, capacity, running: capacity - free.min(capacity), local: true };
    let mut hosts = vec![(local, core.task_tools(caller))];
    let priority = core.default_priority(&caller.tenant);
    for (peer, _) in core.network.connected() {
        if !core.may_lease_to(&peer, &caller.tenant, priority) {
            continue;
        }
        let Some(known) = core.queue.announced.of(&peer) else { continue };
        let running = known.capacity.saturating_sub(known.free);
        let candidate = Candidate { peer: peer.to_string(), capacity: known.capacity, running, local: false };
        hosts.push((candidate, known.tools));
    }
    if named.is_empty() {
        return Ok(hosts);
    }
    for name in named {
        if !hosts.iter().any(|(candidate, _)| candidate.peer == *name) {
            return Err(P2pError::NotFound(format!("no host `{name}` is connected and has said what it can run")));
        }
    }
    hosts.retain(|(candidate, _)| named.contains(&candidate.peer));
    Ok(hosts)
}
