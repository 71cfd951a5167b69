//! What decides who a request comes from.

use std::fmt;

use futures::future::BoxFuture;
use http::HeaderMap;
use serde_json::Value;
use tandem_types::Caller;

use super::AuthError;

/// What clients read to find the authorization server (RFC 9728).
#[derive(Clone, Debug)]
pub struct ResourceMetadata {
    /// The path of the protected resource, as `/mcp`; empty for the whole host.
    pub resource_path: String,
    /// The document.
    pub document: Value,
}

/// Decides who a request comes from.
pub trait Authenticator: Send + Sync + fmt::Debug + 'static {
    /// The caller behind these headers. Runs on every request: verified credentials belong in a cache.
    fn authenticate<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Caller, AuthError>>;

    /// The caller of the process's own standard input.
    fn local(&self) -> Caller {
        Caller::local()
    }

    /// Whether everybody is authenticated as the same caller: then there are no tenants to isolate.
    fn is_open(&self) -> bool {
        false
    }

    /// The document under `/.well-known/oauth-protected-resource`, if tokens are taken.
    fn resource_metadata(&self) -> Option<ResourceMetadata> {
        None
    }

    /// What has to be done beside requests, as long as the host serves. Never returns.
    fn maintain(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}
