//! What a workflow is and what it does next: a graph of steps, a log of events, and a state that is nothing but
//! the fold of the log.
//!
//! **Promises.** No I/O and no clock: time comes in as milliseconds since the Unix epoch, decisions go out. The same
//! log gives the same state and the same decisions on every host, so that whoever takes a workflow over goes on
//! where the other stopped. A step starts only when everything it depends on is settled, and never again once it
//! has succeeded. Every event is named by the hash of its content and of its parents: a log that was changed
//! anywhere does not verify. Merging two logs is a union: order and repetition do not matter.
//!
//! **Bounds.** Steps, depth, arguments, events, parents and the size of resolved arguments each have a limit,
//! a constant here with its reason.
//!
//! **Refuses.** At submit, with the step named: unknown fields, duplicate ids, unknown dependencies, cycles, unknown
//! tools, and references to what is no ancestor. In a log: an event whose id is not its content's, a missing
//! parent, a second beginning. In a fold: nothing; an event that does not fit the state (a stale fence, a second
//! completion) is kept as history and changes nothing.
//!
//! The way through it: [`Spec`] → [`Plan`] → [`Log`] → [`State`] → [`Decision`] → an event in the [`Log`] again.

mod backoff;
mod decide;
mod event;
mod graph;
mod log;
mod merge;
mod place;
mod plan;
mod plan_error;
mod record;
mod reference;
mod spec;
mod state;
mod view;

pub use decide::{Decision, Start};
pub use event::{Body, Event, MAX_EVENT_BYTES, MAX_INLINE_RESULT, Outcome, Output, StepError};
pub use log::{Log, LogError, MAX_EVENTS, MAX_HEADS};
pub use place::{Candidate, Strategy, assign, choose};
pub use plan::Plan;
pub use plan_error::PlanError;
pub use record::{StepRecord, StepState, WorkflowState};
pub use reference::{Found, MAX_RESOLVED_BYTES, ReferenceError, ResolveError, resolve};
pub use spec::{
    MAX_ARGUMENT_BYTES, MAX_ATTEMPTS, MAX_DELAY_MS, MAX_NAME_CHARS, MAX_SPEC_BYTES, MAX_STEP_TIMEOUT_S, MAX_STEPS,
    MAX_TAGS, MAX_TARGETS, MAX_TIMEOUT_S, OnFailure, Retry, RetryPolicy, Spec, StepSpec,
};
pub use state::{Applied, FoldError, State};
pub use tandem_types::{ContentError, ContentId};
pub use view::{CriticalPath, Dag, DagEdge, DagNode, PathStep};

#[cfg(test)]
mod tests;
