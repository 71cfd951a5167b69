//! The tools of this host, as the reactor sees them: a way to call one for somebody, and what there is.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use tandem_engine::{CallContext, InvokeError, ToolAnswer};
use tandem_package::Annotations;
use tandem_types::{Caller, exact::Arguments};

/// One call.
#[derive(Clone)]
pub struct ToolCall {
    /// On whose behalf, and what bounds it.
    pub cx: CallContext,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Arguments,
}

impl std::fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolCall").field("cx", &self.cx).field("tool", &self.tool).finish_non_exhaustive()
    }
}

/// What a tool is, for another host.
#[derive(Clone, Debug)]
pub struct ToolInfo {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: Option<String>,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// JSON Schema of its structured result.
    pub output_schema: Option<Value>,
    /// What it says of its effects.
    pub annotations: Annotations,
    /// Whether it runs in the reactor lane: such a tool is about this host, and no task for another one.
    pub local: bool,
    /// Whether running it again does nothing that was not done: it is read-only or idempotent.
    pub repeatable: bool,
    /// How long a call of it may take, whatever is asked for.
    pub deadline: Duration,
}

/// Runs tools: the router.
pub trait Tools: Send + Sync {
    /// Calls a tool. Dropping the answer's future stops it.
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolAnswer, InvokeError>>;
    /// What is there for a caller, sorted by name.
    fn list(&self, caller: &Caller) -> Vec<ToolInfo>;
    /// A tool; none where the caller has no such one.
    fn info(&self, caller: &Caller, tool: &str) -> Option<ToolInfo> {
        self.list(caller).into_iter().find(|info| info.name == tool)
    }
    /// Another number whenever there may be other tools.
    fn generation(&self) -> u64;
    /// Whether a tool is there for a caller; else the nearest names.
    fn find(&self, caller: &Caller, tool: &str) -> Result<(), Vec<String>>;
}
