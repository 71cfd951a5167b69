//! Why a host is not reached, or does not answer.

/// Why a request has no answer. Each says what to do, where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It is not a URL of an MCP endpoint; the text says what was probably meant.
    #[error("invalid URL: {0}")]
    InvalidUrl(String),
    /// Nothing listens there.
    #[error(
        "cannot connect to {url} ({cause}); is the host running? start one with `tandem serve`, or name another with --url"
    )]
    Unreachable {
        /// The endpoint.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// No answer in time.
    #[error("timeout: the host at {0} does not answer")]
    Timeout(String),
    /// The connection, or what came over it, is broken.
    #[error("request to {url} failed: {cause}")]
    Connection {
        /// The endpoint.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// It requires a credential, and none was given.
    #[error("unauthorized: the host at {0} requires an API key or token; pass it with --token, or in TANDEM_TOKEN")]
    MissingCredential(String),
    /// It rejects the credential.
    #[error(
        "unauthorized: the host at {0} rejects this API key or token (--token, TANDEM_TOKEN); it may have expired, or be \
         of another host"
    )]
    RejectedCredential(String),
    /// The caller may not do that.
    #[error("forbidden: the host at {0} does not permit this; another API key or token may")]
    Forbidden(String),
    /// It takes no request now.
    #[error("the host at {0} is busy or not ready; try again")]
    Busy(String),
    /// There is a server, but no MCP endpoint at this path.
    #[error("{url} is not an MCP endpoint (HTTP {status}); write {likely}")]
    NoEndpoint {
        /// What was asked.
        url: String,
        /// The status of the answer.
        status: u16,
        /// What was probably meant.
        likely: String,
    },
    /// Something else listens there.
    #[error("the server at {url} does not speak MCP (HTTP {status})")]
    NotMcp {
        /// What was asked.
        url: String,
        /// The status of the answer.
        status: u16,
    },
    /// The host answers with an error of the protocol, in its own words.
    #[error("{0}")]
    Protocol(String),
    /// The tool ran and failed, or was refused.
    #[error("{tool}: {message}")]
    Tool {
        /// The tool.
        tool: String,
        /// Its words.
        message: String,
    },
    /// A tool of the host answers something else than it promises.
    #[error("{0} returned no structured result")]
    NoStructuredResult(String),
}
