//! What one request may cost.

use std::time::Duration;

/// How often a host looks for changes that were not made through its own socket.
pub(super) const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The largest request: a secret with its frame.
pub(super) const MAX_REQUEST: usize = 256 << 10;
/// Requests at a time. Operators are few.
pub(super) const MAX_CONNECTIONS: usize = 16;
