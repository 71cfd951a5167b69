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
    fmt,
    marker::PhantomData,
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
        ClientCapabilities, ErrorCode, ErrorData, JsonRpcResponse, JsonRpcVersion2_0, ProtocolVersion, RequestId,
        ServerJsonRpcMessage,
    },
    transport::common::http_header::{HEADER_MCP_PROTOCOL_VERSION, HEADER_SESSION_ID},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};
use tandem_catalog::{ResolvedTool, shown_name};
use tandem_engine::{CallContext, traceparent};
use tandem_package::TaskSupport;
use tandem_router::{Arguments, ExactNumbers};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{accept::AcceptedTypes, answer};
use crate::{
    incoming::Incoming,
    mcp::{errors, lists::mirrors, result::ResponseMeta, tools},
    meta::{self, Dispatch, Item, MetaTool},
    results::MIN_INLINE,
    rpc::is_short,
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
struct Message<'m> {
    jsonrpc: &'m str,
    id: RequestId,
    method: &'m str,
    #[serde(borrow)]
    params: Object<Params<'m>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params<'m> {
    name: String,
    arguments: Option<Map<String, Value>>,
    #[serde(rename = "_meta", borrow)]
    meta: Object<Meta<'m>>,
}

/// What a request says of itself, as far as it counts here.
#[derive(Deserialize)]
struct Meta<'m> {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: &'m str,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: ClientCapabilities,
    #[serde(rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<IgnoredAny>,
    #[serde(rename = "progressToken")]
    progress_token: Option<IgnoredAny>,
    traceparent: Option<&'m str>,
    #[serde(rename = "tandem/inline-limit")]
    inline_limit: Option<usize>,
}

/// Read from an object alone: a list would be read as the members in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A call that is answered here.
pub(super) struct PlainCall {
    id: RequestId,
    /// The name that the client used.
    called: String,
    tool: ResolvedTool,
    arguments: Arguments,
    traceparent: Option<Arc<str>>,
    budget: Option<usize>,
}

