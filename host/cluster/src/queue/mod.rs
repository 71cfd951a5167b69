//! The task queue: tasks are kept by the store, and run by this host's workers and by those of peers.
//!
//! **Promises.** A task is run at least once, and at most one completion counts: who has lost its lease is refused by its fence.
//! Nobody polls: workers wake when there is something to claim, waiters when their task has ended. A cancellation reaches the
//! running guest.
//!
//! **Bounds.** Tasks that run here ([`crate::settings::Settings::workers`]); those that wait, by the store, for each tenant.
//!
//! **Refuses.** Tools of the reactor lane as tasks: they are about this host, and another one would answer something else.

mod blobs;
mod claimer;
mod claims;
mod delivery;
mod executor;
mod lease_client;
mod lease_server;
mod maintenance;
mod messages;
mod offers;
mod outcome;
mod outside;
mod renewal;
mod task_queue;
mod waits;

pub(crate) use offers::WorkOffers;
pub(crate) use outcome::OutcomeKind;
pub(crate) use outside::OutsideWorkers;
pub(crate) use task_queue::{QueueDeps, TaskQueue};
pub(crate) use waits::{ExplainCache, WaitExplainer};
pub use waits::{Reason, WaitingTasks};
