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
    #[error("timeout: the client did not answer")]
    Timeout,
    /// The client gave the call up or went away.
    #[error("the client cancelled the call")]
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

/// The deadline of a call for which nobody named one: what runs it sets its own.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// One call, from the gateway down to the guest: on whose behalf it runs, what bounds and identifies it, and the way back to
/// its client. A gateway makes it; the router sets the account and shortens the deadline to the tool's.
#[derive(Clone)]
pub struct CallContext {
    /// The request's id, as it stands in the log (UUIDv7 text for requests of clients).
    pub request_id: Arc<str>,
    /// On whose behalf.
    pub caller: Caller,
    /// The wall-clock deadline. The tool's and the operator's win where they are earlier.
    pub deadline: Instant,
    /// Cancelled when the client gives the call up. Dropping the call's future stops its guest too.
    pub cancel: CancellationToken,
    /// The way back to the client, if there is one.
    pub client: Option<Arc<dyn ClientPort>>,
    /// How many `invoke` calls are above this one; 0 from a client.
    pub depth: u8,
    /// W3C trace context (`traceparent`) that came with the request.
    pub traceparent: Option<Arc<str>>,
    /// Quota account charged for the call.
    pub account: Arc<dyn Account>,
}

impl CallContext {
    /// A client's call that nobody can cancel, without a way back, a deadline of its own and an account.
    #[must_use]
    pub fn new(request_id: Arc<str>, caller: Caller) -> Self {
        Self {
            request_id,
            caller,
            deadline: Instant::now() + LONGEST,
            cancel: CancellationToken::new(),
            client: None,
            depth: 0,
            traceparent: None,
            account: Arc::new(Unmetered),
        }
    }

    /// The same, within `limit` from now.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { deadline: self.deadline.min(Instant::now() + limit), ..self }
    }

    /// The time that is left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// For the host's own questions to a plugin: no client, no tenant's rights.
    pub(crate) fn for_probe(deadline: Duration) -> Arc<Self> {
        Arc::new(Self::new("probe".into(), Caller::new("", "host")).within(deadline))
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("request_id", &self.request_id)
            .field("caller", &self.caller)
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}
