//! Calls between hosts over `/mcp+p2p/1.0.0`: long-lived streams, many requests in flight on each, answers matched by id.
//!
//! **Promises.** A request has one outcome: an answer, an error of the peer, "not sent", or "sent and not answered". It is
//! never sent twice. A connection that breaks in the middle is an error, never an empty success.
//!
//! **Bounds**, for each peer: its streams, its requests under way, its messages and bytes a second, as
//! [`WireLimits`](crate::trust::quota::WireLimits) says; [`WAITING`] of our requests to it. Frames and their times are
//! bounded by [`frame`].
//!
//! **Dialects.** A peer is asked in JSON-RPC. One that wants `initialize` first gets it on each stream, and one that speaks bodies with
//! a `type` is asked so, once it has shown it: by a refusal before anything was done, or by a frame of its own.
//!
//! A peer gives a request of its own up with `notifications/cancelled`: its work is stopped and not answered.
//!
//! **Refuses.** An integer beyond 64 bits, which a JSON value would round, except among arguments of a tool that keeps it. What is over a bound is answered with `limit_exceeded`; a peer that breaks the framing loses the stream.

mod dialect;
mod error;
mod frame;
mod inbound;
mod limits;
mod message;
mod one_shot;
mod outbound;
mod outlet;
mod ports;
mod quota;
mod typed;

pub use dialect::Dialects;
pub use error::RpcError;
pub use inbound::accept;
pub use limits::{REQUEST, WAITING};
pub use outbound::{Links, PeerRpc};
pub use outlet::Outlet;
pub use ports::Service;
