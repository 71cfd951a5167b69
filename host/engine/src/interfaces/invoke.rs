//! `tandem:host/invoke`: another tool, through the router, as the same caller.

use std::sync::Arc;

use futures::future::BoxFuture;
use wasmtime::component::Linker;

use crate::{
    account::Use,
    bindings::tandem::host::invoke::{Error, Host, Output, add_to_linker},
    call::CallContext,
    interfaces::HostInterface,
    state::{CallState, HostView},
};

/// The interface.
pub(crate) struct Invoke;

impl HostInterface for Invoke {
    fn name(&self) -> &'static str {
        "tandem:host/invoke"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
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

impl From<InvokeError> for Error {
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::NotFound(text) => Self::NotFound(text),
            InvokeError::Denied(text) => Self::Denied(text),
            InvokeError::InvalidArguments(text) => Self::InvalidArguments(text),
            InvokeError::LimitExceeded(text) => Self::LimitExceeded(text),
            InvokeError::Unavailable(text) => Self::Unavailable(text),
            InvokeError::Timeout => Self::Timeout,
            InvokeError::Other(text) => Self::Other(Some(text)),
        }
    }
}

impl Host for &mut CallState {
    async fn call_tool(&mut self, tool: String, arguments: String) -> wasmtime::Result<Result<Output, Error>> {
        if !self.capability().invoke {
            self.denied(Use::Invoke, &tool);
            return Ok(Err(Error::Denied("`invoke` is not granted".to_owned())));
        }
        self.used(Use::Invoke);
        let cx = self.context()?.clone();
        let Some(invoker) = self.plugin.services.invoker() else {
            return Ok(Err(Error::Unavailable("this host runs no nested calls".to_owned())));
        };
        Ok(match invoker.invoke(cx, tool, arguments).await {
            Ok(out) => Ok(Output { content: out.content, structured: out.structured, is_error: out.is_error }),
            Err(error) => Err(error.into()),
        })
    }
}
