//! Who is asking. An [`Authenticator`] turns a request's headers into a [`Caller`]; everything below sees only that.

use std::fmt;

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use tandem_engine::Caller;

/// Why a request was not let in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthError {
    /// No credentials, or wrong ones.
    #[error("{detail}")]
    Unauthenticated {
        /// What to do about it.
        detail: String,
        /// The value of `WWW-Authenticate`.
        challenge: Option<HeaderValue>,
    },
    /// Known, but not allowed here.
    #[error("{detail}")]
    Forbidden {
        /// What is missing.
        detail: String,
        /// The value of `WWW-Authenticate`.
        challenge: Option<HeaderValue>,
    },
}

/// Decides who a request comes from.
pub trait Authenticator: Send + Sync + fmt::Debug + 'static {
    /// The caller behind these headers. Runs on every request: verified credentials belong in a cache.
    fn authenticate<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Caller, AuthError>>;

    /// The caller of the process's own standard input.
    fn local(&self) -> Caller {
        Caller::local()
    }
}

/// Lets everybody in as the local caller: for a host that listens on loopback only.
#[derive(Clone, Debug)]
pub struct LocalOnly(Caller);

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
}
