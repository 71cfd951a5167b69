//! One call as the layers above see it: who asks, what bounds it, and the way back to the client.
//!
//! Nothing here knows a protocol. A gateway implements [`ClientPort`] over whatever its client speaks.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use tandem_types::Caller;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, Unmetered};

/// Severity of a guest's log entry (RFC 5424), least severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the RFC's")]
pub enum Level {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

/// What a client can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// Forms for a person.
    pub elicitation: bool,
    /// Questions to a model.
    pub sampling: bool,
    /// The list of workspace roots.
    pub roots: bool,
}

/// One question to the user's side.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A form for a person.
    Elicit {
        /// What the person reads.
        message: String,
        /// JSON Schema of the answer.
        requested_schema: serde_json::Value,
    },
    /// A question to a model: the parameters of `sampling/createMessage`.
    Sample(serde_json::Value),
    /// The workspace's roots.
    Roots,
}

/// One question under its key.
#[derive(Clone, Debug, PartialEq)]
pub struct InputRequest {
    /// Unique in its call.
    pub key: String,
    /// The question.
    pub input: Input,
}

/// Why no answers came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The client did not declare this capability.
    #[error("the client has no {0} capability")]
    Unsupported(&'static str),
    /// No answer came in time.
    #[error("no answer came in time")]
    Timeout,
    /// The client gave the call up or went away.
    #[error("the client gave the call up")]
    Cancelled,
    /// Too many calls wait for answers.
    #[error("{0}")]
    LimitExceeded(String),
    /// The answer has another form than was asked for.
    #[error("invalid answer: {0}")]
    InvalidResponse(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// The way back to the client of one call. Calls on it must not block.
pub trait ClientPort: Send + Sync {
    /// Reports progress; dropped when the client did not ask for it.
    fn progress(&self, done: f64, total: Option<f64>, message: Option<String>);
    /// Forwards a log entry; `data` is JSON. Dropped when the client did not ask for the level.
    fn log(&self, level: Level, logger: Option<&str>, data: &serde_json::Value);
    /// What the client can be asked.
    fn capabilities(&self) -> ClientCapabilities;
    /// Asks all questions at once; the answers come in the order of the questions, each as the JSON of
    /// the MCP result that belongs to it.
    fn request(&self, requests: Vec<InputRequest>) -> BoxFuture<'_, Result<Vec<serde_json::Value>, InputError>>;
}

/// What bounds and identifies one call.
#[derive(Clone)]
pub struct CallEnv {
    /// The request's id, as it stands in the log.
    pub request_id: Arc<str>,
    /// On whose behalf.
    pub caller: Caller,
    /// The wall-clock deadline.
    pub deadline: Instant,
    /// Cancelled when the client gives the call up.
    pub cancel: CancellationToken,
    /// The way back to the client, if there is one.
    pub client: Option<Arc<dyn ClientPort>>,
    /// How many `invoke` calls are above this one.
    pub depth: u8,
    /// W3C trace context (`traceparent`) that came with the request.
    pub traceparent: Option<Arc<str>>,
    /// Whose totals the call uses.
    pub account: Arc<dyn Account>,
}

impl CallEnv {
    /// For the host's own questions to a plugin: no client, no tenant's rights.
    pub(crate) fn for_probe(deadline: Duration) -> Self {
        Self {
            request_id: "probe".into(),
            caller: Caller::new("", "host"),
            deadline: Instant::now() + deadline,
            cancel: CancellationToken::new(),
            client: None,
            depth: 0,
            traceparent: None,
            account: Arc::new(Unmetered),
        }
    }
}

impl fmt::Debug for CallEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallEnv")
            .field("request_id", &self.request_id)
            .field("caller", &self.caller)
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}
