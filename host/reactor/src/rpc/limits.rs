//! How many requests wait for a peer, and how long an answer may take.

use std::time::Duration;

/// Our requests that wait for one peer. A slow peer must not fill this host's memory.
pub const WAITING: usize = 256;
/// How long an answer may take, where the request does not say.
pub const REQUEST: Duration = Duration::from_secs(30);
/// Peers of another dialect that are remembered. Stops peers with ever new ids from filling memory.
pub(super) const MAX_DIALECTS: usize = 4_096;
