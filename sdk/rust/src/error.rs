//! Why a tool, resource or prompt gives no answer.
//!
//! Any `std::error::Error` becomes one by `?`. A refusal by the host keeps its kind: a denied `kv` is
//! [`Error::Denied`], a client without sampling is [`Error::MissingCapability`].

use std::any::Any;
use std::fmt;

use crate::bindings::tandem::host::{cache, client, events, invoke, kv, secrets};
use crate::bindings::tandem::p2p::types as p2p;
use crate::bindings::tandem::plugin::types::{Content, ToolError, ToolOutput};
use crate::http;

/// What went wrong, in the words that a client and its model get to read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The arguments are wrong in a way that the schema does not tell.
    InvalidArguments(String),
    /// Something that the arguments name is not there.
    NotFound(String),
    /// The plugin was refused a capability.
    Denied(String),
    /// Trying again later may help.
    Unavailable(String),
    /// The tool cannot work without this client capability (`elicitation`, `sampling` or `roots`).
    MissingCapability(String),
    /// The tool stopped because the call was cancelled.
    Cancelled,
    /// The tool failed and has content to say why.
    Failed(ToolOutput),
    /// Anything else.
    Other(String),
}

/// What tools return. The error type may be any other that turns into [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The arguments are wrong in a way that the schema does not tell.
    pub fn invalid_arguments(message: impl fmt::Display) -> Self {
        Self::InvalidArguments(message.to_string())
    }

    /// Something that the arguments name is not there.
    pub fn not_found(message: impl fmt::Display) -> Self {
        Self::NotFound(message.to_string())
    }

    /// The plugin was refused a capability.
    pub fn denied(message: impl fmt::Display) -> Self {
        Self::Denied(message.to_string())
    }

    /// Trying again later may help.
    pub fn unavailable(message: impl fmt::Display) -> Self {
        Self::Unavailable(message.to_string())
    }

    /// The tool failed and has content to say why.
    pub fn failed(output: impl Into<ToolOutput>) -> Self {
        Self::Failed(output.into())
    }

    /// Anything else.
    pub fn other(message: impl fmt::Display) -> Self {
        Self::Other(message.to_string())
    }

    /// Puts what was being done in front of the message; the kind stays.
    #[must_use]
    pub fn context(self, doing: impl fmt::Display) -> Self {
        match self {
            Self::InvalidArguments(m) => Self::InvalidArguments(format!("{doing}: {m}")),
            Self::NotFound(m) => Self::NotFound(format!("{doing}: {m}")),
            Self::Denied(m) => Self::Denied(format!("{doing}: {m}")),
            Self::Unavailable(m) => Self::Unavailable(format!("{doing}: {m}")),
            Self::Other(m) => Self::Other(format!("{doing}: {m}")),
            kind @ (Self::MissingCapability(_) | Self::Cancelled | Self::Failed(_)) => kind,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArguments(m) => write!(f, "invalid arguments: {m}"),
            Self::NotFound(m) => write!(f, "not found: {m}"),
            Self::Denied(m) => write!(f, "denied: {m}"),
            Self::Unavailable(m) => write!(f, "unavailable: {m}"),
            Self::MissingCapability(c) => write!(f, "the client cannot do {c}"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Failed(output) => f.write_str(output.first_text().unwrap_or("failed")),
            Self::Other(m) => f.write_str(m),
        }
    }
}

/// `Error` itself is no `std::error::Error`: only so can every one of those turn into it.
impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        fn seen<R: Refusal + 'static>(error: &dyn Any) -> Option<Error> {
            error.downcast_ref::<R>().map(Refusal::refusal)
        }
        let any: &dyn Any = &error;
        seen::<client::Error>(any)
            .or_else(|| seen::<invoke::Error>(any))
            .or_else(|| seen::<secrets::Error>(any))
            .or_else(|| seen::<kv::Error>(any))
            .or_else(|| seen::<cache::Error>(any))
            .or_else(|| seen::<events::Error>(any))
            .or_else(|| seen::<http::Error>(any))
            .or_else(|| seen::<p2p::Error>(any))
            .unwrap_or_else(|| Self::Other(with_causes(&error)))
    }
}

/// An error and what caused it, on one line: a client sees nothing but this.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        let message = e.to_string();
        // Many errors already print their cause.
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        cause = e.source();
    }
    text
}

fn other(message: Option<&String>, of: &str) -> Error {
    Error::Other(message.cloned().unwrap_or_else(|| format!("{of} failed")))
}

/// A refusal by the host, whose kind a client should see.
trait Refusal {
    fn refusal(&self) -> Error;
}

