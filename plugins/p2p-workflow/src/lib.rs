//! The category of workflows: directed acyclic graphs of tool calls, run by the hosts of the network.
//!
//! **Promises.** What a tool takes is checked, made complete with its defaults and passed to the host once; what the host
//! answers is passed on as the tool's schema says. Nothing is kept here: the journal and its durability are the host's.
//!
//! **Bounds.** Those of the schemas: 1000 steps, each with 1000 dependencies at most.
//!
//! **Refuses.** Unknown arguments, by their name. Whether steps make a graph without cycles, whether a reference names an
//! ancestor and whether a tool exists is the host's to say, which journals the workflow and also takes it from others.

pub mod answers;
pub mod step;

use tandem_p2p_forms::{AtMost, Id, PeerId, Tag, Tags, answer, document};
use tandem_sdk::p2p::{DagFormat, Strategy, workflow};
use tandem_sdk::prelude::*;

use crate::answers::{Assignments, Cancelled, Dag, Page, Status, Submitted, WorkflowState};
use crate::step::Step;

/// What a workflow takes at most: 30 days, in seconds. It holds memory and a place meanwhile.
const MAX_TIMEOUT_S: u32 = 30 * 24 * 3_600;

/// Most steps of a workflow: its graph is held in memory by the host that coordinates it.
const MAX_STEPS: usize = 1_000;

/// Most hosts that a workflow is for: a step is offered to one after the other.
const MAX_TARGETS: usize = 64;

/// Most peers to choose from: as many as a page lists.
const MAX_PEERS: usize = 1_000;

/// The category.
#[derive(Debug)]
pub struct Workflows;

/// The form of a graph.
#[data]
#[derive(Clone, Copy, Debug, Default)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// Nodes, edges and the critical path with durations.
    #[default]
    Json,
    /// A text for Graphviz.
    Dot,
    /// A text for Mermaid.
    Mermaid,
}

/// How hosts are chosen.
#[data]
#[derive(Clone, Copy, Debug, Default)]
#[serde(rename_all = "snake_case")]
enum Choice {
    /// By hashing step and host: hosts that see the same peers agree without a message.
    #[default]
    Rendezvous,
    /// The host with the most free places.
    LeastLoaded,
    /// This host.
    Local,
}

#[tools]
impl Workflows {
    /// Starts a workflow, durably: steps are tool calls, and each starts as soon as all that it depends on have succeeded, on
    /// this host or any other that has the tool. An argument that is `{"$from": "STEP", "path": "/json/pointer"}` stands for that
    /// part of an earlier step's result. A failed step skips everything after it, unless it has `on_failure: continue`. Follow
    /// it with `p2p_workflow_status`. Errors: invalid arguments name the step that makes a cycle, comes twice, calls an unknown
    /// tool or refers to a step that does not come before it; `limit_exceeded`; `idempotency_conflict` (the key was used with
    /// another workflow).
    #[tool(open_world, title = "Start a workflow")]
    fn p2p_workflow_submit(
        /// A name for people.
        #[arg(min_length = 1, max_length = 128)]
        name: String,
        /// Its steps, at most 1000, in any order.
        steps: Steps,
        /// How many steps run at a time.
        #[arg(default = 8, min = 1, max = 1_000)]
        max_concurrency: u32,
        /// Seconds that all of it may take, at most 30 days.
        #[arg(default = 7_200, min = 1, max = MAX_TIMEOUT_S)]
        timeout_s: u32,
        /// Words to find it by, at most 32.
        tags: Option<Tags>,
        /// Only these hosts run its steps, at most 64; whoever has the tools unless given.
        target_peers: Option<AtMost<MAX_TARGETS, PeerId>>,
        /// With the same key and the same workflow a second submit answers as the first and starts nothing.
        #[arg(min_length = 1, max_length = 256)]
        idempotency_key: Option<String>,
    ) -> Result<Submitted> {
        let document = document(json!({
            "name": name, "steps": steps, "max_concurrency": max_concurrency, "timeout_s": timeout_s, "tags": tags,
            "target_peers": target_peers, "idempotency_key": idempotency_key,
        }));
        answer("workflow.submit", workflow::submit(&document))
    }

