//! Workflows that run: each active one has a task of its own on the thread, which holds its coordinator lease, follows its
//! steps' tasks and writes its journal.
//!
//! **Promises.** The journal is in the store before anything is done about it, and each step's task is queued in the same
//! transaction as the event that says so: a host that was killed goes on where the journal ends, and no completed step runs
//! again. A coordinator that lost its lease writes nothing more.
//!
//! **Bounds.** Active workflows ([`crate::settings::Settings::max_workflows`]); others wait in the store. Messages to each, and
//! journals that are cached.
//!
//! **Refuses.** Plans that are not valid, and plans over the size of one event of the journal.

mod active;
mod actor;
mod contents;
mod error;
mod journal;
mod journal_cache;
mod placement;
mod runtime;
mod settle;

pub(crate) use active::ActiveWorkflows;
pub(crate) use journal::{Journal, Submitted};
pub(crate) use runtime::{WorkflowDeps, WorkflowRuntime};