impl PlainCall {
    /// Reads a message; none where rmcp has to see it.
    pub(super) fn read(
        shared: &AppState,
        incoming: &Incoming,
        headers: &HeaderMap,
        body: &[u8],
        wants: AcceptedTypes,
    ) -> Option<Self> {
        let version = ProtocolVersion::V_2026_07_28.as_str();
        if !wants.json
            || only(headers, HEADER_METHOD) != Some(METHOD)
            || only(headers, HEADER_MCP_PROTOCOL_VERSION) != Some(version)
            || headers.contains_key(HEADER_SESSION_ID)
            || headers.keys().any(|name| name.as_str().starts_with(HEADER_ARGUMENT))
        {
            return None;
        }
        let text = std::str::from_utf8(body).ok()?;
        let Object(Message { jsonrpc, id, method, params }) = serde_json::from_str(text).ok()?;
        let Object(Params { name, arguments, meta: Object(meta) }) = params;
        let fits = jsonrpc == "2.0"
            && method == METHOD
            && is_short(&id)
            && only(headers, HEADER_NAME) == Some(&name)
            && meta.version == version
            && meta.progress_token.is_none()
            && meta.log_level.is_none()
            && meta.inline_limit.is_none_or(|bytes| bytes >= MIN_INLINE);
        if !fits {
            return None;
        }
        let has_tasks = meta.capabilities.supports_tasks();
        let view = incoming.endpoint.narrow(shared.router.view(&incoming.caller));
        let find = |name: &str| incoming.endpoint.resolve(&view, name);
        let arguments = arguments.unwrap_or_default();
        let which = meta::find(&name).filter(|_| incoming.endpoint.has_meta_tools());
        let (tool, mut arguments, path) = match which {
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
        incoming.endpoint.complete(&tool.tool, &mut arguments).ok()?;
        let may_be_task = shared.tasks.is_some()
            && match tool.tool.task {
                TaskSupport::Forbidden => false,
                TaskSupport::Required => true,
                TaskSupport::Optional => has_tasks,
            };
        if may_be_task || tool.tool.uses_client {
            return None;
        }
        let from_meta = meta.traceparent.and_then(traceparent);
        let traceparent = from_meta.or_else(|| incoming.traceparent.clone());
        // JSON values round numbers that a tool may want digit by digit.
        let exact = ExactNumbers::of(text).and_then(|exact| exact.under(path)).map(Arc::new);
        let arguments = Arguments { members: arguments, exact };
        Some(Self { id, called: name, tool, arguments, traceparent, budget: meta.inline_limit })
    }

    /// Runs it, until `streams` ends.
    pub(super) async fn answer(
        self,
        shared: &Arc<AppState>,
        incoming: &Arc<Incoming>,
        streams: &CancellationToken,
    ) -> Response {
        let Self { id, called, tool, arguments, traceparent, budget } = self;
        let request_id = &incoming.request_id;
        let span = tracing::info_span!("mcp.request", method = METHOD, %request_id, name = %shown_name(&called));
        let cancel = streams.child_token();
        let cx = CallContext {
            traceparent,
            cancel: cancel.clone(),
            ..CallContext::new(request_id.clone(), incoming.caller.clone())
        };
        let (router, meta) = (shared.router.clone(), ResponseMeta::of_request(shared, incoming, true, budget));
        let of_result = id.clone();
        // Written where it is made: what is large, apart from the threads that serve.
        let write = move |result| json(&JsonRpcResponse { jsonrpc: JsonRpcVersion2_0, id: of_result, result });
        let work = async move { tools::one(&router, cx, &called, tool, arguments, meta, write).await };
        match (DetachOnDrop { work: Some(Box::pin(work.instrument(span))), cancel }.await) {
            Ok(written) => respond(StatusCode::OK, written),
            Err(error) => respond(status_of(&error), json(&ServerJsonRpcMessage::error(error, Some(id)))),
        }
    }
}

type Written = Result<Vec<u8>, serde_json::Error>;

fn json(message: &impl Serialize) -> Written {
    serde_json::to_vec(message)
}

fn respond(status: StatusCode, written: Written) -> Response {
    match written {
        Ok(json) => (status, [(header::CONTENT_TYPE, answer::JSON)], Body::from(json)).into_response(),
        Err(error) => {
            tracing::error!(%error, "mcp: cannot serialize an answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
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
struct DetachOnDrop {
    work: Option<BoxFuture<'static, Result<Written, ErrorData>>>,
    cancel: CancellationToken,
}

impl Future for DetachOnDrop {
    type Output = Result<Written, ErrorData>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else { return Poll::Ready(Err(errors::cancelled())) };
        let result = work.as_mut().poll(cx);
        if result.is_ready() {
            self.work = None;
        }
        result
    }
}

impl Drop for DetachOnDrop {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        self.cancel.cancel();
        // Without a runtime the host is ending, and the work with it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(message: &str) -> bool {
        serde_json::from_str::<Object<Message<'_>>>(message).is_ok()
    }

    #[test]
    fn what_is_not_exactly_a_plain_call_is_not_read() {
        let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
        let with = |meta: &str| format!(r#"{{"name":"add","arguments":{{"a":1}},"_meta":{meta}}}"#);
        let call = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        assert!(reads(&call(&with(meta))));
        let listed = r#"["2026-07-28",{},null,null,null]"#;
        for wrong in [
            format!(r#"["2.0",1,"tools/call",{}]"#, with(meta)),
            call(&format!(r#"["add",{{}},{meta}]"#)),
            call(&with(listed)),
            call(&with("{}")),
            call(&with(&meta.replace("{}", "null"))),
            call(&with(&meta.replace("{}", "{},\"traceparent\":1"))),
            call(&format!(r#"{{"name":"add","task":{{}},"_meta":{meta}}}"#)),
            call(&with(meta)).replace("\"id\":1", "\"id\":1,\"id\":1"),
        ] {
            assert!(!reads(&wrong), "{wrong}");
        }
    }
}
