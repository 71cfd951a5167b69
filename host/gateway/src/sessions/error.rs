//! Why a session does what it does not.

use rmcp::transport::streamable_http_server::session::local::LocalSessionManagerError;

/// Why a session does what it does not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("{0} sessions are open, which is the limit; try again later")]
    Full(usize),
    #[error("session not found")]
    NotFound,
    #[error("too many messages wait in the session")]
    Busy,
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}
