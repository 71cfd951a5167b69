//! The tools of workflows.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_queue::{
    SqliteTasks, TaskStore as _, WorkflowFilter, WorkflowId, WorkflowRow, WorkflowState as StoredState,
};
use tandem_types::Caller;
use tandem_workflow::{Candidate, Dag, Spec, StepSpec, Strategy, assign};

use super::{
    bindings::tandem::p2p::workflow::{DagFormat, Strategy as RequestedStrategy},
    document::{Answer, cursor, id, read, read_cursor, too_long, workflow_state, workflow_states},
    workflow_status,
};
use crate::{
    error::P2pError,
    format::{rfc3339, without_nulls},
    peers::{PeerDirectory, TaskPolicy},
    queue::{OutsideWorkers, WaitExplainer},
    tools::ToolInfo,
    worker::LocalWorker,
    workflow_runtime::{Journal, Submitted, WorkflowRuntime},
};

fn no_workflow(text: &str) -> P2pError {
    P2pError::NotFound(format!("you have no workflow {text}"))
}

/// See the module.
pub(super) struct WorkflowApi {
    pub(super) tasks: SqliteTasks,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) worker: Arc<LocalWorker>,
    pub(super) policy: Arc<TaskPolicy>,
    pub(super) runtime: Arc<WorkflowRuntime>,
    pub(super) waits: Arc<WaitExplainer>,
    pub(super) outside: Arc<OutsideWorkers>,
}

