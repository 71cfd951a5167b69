//! Bounds and names that several parts share.

use std::time::Duration;

/// The queue that tasks wait in.
pub const QUEUE: &str = "default";
/// How long a worker has a task before it must renew: task-store contract, section 1.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// How long an advertisement is believed without hearing of the peer again.
pub(crate) const ADVERTISEMENT_TTL: Duration = Duration::from_secs(300);
/// How long a peer of a round may take to accept a connection or to answer what it can run.
pub(crate) const PEER_TIMEOUT: Duration = Duration::from_secs(10);
