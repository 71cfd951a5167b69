//! No authentication: everybody is the local caller.

use futures::future::BoxFuture;
use http::HeaderMap;
use tandem_types::Caller;

use super::{AuthError, Authenticator};

/// Lets everybody in as the local caller: for a host that listens on loopback only.
#[derive(Clone, Debug)]
pub struct LocalOnly(Caller);

impl LocalOnly {
    /// Lets everybody in as this caller.
    #[must_use]
    pub fn new(caller: Caller) -> Self {
        Self(caller)
    }
}

impl Default for LocalOnly {
    fn default() -> Self {
        Self(Caller::local())
    }
}

impl Authenticator for LocalOnly {
    fn authenticate<'a>(&'a self, _headers: &'a HeaderMap) -> BoxFuture<'a, Result<Caller, AuthError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn local(&self) -> Caller {
        self.0.clone()
    }

    fn is_open(&self) -> bool {
        true
    }
}
