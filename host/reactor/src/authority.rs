//! What the operator says of peers and of tenants' tasks. It is asked at each use, so that another configuration counts from
//! the next request on.

use std::sync::Arc;

use futures::future::BoxFuture;
use tandem_types::Caller;
use tandem_types::MAX_PRIORITY;
use tandem_types::Secret;

/// Why an API key or token of a peer is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// Nobody authenticates here.
    #[error("this host takes no tokens")]
    Off,
    /// It is none of this host, or not any more; in the words of whoever looked at it.
    #[error("{0}")]
    Refused(String),
}

/// Says who peers are, what is shown to them, and how urgent a tenant's tasks may be. A function from a peer's id to its caller
/// is one for a host that takes no tokens and shows none.
pub trait Authority: Send + Sync {
    /// Who a peer is here: the tenant and the access of its calls.
    fn caller(&self, peer: &str) -> Caller;

    /// The tenant of a peer that the operator made one of its own; none for those that are tenants together.
    fn own_tenant(&self, peer: &str) -> Option<String> {
        let _ = peer;
        None
    }

    /// Whose an API key or token is that came with a peer's request, or why it is not taken.
    fn bearer(&self, token: String) -> BoxFuture<'static, Result<Caller, BearerError>> {
        drop(token);
        Box::pin(std::future::ready(Err(BearerError::Off)))
    }

    /// Whether a request that shows none is refused.
    fn requires_token(&self) -> bool {
        false
    }

    /// What this host shows a peer with each request.
    fn token_for(&self, peer: &str) -> Option<Secret> {
        let _ = peer;
        None
    }

    /// The highest priority of the tasks that a tenant submits, and of those that whoever speaks for it is given.
    fn max_priority(&self, tenant: &str) -> u8 {
        let _ = tenant;
        MAX_PRIORITY
    }
}

impl<F: Fn(&str) -> Caller + Send + Sync> Authority for F {
    fn caller(&self, peer: &str) -> Caller {
        self(peer)
    }
}

/// As every part of the thread has it.
pub type Operator = Arc<dyn Authority>;
