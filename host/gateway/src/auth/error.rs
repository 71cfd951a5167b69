//! Why a request was not let in.

use std::time::Duration;

use http::HeaderValue;

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
