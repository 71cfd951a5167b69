//! Who is asking. An [`Authenticator`] turns a request's headers into a [`Caller`]; everything below sees only that.
//!
//! **Promises.** Every request is authenticated anew, so a key that was taken away and a token that ran out stop
//! working with the next request. A key is held as its hash only. The caller's rights are those of its tenant, met with
//! the token's scopes; they travel with the caller, and listing and calling ask the same evaluator.
//!
//! **Bounds.** A credential has at most 8 KiB. Verified tokens are kept in a cache of fixed size; what is fetched from
//! the issuer is bounded in size, number, time and frequency, whatever tokens strangers present.
//!
//! **Refuses.** Tokens of other issuers, for other audiences, with symmetric or no signatures; credentials in URLs; two
//! credentials at once. Answers do not tell a wrong key from one of another tenant.

mod challenge;
mod crypto;
mod gate;
mod issuer;
mod jwks;
mod jwt;
mod keys;
mod oauth;
mod operator;
mod refused;
mod scopes;

use std::{fmt, time::Duration};

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use tandem_types::Caller;

pub(crate) use challenge::WELL_KNOWN;
pub(crate) use gate::API_KEY;
pub use gate::TenantAuth;
pub use issuer::IssuerError;
pub use keys::{ApiKey, KeyRing, Rotation, Tenant};
pub use oauth::OAuthConfig;
pub use operator::OperatorToken;
pub(crate) use refused::Refused;

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
        /// Why, for machines: `insufficient_scope`, `unknown_tenant`, `forbidden`.
        code: &'static str,
        /// What is missing.
        detail: String,
        /// The value of `WWW-Authenticate`.
        challenge: Option<HeaderValue>,
    },
    /// Nobody can be known now.
    #[error("{detail}")]
    Unavailable {
        /// Why.
        detail: String,
        /// When to try again.
        retry_after: Duration,
    },
}

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

    /// Whether everybody is let in as the same caller: then there are no tenants to keep apart.
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
