//! What guests ask of the network, one module each. Answers are JSON texts in the shapes that the WIT package documents.

mod bootstrap;
mod document;
mod outside;
mod peers;
mod public;
mod queue;
mod tasks;
mod workflow_status;
mod workflows;

use std::sync::Arc;

use serde_json::Value;
use tandem_engine::{CallEnv, P2pError, P2pRequest as Ask};

pub(crate) use document::{failed, without_nulls};

use crate::core::Core;

type Answer = Result<Value, P2pError>;

/// Does what is asked and answers it.
pub(crate) async fn request(core: &Arc<Core>, env: &CallEnv, request: Ask) -> Result<String, P2pError> {
    let (caller, trace) = (&env.caller, env.traceparent.as_deref());
    let answer = match request {
        Ask::TaskSubmit { task } => tasks::submit(core, (caller, trace), &task).await,
        Ask::TaskStatus { id } => tasks::status(core, caller, &id).await,
        Ask::TaskResult { id, wait_s } => return tasks::result(core, caller, &id, wait_s).await,
        Ask::TaskCancel { id, reason } => tasks::cancel(core, caller, &id, reason).await,
        Ask::TaskList { filter } => tasks::list(core, caller, &filter).await,
        Ask::TaskUpdate { id, patch } => tasks::update(core, caller, &id, &patch).await,
        Ask::TaskPriority { id, priority } => tasks::priority(core, caller, &id, priority).await,
        Ask::TaskResubmit { id, arguments, priority } => tasks::resubmit(core, caller, &id, arguments, priority).await,
        Ask::QueueStatus { detail } => queue::status(core, caller, detail).await,
        Ask::WorkerStats { worker } => queue::workers(core, caller, worker.as_deref()).await,
        Ask::DiscoverWorkers { tool, max_peers, timeout_s } => {
            queue::discover(core, tool.as_deref(), max_peers, timeout_s).await
        }
        Ask::Announce { tools, capacity, ttl_s } => queue::announce(core, caller, tools, capacity, ttl_s),
        Ask::TaskClaim { request } => outside::claim(core, caller, &request).await,
        Ask::TaskFinish { id, fence, outcome } => outside::finish(core, caller, &id, fence, &outcome).await,
        Ask::Heartbeat { id, fence, progress } => {
            outside::heartbeat(core, caller, &id, fence, progress.as_deref()).await
        }
        Ask::QueueShutdown { drain_s } => queue::shutdown(core, caller, drain_s).await,
        Ask::WorkflowSubmit { workflow } => workflows::submit(core, (caller, trace), &workflow).await,
        Ask::WorkflowStatus { id } => workflows::status(core, caller, &id).await,
        Ask::WorkflowCancel { id, reason } => workflows::cancel(core, caller, &id, reason).await,
        Ask::WorkflowList { filter } => workflows::list(core, caller, &filter).await,
        Ask::WorkflowDag { id, format } => workflows::dag(core, caller, &id, format).await,
        Ask::WorkflowCoordinate { id, peers, strategy } => {
            workflows::coordinate(core, caller, &id, &peers, strategy).await
        }
        Ask::PeerRegister { addresses, ttl_s, metadata } => {
            peers::register(core, caller, &addresses, ttl_s, metadata).await
        }
        Ask::PeerDiscover { sources, max_peers, timeout_s, tool } => {
            peers::discover(core, &sources, max_peers, timeout_s, tool.as_deref()).await
        }
        Ask::PeerConnect { nodes, min_connections, timeout_s } => {
            peers::connect(core, caller, &nodes, min_connections, timeout_s).await
        }
        Ask::PeerCleanup { older_than_s, dry_run } => peers::cleanup(core, caller, older_than_s, dry_run).await,
        Ask::PublicAddresses { methods, timeout_s } => public::addresses(core, &methods, timeout_s).await,
        Ask::PeerList { filter } => peers::list(core, &filter).await,
        Ask::BootstrapText { source, text, connect } => {
            bootstrap::from_text(core, caller, &source, &text, connect).await
        }
        Ask::BootstrapPublic { connect } => bootstrap::from_public(core, connect).await,
        Ask::BootstrapList => bootstrap::sources(core),
    };
    answer.map(|answer| answer.to_string())
}