impl Refusal for client::Error {
    fn refusal(&self) -> Error {
        match self {
            client::Error::Unsupported(capability) => Error::MissingCapability(capability.clone()),
            client::Error::Timeout => Error::unavailable("the client did not answer in time"),
            client::Error::Cancelled => Error::Cancelled,
            client::Error::LimitExceeded(limit) => Error::Unavailable(limit.clone()),
            client::Error::InvalidResponse(m) => Error::Other(format!("the client's answer has the wrong form: {m}")),
            client::Error::Other(m) => other(m.as_ref(), "the question to the client"),
        }
    }
}

impl Refusal for secrets::Error {
    fn refusal(&self) -> Error {
        match self {
            secrets::Error::Denied(m) => Error::Denied(m.clone()),
            secrets::Error::Other(m) => other(m.as_ref(), "the secrets"),
        }
    }
}

impl Refusal for invoke::Error {
    fn refusal(&self) -> Error {
        match self {
            invoke::Error::NotFound(m) => Error::NotFound(m.clone()),
            invoke::Error::Denied(m) => Error::Denied(m.clone()),
            invoke::Error::InvalidArguments(m) => Error::Other(format!("the called tool refused its arguments: {m}")),
            invoke::Error::LimitExceeded(m) => Error::Other(format!("limit exceeded: {m}")),
            invoke::Error::Unavailable(m) => Error::Unavailable(m.clone()),
            invoke::Error::Timeout => Error::unavailable("the called tool did not end in time"),
            invoke::Error::Other(m) => other(m.as_ref(), "the called tool"),
        }
    }
}

impl Refusal for kv::Error {
    fn refusal(&self) -> Error {
        match self {
            kv::Error::Denied(m) => Error::Denied(m.clone()),
            kv::Error::QuotaExceeded(m) => Error::Other(format!("kv: quota exceeded: {m}")),
            kv::Error::TooLarge(m) => Error::Other(format!("kv: too large: {m}")),
            kv::Error::Other(m) => other(m.as_ref(), "kv"),
        }
    }
}

impl Refusal for cache::Error {
    fn refusal(&self) -> Error {
        match self {
            cache::Error::Denied(m) => Error::Denied(m.clone()),
            cache::Error::TooLarge(bound) => {
                Error::Other(format!("cache: the entry is larger than the cache ({bound} bytes)"))
            }
            cache::Error::Other(m) => other(m.as_ref(), "cache"),
        }
    }
}

impl Refusal for events::Error {
    fn refusal(&self) -> Error {
        match self {
            events::Error::Unknown(name) => Error::NotFound(format!("this plugin has no `{name}`")),
            events::Error::Other(m) => other(m.as_ref(), "the event"),
        }
    }
}

impl Refusal for http::Error {
    fn refusal(&self) -> Error {
        match self {
            Self::Denied(_) => Error::Denied(self.to_string()),
            Self::Unavailable(_) => Error::Unavailable(self.to_string()),
            Self::TooLarge(_) | Self::Invalid(_) | Self::Other(_) => Error::Other(self.to_string()),
        }
    }
}

/// A refusal that has no kind among tools' errors keeps its code, as structured content.
fn coded(code: &str, message: &str) -> Error {
    let structured = serde_json::json!({"error": {"code": code, "message": message}});
    Error::Failed(ToolOutput {
        content: vec![Content::Text(format!("{code}: {message}"))],
        structured: Some(structured.to_string()),
    })
}

impl Refusal for p2p::Error {
    fn refusal(&self) -> Error {
        match self {
            p2p::Error::InvalidArgument(m) => Error::InvalidArguments(m.clone()),
            p2p::Error::NotFound(m) => Error::NotFound(m.clone()),
            p2p::Error::Unauthorized(m) => Error::Denied(m.clone()),
            p2p::Error::Unavailable(m) => Error::Unavailable(m.clone()),
            p2p::Error::Conflict(m) => coded("conflict", m),
            p2p::Error::IdempotencyConflict(m) => coded("idempotency_conflict", m),
            p2p::Error::StaleFence(m) => coded("stale_fence", m),
            p2p::Error::LeaseExpired(m) => coded("lease_expired", m),
            p2p::Error::LimitExceeded(m) => coded("limit_exceeded", m),
            p2p::Error::Timeout(m) => coded("timeout", m),
            p2p::Error::Other(m) => other(m.as_ref(), "the network of hosts"),
        }
    }
}

impl From<Error> for ToolError {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidArguments(m) => Self::InvalidArguments(m),
            Error::NotFound(m) => Self::NotFound(m),
            Error::Denied(m) => Self::Denied(m),
            Error::Unavailable(m) => Self::Unavailable(m),
            Error::MissingCapability(c) => Self::MissingCapability(c),
            Error::Cancelled => Self::Cancelled,
            Error::Failed(output) => Self::Failed(output),
            Error::Other(m) => Self::Other(Some(m)),
        }
    }
}

/// Says what was being done when an error came.
pub trait Context<T> {
    /// Puts `doing` in front of the error's message.
    ///
    /// # Errors
    /// The error that was there, with the text added.
    fn context(self, doing: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|e| e.into().context(doing))
    }
}
