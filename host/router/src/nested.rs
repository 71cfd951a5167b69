//! Calls that a guest makes of other tools: as the same caller, within the remaining deadline, one level deeper.

use std::sync::Arc;

use futures::future::BoxFuture;
use tandem_engine::{CallContext, InvokeError, InvokeOutput, Invoker, ToolAnswer};

use crate::{
    api::CallError,
    exact::Arguments,
    router::{Inner, Router},
};

impl Invoker for Inner {
    fn invoke(
        &self,
        parent: Arc<CallContext>,
        tool: String,
        arguments: String,
    ) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>> {
        let router = self.me.upgrade().map(Router);
        Box::pin(async move {
            let router = router.ok_or_else(|| InvokeError::Unavailable("the host is stopping".to_owned()))?;
            let (caller, account, bytes) = (parent.caller.clone(), parent.account.clone(), arguments.len());
            let parse = move || Arguments::parse(&arguments);
            let parsed = router.work_on(&caller, account.clone(), bytes, parse).await.map_err(refused)?;
            let arguments = parsed.map_err(|error| {
                InvokeError::InvalidArguments(format!("the arguments must be a JSON object: {error}"))
            })?;
            let output = router.call_tool(below(&parent), &tool, arguments).await.map_err(refused)?;
            let bytes = output.bytes();
            router.work_on(&caller, account, bytes, move || ToolAnswer::from(output).into()).await.map_err(refused)
        })
    }
}

/// One level deeper, and cancelled with it.
fn below(parent: &CallContext) -> CallContext {
    CallContext { cancel: parent.cancel.child_token(), depth: parent.depth.saturating_add(1), ..parent.clone() }
}

pub(crate) fn refused(error: CallError) -> InvokeError {
    let text = error.to_string();
    match error {
        CallError::NotFound { .. } | CallError::Removed { .. } | CallError::NoNetwork { .. } => {
            InvokeError::NotFound(text)
        }
        CallError::InvalidArguments { .. } => InvokeError::InvalidArguments(text),
        CallError::Denied(_) | CallError::MissingCapability(_) => InvokeError::Denied(text),
        CallError::Limited { .. } => InvokeError::LimitExceeded(text),
        CallError::Unavailable { .. } | CallError::Compiling { .. } | CallError::Unrecorded { ran: false } => {
            InvokeError::Unavailable(text)
        }
        CallError::Timeout { .. } => InvokeError::Timeout,
        CallError::Trapped { .. }
        | CallError::BadOutput { .. }
        | CallError::Cancelled
        | CallError::Unrecorded { ran: true }
        | CallError::Internal(_) => InvokeError::Other(text),
    }
}