    /// Tells how far a workflow is, as a whole and step by step, and what it came to: results of up to 16 KiB, errors, and why it
    /// ended or waits. Errors: `not_found`.
    #[tool(read_only, idempotent, title = "Status of a workflow")]
    fn p2p_workflow_status(
        /// The workflow.
        workflow_id: Id,
    ) -> Result<Status> {
        answer("workflow.status", workflow::status(workflow_id.as_str()))
    }

    /// Cancels what has not ended of a workflow. Steps that have succeeded keep their results; running ones are interrupted
    /// and may have had effects. Errors: `not_found`, `conflict` (it has ended).
    #[tool(destructive, idempotent, title = "Cancel a workflow")]
    fn p2p_workflow_cancel(
        /// The workflow.
        workflow_id: Id,
        /// Why, for those who look at the workflow later.
        #[arg(min_length = 1, max_length = 1_000)]
        reason: Option<String>,
    ) -> Result<Cancelled> {
        answer("workflow.cancel", workflow::cancel(workflow_id.as_str(), reason.as_deref()))
    }

    /// Lists your workflows, newest first, in pages. What is given must all fit.
    #[tool(read_only, idempotent, title = "List workflows")]
    fn p2p_workflow_list(
        /// Only workflows in this state.
        state: Option<WorkflowState>,
        /// Only workflows with this tag.
        tag: Option<Tag>,
        /// How many a page has at most.
        #[arg(default = 50, min = 1, max = 1_000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        #[arg(min_length = 1, max_length = 1_024)]
        cursor: Option<String>,
    ) -> Result<Page> {
        let filter = json!({ "state": state, "tag": tag, "limit": limit, "cursor": cursor });
        answer("workflow.list-workflows", workflow::list_workflows(&document(filter)))
    }

    /// Gives the graph of a workflow with the state of its steps, as data or to draw. Errors: `not_found`.
    #[tool(read_only, idempotent, title = "Graph of a workflow")]
    fn p2p_workflow_get_dag(
        /// The workflow.
        workflow_id: Id,
        /// `json` has nodes, edges and the critical path with durations; `dot` is a text for Graphviz, `mermaid` one for
        /// Mermaid.
        #[arg(default = Format::Json)]
        format: Format,
    ) -> Result<Dag> {
        let format = match format {
            Format::Json => DagFormat::Json,
            Format::Dot => DagFormat::Dot,
            Format::Mermaid => DagFormat::Mermaid,
        };
        answer("workflow.get-dag", workflow::get_dag(workflow_id.as_str(), format))
    }

    /// Chooses preferred hosts for the steps that have not started: for half a minute only the preferred host takes its steps,
    /// then any other may. Without it a step goes to the host that rendezvous hashing names, and a moment later to any that is
    /// free. Errors: `not_found` (workflow or peer), `conflict` (it has ended), `unavailable` (no host has the tool).
    #[tool(title = "Choose the hosts of a workflow")]
    fn p2p_workflow_coordinate(
        /// The workflow.
        workflow_id: Id,
        /// Choose among these hosts, at most 1000; among all that are connected unless given.
        peers: Option<AtMost<MAX_PEERS, PeerId>>,
        /// `rendezvous` hashes step and host, so that hosts agree without a message; `least_loaded` takes the one with the most
        /// free places; `local` takes this host.
        #[arg(default = Choice::Rendezvous)]
        strategy: Choice,
    ) -> Result<Assignments> {
        let strategy = match strategy {
            Choice::Rendezvous => Strategy::Rendezvous,
            Choice::LeastLoaded => Strategy::LeastLoaded,
            Choice::Local => Strategy::Local,
        };
        let peers: Vec<String> = peers.into_iter().flat_map(|peers| peers.0).map(|peer| peer.0).collect();
        answer("workflow.coordinate", workflow::coordinate(workflow_id.as_str(), &peers, strategy))
    }
}

/// The steps of a workflow.
#[data]
#[derive(Debug)]
#[serde(transparent)]
#[schemars(extend("minItems" = 1, "maxItems" = MAX_STEPS))]
struct Steps(Vec<Step>);

tandem_sdk::export!(Workflows);
