//! Why the registry could not be used. No error has the token: URLs are printed without query, and reqwest's errors
//! have no headers.

use std::time::Duration;

use super::LABEL;

/// Why the registry could not be used.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// The base is not a URL.
    #[error("`p2p.discovery.github.api-base` is not a url; write `https://api.github.com`")]
    Base,
    /// Others could read the token.
    #[error("the github token would go over plain http; use https for `p2p.discovery.github.api-base`")]
    Exposed,
    /// The token cannot be sent.
    #[error("the github token has invalid characters; check its source")]
    Token,
    /// The HTTP client could not be made.
    #[error("cannot create an http client for github: {0}")]
    Client(#[source] reqwest::Error),
    /// No answer.
    #[error("github does not answer: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// The token is refused.
    #[error("github refuses the token; it is wrong, expired or revoked")]
    Unauthorized,
    /// Publishing needs a token.
    #[error("publishing on github needs a token; set `p2p.discovery.github.token`")]
    NoToken,
    /// The token's rights do not suffice.
    #[error("github does not allow {path}; the token needs write access to issues, and the issue must be open to it")]
    Forbidden {
        /// What was asked for.
        path: String,
    },
    /// The repository, the issue or a comment is not there, or must not be seen.
    #[error("github has no {path}, or the token may not see it")]
    NotFound {
        /// What was asked for.
        path: String,
    },
    /// There is no issue for it.
    #[error("no open issue of the repository has the label `{LABEL}`; open one and label it")]
    NoIssue,
    /// Too many requests.
    #[error("github's rate limit is reached; try again in {} s", .retry_after.as_secs())]
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
    /// Another status.
    #[error("github answered {status} at {path}")]
    Status {
        /// The status.
        status: u16,
        /// What was asked for.
        path: String,
    },
    /// Too long an answer.
    #[error("github's answer at {path} is too long")]
    TooLong {
        /// What was asked for.
        path: String,
    },
    /// An answer that makes no sense.
    #[error("invalid response of github at {path}: {reason}")]
    Document {
        /// What was asked for.
        path: String,
        /// What is wrong.
        reason: String,
    },
}
