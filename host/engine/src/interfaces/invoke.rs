//! `tandem:host/invoke`: another tool, through the router, as the same caller.

use tandem_package::capability::{self, InternalCapability as _};
use wasmtime::component::Linker;

use self::bindings::tandem::host::invoke::{Error, Host, Output, add_to_linker};
use crate::{
    account::Use,
    interfaces::HostInterface,
    ports::InvokeError,
    state::{CallState, HostView},
};

#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated")]
pub(super) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        interfaces: "import tandem:host/invoke@0.1.0;",
        imports: { default: async | trappable },
    });
}

/// As it stands in audit records.
const USE: Use = Use::Internal(capability::Invoke::NAME);

/// The interface.
pub(crate) struct Invoke;

impl HostInterface for Invoke {
    fn name(&self) -> &'static str {
        capability::Invoke::INTERFACE
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
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
        if !self.capability().internal.invoke {
            self.denied(USE, &tool);
            return Ok(Err(Error::Denied("`invoke` is not granted".to_owned())));
        }
        self.used(USE);
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