impl WorkflowApi {
    pub(super) async fn submit(&self, (caller, trace): (&Caller, Option<&str>), text: &str) -> Answer {
        let mut document: Value = read(text)?;
        let key = match document.as_object_mut().and_then(|object| object.remove("idempotency_key")) {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key),
            Some(_) => return Err(P2pError::InvalidArgument("`idempotency_key` is a string".to_owned())),
        };
        let steps = document.get_mut("steps").and_then(Value::as_array_mut);
        for step in steps.into_iter().flatten().filter_map(Value::as_object_mut) {
            self.say_retry(caller, step);
        }
        let mut spec: Spec =
            serde_json::from_value(document).map_err(|error| P2pError::InvalidArgument(error.to_string()))?;
        spec.timeout_s = self.policy.workflow_time(spec.timeout_s, Spec::DEFAULT_TIMEOUT_S)?;
        let here = self.worker.tools.list(caller);
        let peers: Vec<_> =
            self.peers.network.connected().iter().filter_map(|(peer, _)| self.peers.advertisements.get(peer)).collect();
        times(&here, &spec)?;
        let known = |tool: &str| {
            let of_peers = peers.iter().any(|peer| peer.worker.has_tool(tool));
            if of_peers
                || self.outside.has(&caller.tenant, tool)
                || here.iter().any(|info| info.name == tool && !info.local)
            {
                return Ok(());
            }
            Err(self.worker.tools.find(caller, tool).err().unwrap_or_default())
        };
        let submitted = self.runtime.submit((caller, trace), spec, key, known).await?;
        let Submitted { id, state, steps, replayed } = submitted;
        Ok(json!({
            "workflow_id": id.to_string(), "state": workflow_state(state), "steps_total": steps, "replayed": replayed,
        }))
    }

    /// A step of a tool that may not run again, or with the policy `none`, gets one attempt: a lost lease does not say how far its
    /// worker came. What else is left out has its default.
    fn say_retry(&self, caller: &Caller, step: &mut Map<String, Value>) {
        let once = match (step.get("retry"), step.get("tool").and_then(Value::as_str)) {
            (Some(retry), _) => retry["policy"] == "none",
            (None, Some(tool)) => match self.worker.tools.info(caller, tool) {
                Some(info) => !info.repeatable,
                None => !self.peers.advertisements.is_repeatable(tool),
            },
            (None, None) => false,
        };
        if once {
            step.insert("retry".to_owned(), json!({"policy": "none", "max_attempts": 1}));
        }
    }

    async fn head(&self, caller: &Caller, text: &str) -> Result<(WorkflowRow, Arc<Journal>), P2pError> {
        let id: WorkflowId = id(text)?;
        let row = self.tasks.workflow(&caller.tenant, id).await?;
        let row = row.ok_or_else(|| no_workflow(text))?;
        let journal = self.runtime.journal(&row).await?;
        Ok((row, journal))
    }

    pub(super) async fn status(&self, caller: &Caller, text: &str) -> Answer {
        let (row, journal) = self.head(caller, text).await?;
        workflow_status::shown(&self.tasks, (&self.peers, &self.waits), &row, &journal).await
    }

    pub(super) async fn cancel(&self, caller: &Caller, text: &str, reason: Option<String>) -> Answer {
        let id: WorkflowId = id(text)?;
        let row = self.tasks.workflow(&caller.tenant, id).await?;
        let row = row.ok_or_else(|| no_workflow(text))?;
        match row.state {
            StoredState::Cancelled => return Ok(json!({"state": "cancelled", "cancelled_steps": 0})),
            ended if ended.is_terminal() => {
                return Err(P2pError::Conflict(format!("the workflow has ended: it is {}", workflow_state(ended))));
            }
            _ => {}
        }
        let steps = self.runtime.cancel(id, reason).await?;
        Ok(json!({"state": "cancelled", "cancelled_steps": steps}))
    }

    pub(super) async fn list(&self, caller: &Caller, text: &str) -> Answer {
        let asked: Listing = read(text)?;
        let filter = WorkflowFilter {
            tenant: caller.tenant.to_string(),
            states: asked.state.as_deref().map(workflow_states).transpose()?.unwrap_or_default(),
            tag: asked.tag,
        };
        let after = read_cursor(asked.cursor.as_deref())?;
        let page = self.tasks.workflows(filter, after, asked.limit.unwrap_or(50)).await?;
        let shown = page.rows.iter().map(|row| {
            without_nulls(json!({
                "workflow_id": row.id.to_string(),
                "name": row.name,
                "state": workflow_state(row.state),
                "tags": row.tags,
                "created_at": rfc3339(row.created_at),
                "finished_at": row.finished_at.map(rfc3339),
                "coordinator": row.coordinator,
            }))
        });
        let workflows: Vec<_> = shown.collect();
        Ok(without_nulls(
            json!({"workflows": workflows, "total": page.total, "total_is_exact": page.total_is_exact, "next_cursor": page.next.map(cursor)}),
        ))
    }

    pub(super) async fn dag(&self, caller: &Caller, text: &str, format: DagFormat) -> Answer {
        let (_, journal) = self.head(caller, text).await?;
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

    pub(super) async fn coordinate(
        &self,
        caller: &Caller,
        text: &str,
        peers: &[String],
        strategy: RequestedStrategy,
    ) -> Answer {
        let (row, journal) = self.head(caller, text).await?;
        if row.state.is_terminal() {
            return Err(P2pError::Conflict(format!("the workflow has ended: it is {}", workflow_state(row.state))));
        }
        let hosts = self.hosts(caller, peers)?;
        let targets = journal.state.plan().target_peers();
        let hosts: Vec<_> =
            hosts.into_iter().filter(|(host, _)| targets.is_empty() || targets.contains(&host.peer)).collect();
        let strategy = match strategy {
            RequestedStrategy::Rendezvous => Strategy::Rendezvous,
            RequestedStrategy::LeastLoaded => Strategy::LeastLoaded,
            RequestedStrategy::Local => Strategy::Local,
        };
        let tools: BTreeMap<_, _> = hosts.iter().map(|(host, tools)| (host.peer.as_str(), tools)).collect();
        let candidates: Vec<_> = hosts.iter().map(|(host, _)| host.clone()).collect();
        let able = |step: &StepSpec, host: &Candidate| {
            tools.get(host.peer.as_str()).is_some_and(|tools| tools.contains(&step.tool))
        };
        let assignments: BTreeMap<_, _> = assign(&journal.state, strategy, &candidates, able).map_err(|step| {
            P2pError::Unavailable(format!("none of the hosts has `{}`, the tool of step `{}`", step.tool, step.id))
        })?;
        self.runtime.assign(row.id, assignments.clone())?;
        let shown: Vec<_> = assignments.iter().map(|(step, peer)| json!({"step": step, "peer": peer})).collect();
        Ok(json!({"assignments": shown}))
    }

    /// This host and the connected ones, or those of them that were named, with what each can run.
    fn hosts(&self, caller: &Caller, named: &[String]) -> Result<Vec<(Candidate, Vec<String>)>, P2pError> {
        let me = self.peers.network.me.to_string();
        let slots = &self.worker.slots;
        let (capacity, free) = (slots.capacity(), slots.free_capacity());
        let local = Candidate { peer: me, capacity, running: capacity - free.min(capacity), local: true };
        let mut hosts = vec![(local, self.worker.task_tools(caller))];
        let priority = self.policy.default_priority(&caller.tenant);
        for (peer, _) in self.peers.network.connected() {
            if !self.policy.may_lease_to(&peer, &caller.tenant, priority) {
                continue;
            }
            let Some(known) = self.peers.advertisements.get(&peer) else { continue };
            let running = known.worker.capacity.saturating_sub(known.worker.free);
            let candidate =
                Candidate { peer: peer.to_string(), capacity: known.worker.capacity, running, local: false };
            hosts.push((candidate, known.worker.tools));
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    state: Option<String>,
    tag: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}
