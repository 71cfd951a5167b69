//! The threads on which the host works for calls, apart from those that serve.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::admission::Gate;

/// Pieces of work of one tenant that may wait for its threads: beyond that they would only time out.
const WAITING_OF_A_TENANT: usize = 64;

/// Threads for work, and who may use them now.
pub(crate) struct WorkThreads {
    pub(crate) gate: Arc<Gate>,
    pub(crate) threads: Handle,
}

impl WorkThreads {
    /// One thread fewer than guests have: the work of all tenants leaves one to what serves.
    pub(crate) fn new(workers: usize, waiting: usize, threads: Handle) -> Self {
        Self { gate: Gate::new(workers.saturating_sub(1).max(1), waiting), threads }
    }
}

/// A tenant's share of the threads: half of them.
pub(crate) fn share(workers: usize) -> Arc<Gate> {
    Gate::new((workers / 2).max(1), WAITING_OF_A_TENANT)
}
