//! The bounds of what is kept of the swarm.

/// Events of the swarm in one turn. Stops a peer that makes events without end from keeping the thread.
pub(super) const EVENTS_PER_TURN: usize = 64;
/// Addresses of this host that peers claim to see, and the peers that are remembered for each. A peer may claim anything.
pub(super) const OBSERVED: usize = 64;
/// Events that nobody took yet. Who comes late looks at the state instead.
pub(super) const EVENT_QUEUE: usize = 256;
/// Callers that wait for one answer of a rendezvous point. A tool may be called often while a point is silent.
pub(super) const RENDEZVOUS_WAITERS: usize = 256;
