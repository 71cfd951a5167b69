//! The way of one call to a server and back.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use rmcp::{
    RoleClient,
    model::{CallToolRequest, CallToolRequestParams, ClientRequest, RequestMetaObject, ServerResult},
    service::{PeerRequestOptions, RequestHandle, ServiceError},
};
use serde_json::{Map, Value};
use tandem_catalog::Upstream;
use tandem_engine::{CallContext, RunError, ToolError, ToolOutput};

use crate::{
    convert::{disconnected, failure, result},
    link::Link,
};

/// A server as one version of its category has it.
#[derive(Debug)]
pub(crate) struct Mounted(pub(crate) Arc<Link>);

impl Upstream for Mounted {
    fn admits(&self, tenant: &str) -> bool {
        self.0.upstream.tenants.iter().any(|pattern| pattern.as_str() == "*" || pattern.as_str() == tenant)
    }

    fn is_open(&self) -> bool {
        self.0.upstream.tenants.iter().any(|pattern| pattern.as_str() == "*")
    }

    fn concurrency(&self) -> u32 {
        self.0.upstream.concurrency
    }

    fn deadline(&self) -> Duration {
        self.0.upstream.timeout.as_duration()
    }

    fn call_tool(
        self: Arc<Self>,
        cx: Arc<CallContext>,
        name: String,
        arguments: Arc<String>,
    ) -> BoxFuture<'static, Result<Result<ToolOutput, ToolError>, RunError>> {
        Box::pin(async move { call(&self.0, &cx, name, &arguments).await })
    }
}

async fn call(
    link: &Link,
    cx: &CallContext,
    name: String,
    arguments: &str,
) -> Result<Result<ToolOutput, ToolError>, RunError> {
    if cx.cancel.is_cancelled() {
        return Err(RunError::Cancelled);
    }
    let (up, total) = (link.up()?, cx.remaining());
    let arguments: Map<String, Value> = serde_json::from_str(arguments)
        .map_err(|error| RunError::Host(format!("the arguments are not JSON: {error}")))?;
    let mut options = PeerRequestOptions::no_options();
    if let Some(traceparent) = &cx.traceparent {
        let mut meta = RequestMetaObject::default();
        meta.insert("traceparent".to_owned(), Value::String(traceparent.to_string()));
        options = options.with_meta(meta);
    }
    let request = CallToolRequest::new(CallToolRequestParams::new(name).with_arguments(arguments));
    let answer = async {
        let sent = up.peer.send_cancellable_request(ClientRequest::CallToolRequest(request), options).await;
        let mut pending = match sent {
            Ok(handle) => Pending(Some(handle)),
            Err(error) => return failure(&link.name, error).map(Err),
        };
        let token = pending.0.as_ref().map(|handle| handle.progress_token.clone());
        let _progress = token.zip(cx.client.clone()).map(|(token, client)| up.progress.add(token, client));
        match pending.answer().await {
            Some(Ok(ServerResult::CallToolResult(answer))) => result(answer, link.upstream.output.as_u64()),
            Some(Ok(_)) => Err(RunError::BadOutput("the answer to `tools/call` is not a tool's result".to_owned())),
            Some(Err(error)) => failure(&link.name, error).map(Err),
            None => Err(disconnected(&link.name)),
        }
    };
    tokio::select! {
        biased;
        answer = answer => answer,
        () = cx.cancel.cancelled() => Err(RunError::Cancelled),
        () = tokio::time::sleep_until(cx.deadline.into()) => Err(RunError::Timeout(total)),
    }
}

/// A request that is answered, or cancelled when this is dropped before.
struct Pending(Option<RequestHandle<RoleClient>>);

impl Pending {
    /// None where the connection ended before.
    async fn answer(&mut self) -> Option<Result<ServerResult, ServiceError>> {
        let answer = (&mut self.0.as_mut()?.rx).await.ok();
        self.0 = None;
        answer
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let (Some(handle), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(handle.cancel(Some("the caller gave the call up, or its time is over".to_owned())));
        }
    }
}
