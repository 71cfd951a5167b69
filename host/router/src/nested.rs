//! Calls that a guest makes of other tools: as the same caller, within the remaining deadline, one level deeper.

use std::{sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tandem_engine::{CallEnv, Content, InvokeError, InvokeOutput, Invoker, ResourceBody, ResourceContents};

use crate::{
    api::{CallError, Output, RequestContext},
    exact::Arguments,
    router::{Inner, Router},
};

/// Nested calls below a client's call. Stops a tool that calls itself without end.
pub(crate) const MAX_DEPTH: u8 = 8;

impl Invoker for Inner {
    fn invoke(
        &self,
        parent: CallEnv,
        tool: String,
        arguments: String,
    ) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>> {
        let router = self.me.upgrade().map(Router);
        Box::pin(async move {
            let router = router.ok_or_else(|| InvokeError::Unavailable("the host is stopping".to_owned()))?;
            let (caller, account, bytes) = (parent.caller.clone(), parent.account.clone(), arguments.len());
            let parse = move || Arguments::parse(&arguments);
            let parsed = router.work_on(&caller, account.clone(), bytes, parse).await.map_err(refused)?;
            let Arguments { members, exact } = parsed.map_err(|error| {
                InvokeError::InvalidArguments(format!("the arguments must be a JSON object: {error}"))
            })?;
            let cx = RequestContext { exact, ..context(parent) };
            let output = router.call_tool(cx, &tool, members).await.map_err(refused)?;
            let bytes = output.bytes();
            router.work_on(&caller, account, bytes, move || answer(output)).await.map_err(refused)
        })
    }
}

/// An answer in JSON, for who is below the router.
pub(crate) fn answer(output: Output) -> InvokeOutput {
    let content: Vec<Value> = output.content.iter().map(content_json).collect();
    InvokeOutput {
        content: Value::Array(content).to_string(),
        structured: output.structured.map(|value| value.to_string()),
        is_error: output.is_error,
    }
}

fn context(parent: CallEnv) -> RequestContext {
    RequestContext {
        caller: parent.caller,
        request_id: parent.request_id,
        cancel: parent.cancel.child_token(),
        client: parent.client,
        deadline: Some(parent.deadline.saturating_duration_since(Instant::now())),
        traceparent: parent.traceparent,
        depth: parent.depth.saturating_add(1),
        exact: None,
    }
}

pub(crate) fn refused(error: CallError) -> InvokeError {
    let text = error.to_string();
    match error {
        CallError::NotFound { .. } | CallError::Vanished { .. } | CallError::NoNetwork { .. } => {
            InvokeError::NotFound(text)
        }
        CallError::InvalidArguments { .. } => InvokeError::InvalidArguments(text),
        CallError::Denied(_) | CallError::MissingCapability(_) => InvokeError::Denied(text),
        CallError::Limited { .. } => InvokeError::LimitExceeded(text),
        CallError::Unavailable { .. } | CallError::Unrecorded { ran: false } => InvokeError::Unavailable(text),
        CallError::Timeout { .. } => InvokeError::Timeout,
        CallError::Trapped { .. }
        | CallError::BadOutput { .. }
        | CallError::Cancelled
        | CallError::Unrecorded { ran: true }
        | CallError::Internal(_) => InvokeError::Other(text),
    }
}

/// One block in the JSON form of MCP.
fn content_json(content: &Content) -> Value {
    match content {
        Content::Text(text) => json!({"type": "text", "text": text}),
        Content::Image(blob) => {
            json!({"type": "image", "data": STANDARD.encode(&blob.data), "mimeType": blob.mime_type})
        }
        Content::Audio(blob) => {
            json!({"type": "audio", "data": STANDARD.encode(&blob.data), "mimeType": blob.mime_type})
        }
        Content::ResourceLink(link) => json!({
            "type": "resource_link", "uri": link.uri, "name": link.name,
            "description": link.description, "mimeType": link.mime_type,
        }),
        Content::EmbeddedResource(contents) => json!({"type": "resource", "resource": resource_json(contents)}),
    }
}

fn resource_json(contents: &ResourceContents) -> Value {
    match &contents.body {
        ResourceBody::Text(text) => json!({"uri": contents.uri, "mimeType": contents.mime_type, "text": text}),
        ResourceBody::Blob(bytes) => {
            json!({"uri": contents.uri, "mimeType": contents.mime_type, "blob": STANDARD.encode(bytes)})
        }
    }
}

/// Hands the router to the engine, as the one that runs nested calls.
pub(crate) fn install(router: &Router) {
    let invoker: Arc<dyn Invoker> = router.0.clone();
    router.0.services.set_invoker(&invoker);
}
