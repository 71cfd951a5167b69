//! The network of hosts: its peers, its durable task queue and its workflows. Needs the grant `p2p` with the interface's name,
//! and runs in the reactor lane.
//!
//! The functions are those of the WIT package `tandem:p2p`: they take and give JSON texts, which its documentation
//! describes. Outside of a host each answers what a test has given (see `testing`), or else [`Error::Unavailable`].

pub use crate::bindings::tandem::p2p::types::Error;
pub use crate::bindings::tandem::p2p::workflow::{DagFormat, Strategy};

/// The durable task queue.
pub mod task_queue {
    pub use crate::host::p2p::task_queue::*;
}

/// Workflows.
pub mod workflow {
    pub use crate::host::p2p::workflow::*;
}

/// Peers.
pub mod peers {
    pub use crate::host::p2p::peers::*;
}

/// The first peers.
pub mod bootstrap {
    pub use crate::host::p2p::bootstrap::*;
}
