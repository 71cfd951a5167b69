//! Why a mounted server does not serve.

use std::time::Duration;

use rmcp::service::{ClientInitializeError, ServiceError};

use crate::{limits::MAX_MESSAGE, text::line};

/// Why a server did not start, or serves no more.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The command cannot be run.
    #[error("cannot start `{program}`: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It did not start and list its tools in time.
    #[error("did not {step} within {} ms", .after.as_millis())]
    Slow {
        /// What it did not do.
        step: &'static str,
        /// The bound.
        after: Duration,
    },
    /// It refused or broke the handshake.
    #[error("cannot initialize: {}", line(&.0.to_string(), MAX_MESSAGE))]
    Handshake(#[source] Box<ClientInitializeError>),
    /// It did not list its tools.
    #[error("cannot list its tools: {}", line(&.0.to_string(), MAX_MESSAGE))]
    List(#[source] Box<ServiceError>),
    /// It has more than it may have.
    #[error("has more than {1} {0}")]
    TooMany(&'static str, usize),
    /// One of its names is taken.
    #[error(transparent)]
    Name(#[from] tandem_catalog::NameTaken),
    /// Its process ended.
    #[error("the process ended: {0}")]
    Exited(String),
    /// The connection ended.
    #[error("the connection was closed")]
    Closed,
    /// The host's own fault.
    #[error("{0}")]
    Host(String),
}
