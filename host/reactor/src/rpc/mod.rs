//! Calls between hosts over `/mcp+p2p/1.0.0`: long-lived streams, many requests in flight on each, answers matched by id.
//!
//! **Promises.** A request has one outcome: an answer, an error of the peer, "not sent", or "sent and not answered". It is
//! never sent twice. A connection that breaks in the middle is an error, never an empty success.
//!
//! **Bounds**, for each peer: its streams, its requests under way, its messages and bytes a second, as
//! [`WireLimits`](crate::trust::quota::WireLimits) says; [`WAITING`] of our requests to it. Frames and their times are
//! bounded by [`frame`].
//!
//! A peer gives a request of its own up with `notifications/cancelled`: its work is stopped and not answered.
//!
//! **Refuses.** An integer beyond 64 bits, which a JSON value would round, except among arguments of a tool that keeps it. What is over a bound is answered with `limit_exceeded`; a peer that breaks the framing loses the stream.

mod frame;
mod inbound;
mod message;
mod outbound;
mod outlet;
mod quota;

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use libp2p::PeerId;
use serde_json::{Map, Value};
use tandem_types::exact::ExactNumbers;

pub use inbound::accept;
pub use message::RpcError;
pub use outbound::{Links, PeerRpc};
pub use outlet::Outlet;

/// Our requests that wait for one peer. A slow peer must not fill this host's memory.
pub const WAITING: usize = 256;
/// How long an answer may take, where the request does not say.
pub const REQUEST: Duration = Duration::from_secs(30);

/// Answers what peers ask.
pub trait Service: Send + Sync {
    /// A request; `exact` are the numbers of a tool's arguments that `params` rounds. Dropping the answer's future stops the work. `outlet` is for what is told before the answer.
    fn request(
        &self,
        peer: PeerId,
        method: String,
        params: Map<String, Value>,
        exact: Option<Arc<ExactNumbers>>,
        outlet: Outlet,
    ) -> BoxFuture<'static, Result<Value, RpcError>>;
    /// A message without an answer.
    fn notified(&self, peer: PeerId, method: &str, params: Map<String, Value>);
    /// A peer broke the protocol.
    fn fault(&self, peer: PeerId, what: &str);
}
