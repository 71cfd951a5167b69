//! Plain calls of MCP 2026-07-28, answered in the task of their connection.
//!
//! Most requests are a `tools/call` that neither asks its client anything nor tells progress. rmcp serves each with a service, a
//! transport and three tasks of its own, which costs as much as a guest does and wakes another thread for each. Here such a
//! call goes straight to its tool.
//!
//! **Promises.** Nothing is answered here that rmcp would refuse: whatever is not exactly a plain call (a header that is missing
//! or does not match the body, an unknown member, a tool that may ask, a task, a progress token) is left to rmcp, which
//! reads the message again and says what is wrong with it. A call whose client goes away is cancelled, and its guest has the
//! same moment to end in good order.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use futures::future::BoxFuture;
use http::{HeaderMap, StatusCode, header};
use rmcp::{
    model::{
        CallToolResult, ErrorCode, ErrorData, ProtocolVersion, RequestId, RequestMetaObject, ServerJsonRpcMessage,
        ServerResult,
    },
    transport::common::http_header::{HEADER_MCP_PROTOCOL_VERSION, HEADER_SESSION_ID},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tandem_catalog::{ResolvedTool, shown_name};
use tandem_engine::{CallContext, traceparent};
use tandem_package::TaskSupport;
use tandem_router::{Arguments, ExactNumbers};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::answer;
use crate::{
    incoming::{Endpoint, Incoming},
    mcp::{errors, exchange::ResponseMeta, lists::mirrors, tools},
    meta::{self, Dispatch, Item, MetaTool},
    state::AppState,
};

const METHOD: &str = "tools/call";
const HEADER_METHOD: &str = "mcp-method";
const HEADER_NAME: &str = "mcp-name";
/// Headers that repeat arguments; rmcp compares them with the body.
const HEADER_ARGUMENT: &str = "mcp-param-";

/// Where a message has the arguments of its tool, and of one that it has called by `tools_dispatch`.
const ARGUMENTS: &[&str] = &["params", "arguments"];
const DISPATCHED: &[&str] = &["params", "arguments", "arguments"];

/// A message with no other members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    jsonrpc: String,
    id: RequestId,
    method: String,
    params: Params,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    name: String,
    arguments: Option<Map<String, Value>>,
    #[serde(rename = "_meta")]
    meta: RequestMetaObject,
}

/// A call that is answered here.
pub(super) struct PlainCall {
    id: RequestId,
    /// The name that the client used.
    called: String,
    tool: ResolvedTool,
    arguments: Map<String, Value>,
    /// Where the message has them.
    path: &'static [&'static str],
    traceparent: Option<Arc<str>>,
}

impl PlainCall {
    /// Reads a message; none where rmcp has to see it.
    pub(super) fn read(shared: &AppState, incoming: &Incoming, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let version = ProtocolVersion::V_2026_07_28;
        if only(headers, HEADER_METHOD) != Some(METHOD)
            || only(headers, HEADER_MCP_PROTOCOL_VERSION) != Some(version.as_str())
            || headers.contains_key(HEADER_SESSION_ID)
            || headers.keys().any(|name| name.as_str().starts_with(HEADER_ARGUMENT))
        {
            return None;
        }
        let Message { jsonrpc, id, method, params } = serde_json::from_slice(body).ok()?;
        let Params { name, arguments, meta } = params;
        let fits = jsonrpc == "2.0"
            && method == METHOD
            && only(headers, HEADER_NAME) == Some(&name)
            && meta.protocol_version() == Some(version)
            && meta.get_progress_token().is_none()
            && meta.log_level().is_none();
        if !fits {
            return None;
        }
        let has_tasks = meta.client_capabilities()?.supports_tasks();
        let view = shared.router.view(&incoming.caller);
        let find = |name: &str| incoming.endpoint.resolve(&view, name);
        let arguments = arguments.unwrap_or_default();
        let which = meta::find(&name).filter(|_| incoming.endpoint == Endpoint::Hierarchical);
        let (tool, arguments, path) = match which {
            None => {
                let tool = find(&name).filter(|tool| !has_header_arguments(tool))?;
                (tool, arguments, ARGUMENTS)
            }
            Some(MetaTool::Dispatch) => match meta::dispatch(arguments).ok()? {
                Dispatch::One(Item { tool, arguments }) => (find(&tool)?, arguments, DISPATCHED),
                Dispatch::Many(_) => return None,
            },
            Some(_) => return None,
        };
        let may_be_task = shared.tasks.is_some()
            && match tool.tool.task {
                TaskSupport::Forbidden => false,
                TaskSupport::Required => true,
                TaskSupport::Optional => has_tasks,
            };
        if may_be_task || tool.tool.uses_client {
            return None;
        }
        let from_meta = meta.get_traceparent().and_then(traceparent);
        let traceparent = from_meta.or_else(|| incoming.traceparent.clone());
        Some(Self { id, called: name, tool, arguments, path, traceparent })
    }

    /// Runs it, until `streams` ends.
    pub(super) async fn answer(
        self,
        shared: &Arc<AppState>,
        incoming: &Arc<Incoming>,
        exact: Option<&ExactNumbers>,
        streams: &CancellationToken,
    ) -> Response {
        let Self { id, called, tool, arguments, path, traceparent } = self;
        let exact = exact.and_then(|exact| exact.under(path)).map(Arc::new);
        let arguments = Arguments { members: arguments, exact };
        let request_id = &incoming.request_id;
        let span = tracing::info_span!("mcp.request", method = METHOD, %request_id, name = %shown_name(&called));
        let cancel = streams.child_token();
        let cx = CallContext {
            traceparent,
            cancel: cancel.clone(),
            ..CallContext::new(request_id.clone(), incoming.caller.clone())
        };
        let (router, meta) = (shared.router.clone(), ResponseMeta::of_request(shared, incoming, true));
        let work = async move { tools::one(&router, cx, &called, tool, arguments, meta).await };
        let result = Attended { work: Some(Box::pin(work.instrument(span))), cancel }.await;
        let (status, message) = match result {
            Ok(result) => (StatusCode::OK, ServerJsonRpcMessage::response(ServerResult::CallToolResult(result), id)),
            Err(error) => (status_of(&error), ServerJsonRpcMessage::error(error, Some(id))),
        };
        match serde_json::to_vec(&message) {
            Ok(json) => (status, [(header::CONTENT_TYPE, answer::JSON)], Body::from(json)).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Whether headers repeat some of a tool's arguments.
fn has_header_arguments(tool: &ResolvedTool) -> bool {
    tool.tool.descriptor.input_schema.as_object().is_none_or(mirrors)
}

/// A header that comes once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

/// As rmcp has it for errors of requests of that revision.
fn status_of(error: &ErrorData) -> StatusCode {
    match error.code {
        ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

/// Work that somebody waits for. Where nobody does any more it is cancelled and goes on by itself to its end: a guest has a
/// moment to end in good order.
struct Attended {
    work: Option<BoxFuture<'static, Result<CallToolResult, ErrorData>>>,
    cancel: CancellationToken,
}

impl Future for Attended {
    type Output = Result<CallToolResult, ErrorData>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else { return Poll::Ready(Err(errors::cancelled())) };
        let result = work.as_mut().poll(cx);
        if result.is_ready() {
            self.work = None;
        }
        result
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        self.cancel.cancel();
        // Without a runtime the host is ending, and the work with it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }
}
