//! What a host gives the wire: the service that answers what peers ask.

use std::sync::Arc;

use futures::future::BoxFuture;
use libp2p::PeerId;
use serde_json::{Map, Value};
use tandem_types::exact::ExactNumbers;

use super::{Outlet, RpcError};

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
