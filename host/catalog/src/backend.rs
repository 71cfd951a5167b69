//! What runs the calls of a category: the sandbox, or a mounted MCP server.

use std::{
    fmt::Debug,
    sync::{Arc, Weak},
    time::Duration,
};

use futures::future::BoxFuture;
use tandem_engine::{
    CallContext, Completion, CompletionReference, Plugin, PromptOutput, ResourceContents, RunError, ToolError,
    ToolOutput,
};

/// A call's answer: the tool's own, or why there is none.
type Answer<T> = Result<Result<T, ToolError>, RunError>;

/// An MCP server that is mounted as a category. Dropping a call's future gives the call up.
pub trait Upstream: Debug + Send + Sync {
    /// Whether a tenant may use it.
    fn admits(&self, tenant: &str) -> bool;
    /// Whether every tenant may use it.
    fn is_open(&self) -> bool;
    /// Calls that may run at once, of all tenants together.
    fn concurrency(&self) -> u32;
    /// The longest time that a call may take.
    fn deadline(&self) -> Duration;
    /// Runs one tool, by the name that the server has for it. `arguments` is a JSON object that was validated.
    fn call_tool(
        self: Arc<Self>,
        cx: Arc<CallContext>,
        name: String,
        arguments: Arc<String>,
    ) -> BoxFuture<'static, Answer<ToolOutput>>;
}

/// What runs the calls of a category.
#[derive(Clone, Debug)]
pub enum Backend {
    /// A plugin, in the sandbox.
    Plugin(Arc<Plugin>),
    /// A mounted MCP server.
    Upstream(Arc<dyn Upstream>),
}

impl Backend {
    /// The plugin, if it is one.
    #[must_use]
    pub fn plugin(&self) -> Option<&Arc<Plugin>> {
        match self {
            Self::Plugin(plugin) => Some(plugin),
            Self::Upstream(_) => None,
        }
    }

    /// Whether it is a mounted MCP server.
    #[must_use]
    pub fn is_upstream(&self) -> bool {
        matches!(self, Self::Upstream(_))
    }

    /// Whether it is a plugin whose code has not come yet.
    #[must_use]
    pub fn is_compiling(&self) -> bool {
        self.plugin().is_some_and(|plugin| plugin.is_compiling())
    }

    /// Whether its calls may be suspended to ask the client.
    #[must_use]
    pub fn uses_client(&self) -> bool {
        self.plugin().is_some_and(|plugin| plugin.uses_client())
    }

    /// Calls that may run at once: of each tenant for a plugin, of all for a mounted server.
    #[must_use]
    pub fn concurrency(&self) -> u32 {
        match self {
            Self::Plugin(plugin) => plugin.limits().concurrency,
            Self::Upstream(upstream) => upstream.concurrency(),
        }
    }

    /// The longest time that a call may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        match self {
            Self::Plugin(plugin) => plugin.limits().deadline,
            Self::Upstream(upstream) => upstream.deadline(),
        }
    }

    /// Whether it is there for a tenant at all; what of it the tenant may use, its categories say.
    #[must_use]
    pub fn admits(&self, tenant: &str) -> bool {
        match self {
            Self::Plugin(_) => true,
            Self::Upstream(upstream) => upstream.admits(tenant),
        }
    }

    /// Whether it is there for every tenant.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::Plugin(_) => true,
            Self::Upstream(upstream) => upstream.is_open(),
        }
    }

    /// Waits until a plugin's code has come.
    ///
    /// # Errors
    /// It will not come, with the reason; or too many wait.
    pub async fn loaded(&self) -> Result<(), RunError> {
        match self {
            Self::Plugin(plugin) => plugin.loaded().await,
            Self::Upstream(_) => Ok(()),
        }
    }

    /// Runs one tool, by its name there.
    ///
    /// # Errors
    /// It gave no answer.
    pub async fn call_tool(&self, cx: Arc<CallContext>, name: &str, arguments: Arc<String>) -> Answer<ToolOutput> {
        match self {
            Self::Plugin(plugin) => plugin.call_tool(cx, name, arguments).await,
            Self::Upstream(upstream) => upstream.clone().call_tool(cx, name.to_owned(), arguments).await,
        }
    }

    /// Reads one resource.
    ///
    /// # Errors
    /// It gave no answer, or is a mounted server, of which only the tools are served.
    pub async fn read_resource(&self, cx: Arc<CallContext>, uri: &str) -> Answer<Vec<ResourceContents>> {
        match self {
            Self::Plugin(plugin) => plugin.read_resource(cx, uri).await,
            Self::Upstream(_) => Err(RunError::NoExport("resources")),
        }
    }

    /// Fills a prompt in.
    ///
    /// # Errors
    /// As [`Backend::read_resource`].
    pub async fn get_prompt(&self, cx: Arc<CallContext>, name: &str, arguments: String) -> Answer<PromptOutput> {
        match self {
            Self::Plugin(plugin) => plugin.get_prompt(cx, name, arguments).await,
            Self::Upstream(_) => Err(RunError::NoExport("prompts")),
        }
    }

    /// Completes an argument of a prompt or a resource template.
    ///
    /// # Errors
    /// As [`Backend::read_resource`].
    pub async fn complete(
        &self,
        cx: Arc<CallContext>,
        reference: CompletionReference,
        argument: String,
        value: String,
        settled: String,
    ) -> Answer<Completion> {
        match self {
            Self::Plugin(plugin) => plugin.complete(cx, reference, argument, value, settled).await,
            Self::Upstream(_) => Err(RunError::NoExport("completions")),
        }
    }

    /// The same without keeping it alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakBackend {
        match self {
            Self::Plugin(plugin) => WeakBackend::Plugin(Arc::downgrade(plugin)),
            Self::Upstream(upstream) => WeakBackend::Upstream(Arc::downgrade(upstream)),
        }
    }
}

/// A backend that is not kept alive.
#[derive(Clone, Debug)]
pub enum WeakBackend {
    /// A plugin.
    Plugin(Weak<Plugin>),
    /// A mounted MCP server.
    Upstream(Weak<dyn Upstream>),
}

impl WeakBackend {
    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, backend: &Backend) -> bool {
        match (self, backend) {
            (Self::Plugin(weak), Backend::Plugin(plugin)) => std::ptr::eq(weak.as_ptr(), Arc::as_ptr(plugin)),
            (Self::Upstream(weak), Backend::Upstream(upstream)) => {
                std::ptr::addr_eq(weak.as_ptr(), Arc::as_ptr(upstream))
            }
            _ => false,
        }
    }
}
