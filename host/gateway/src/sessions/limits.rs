//! How many sessions there may be, and how long one looks for a stream.

use std::time::Duration;

/// How long a session may take to look for the stream that a client wants to go on with: it looks between two messages.
pub(super) const RESUME_TIME: Duration = Duration::from_secs(5);

/// How many sessions there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) all: usize,
    pub(crate) per_tenant: usize,
    /// Whether an idle session goes when a new one finds no place.
    pub(crate) makes_room: bool,
}
