//! What the engine asks of its host: grants, nested calls, events, and answers to HTTP requests in tests.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{call::CallContext, capability::Capability};

/// Decides what a tenant's calls may touch. Asked at every use of a capability, so that a change takes effect on the
/// next one; must be quick, and answer the same `Arc` until something changes.
pub trait Capabilities: Send + Sync {
    /// The effective capability of a tenant.
    fn of(&self, tenant: &str) -> Arc<Capability>;
}

impl Capabilities for Capability {
    fn of(&self, _tenant: &str) -> Arc<Capability> {
        Arc::new(self.clone())
    }
}

impl Capabilities for Arc<Capability> {
    fn of(&self, _tenant: &str) -> Arc<Capability> {
        self.clone()
    }
}

/// What kind of entry is shown or hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A tool.
    Tool,
    /// A prompt.
    Prompt,
    /// A resource, by its URI.
    Resource,
}

/// Takes the events of all plugins. Its owner knows which entries there are.
pub trait EventSink: Send + Sync {
    /// Shows or hides an entry for one tenant. Answers false when the plugin has no such entry.
    fn set_hidden(&self, tenant: &Arc<str>, plugin: &str, kind: EntryKind, name: &str, hidden: bool) -> bool;
    /// A resource's content changed, for one tenant.
    fn resource_updated(&self, tenant: &Arc<str>, uri: &str);
}

/// What the other tool answered.
#[derive(Clone, Debug)]
pub struct InvokeOutput {
    /// MCP content blocks, as a JSON array.
    pub content: String,
    /// The structured result as JSON.
    pub structured: Option<String>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
}

/// Why the other tool was not run, or gave no answer.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the cases are those of the WIT interface")]
pub enum InvokeError {
    NotFound(String),
    Denied(String),
    InvalidArguments(String),
    LimitExceeded(String),
    Unavailable(String),
    Timeout,
    Other(String),
}

/// Runs nested calls: the router.
pub trait Invoker: Send + Sync {
    /// Calls `tool` as the caller of `parent`, one level deeper.
    fn invoke(
        &self,
        parent: Arc<CallContext>,
        tool: String,
        arguments: String,
    ) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnmatchedRequest {
    /// Nobody listens there.
    Refused,
    /// No answer comes in time.
    Timeout,
    /// The connection ends before the answer.
    Closed,
    /// Nothing is recorded for this request; the text says what is.
    Unknown(String),
}

/// Answers a plugin's requests in the place of the network.
pub trait HttpFixtures: Send + Sync {
    /// The answer to one request of a tenant's call.
    ///
    /// # Errors
    /// What the plugin is to see instead.
    fn answer(&self, tenant: &str, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, UnmatchedRequest>;
}
