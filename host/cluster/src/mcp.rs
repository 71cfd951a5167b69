//! MCP as peers speak it with this host: what it is, its tools, and calls of them.
//!
//! **Bounds.** [`PAGE`] tools or [`PAGE_BYTES`] in one page; a call ends within the time of a request.

use std::sync::Arc;

use libp2p::PeerId;
use serde_json::{Map, Value, json};
use tandem_engine::{CallContext, ClientPort, InvokeError};
use tandem_package::Annotations;
use tandem_reactor::rpc::{REQUEST, RpcError};
use tandem_types::Caller;
use tandem_types::exact::{Arguments, ExactNumbers};
use tokio_util::sync::CancellationToken;

use crate::{
    progress::ProgressNotifier,
    tools::{ToolCall, ToolInfo, Tools},
};

/// Tools in one page.
const PAGE: usize = 100;
/// Bytes of the tools of one page, so that it is within a frame; one tool may be larger.
const PAGE_BYTES: usize = 512 << 10;
/// Bytes of a structured result that is repeated as text, for older clients that read nothing else. A longer one has to be
/// within a frame once.
const REPEATED: usize = 256 << 10;
/// The revisions of MCP that are spoken, the oldest first; those before the last begin with `initialize`.
const VERSIONS: [&str; 4] = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
/// The last of those.
const LAST_INITIALIZED: &str = "2025-11-25";

fn server_info() -> Value {
    json!({"name": "tandem", "version": env!("CARGO_PKG_VERSION")})
}

pub(crate) fn initialize(me: &PeerId, params: &Map<String, Value>) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let version = asked.filter(|asked| *asked <= LAST_INITIALIZED && VERSIONS.contains(asked));
    json!({
        "protocolVersion": version.unwrap_or(LAST_INITIALIZED),
        "capabilities": {"tools": {}},
        "serverInfo": server_info(),
        "peerId": me.to_string(),
    })
}

pub(crate) fn discover(me: &PeerId) -> Value {
    json!({
        "resultType": "complete",
        "supportedVersions": VERSIONS,
        "capabilities": {"tools": {}},
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": {"io.modelcontextprotocol/serverInfo": server_info(), "tandem/peer-id": me.to_string()},
    })
}

/// A tool as MCP has it.
fn tool_json(tool: ToolInfo) -> Value {
    let Annotations { read_only, destructive, idempotent, open_world } = tool.annotations;
    let mut shown = json!({
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        "annotations": {
            "readOnlyHint": read_only,
            "destructiveHint": destructive,
            "idempotentHint": idempotent,
            "openWorldHint": open_world,
        },
    });
    if let Value::Object(shown) = &mut shown {
        shown.extend(tool.title.map(|title| ("title".to_owned(), title.into())));
        shown.extend(tool.output_schema.map(|schema| ("outputSchema".to_owned(), schema)));
    }
    shown
}

pub(crate) fn list_tools(tools: &dyn Tools, caller: &Caller, params: &Map<String, Value>) -> Result<Value, RpcError> {
    let after = match params.get("cursor") {
        None | Some(Value::Null) => "",
        Some(Value::String(cursor)) => cursor,
        Some(_) => return Err(RpcError::invalid("`cursor` is a string of the page before")),
    };
    let mut tools = tools.list(caller);
    tools.retain(|tool| tool.name.as_str() > after);
    let (mut page, mut bytes, mut last, mut more) = (Vec::new(), 0, String::new(), false);
    for tool in tools {
        let (name, shown) = (tool.name.clone(), tool_json(tool));
        bytes += shown.to_string().len();
        more = !page.is_empty() && (page.len() >= PAGE || bytes > PAGE_BYTES);
        if more {
            break;
        }
        last = name;
        page.push(shown);
    }
    let mut answer = json!({"resultType": "complete", "tools": page, "ttlMs": 0, "cacheScope": "private"});
    if let (true, Value::Object(answer)) = (more, &mut answer) {
        answer.insert("nextCursor".to_owned(), last.into());
    }
    Ok(answer)
}

pub(crate) async fn call_tool(
    tools: &dyn Tools,
    (caller, traceparent): (Caller, Option<Arc<str>>),
    (mut params, exact): (Map<String, Value>, Option<Arc<ExactNumbers>>),
    progress: Option<ProgressNotifier>,
) -> Result<Value, RpcError> {
    let Some(Value::String(tool)) = params.remove("name") else {
        return Err(RpcError::invalid("`name` is the tool's name"));
    };
    let arguments = match params.remove("arguments") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(arguments)) => arguments,
        Some(_) => return Err(RpcError::invalid("`arguments` is a JSON object")),
    };
    let cancel = CancellationToken::new();
    // A peer that goes away drops this, and its guest with it.
    let _stop = cancel.clone().drop_guard();
    let request_id = uuid::Uuid::now_v7().to_string().into();
    let cx = CallContext {
        traceparent,
        cancel,
        client: progress.map(|progress| Arc::new(progress) as Arc<dyn ClientPort>),
        ..CallContext::new(request_id, caller).within(REQUEST)
    };
    let call = ToolCall { cx, tool, arguments: Arguments { members: arguments, exact } };
    let answer = tools.call(call).await.map_err(refused)?;
    let mut content = answer.content_json();
    if let (Value::Array(blocks), Some(structured)) = (&mut content, &answer.structured)
        && blocks.is_empty()
    {
        let text = structured.to_string();
        let text = match text.len() {
            0..=REPEATED => text,
            length => format!("the result is in structuredContent: {length} bytes"),
        };
        blocks.push(json!({"type": "text", "text": text}));
    }
    let mut message = json!({"resultType": "complete", "content": content, "isError": answer.is_error});
    if let (Some(structured), Value::Object(message)) = (answer.structured, &mut message) {
        message.insert("structuredContent".to_owned(), structured);
    }
    Ok(message)
}

fn refused(error: InvokeError) -> RpcError {
    let (code, reason, text) = match error {
        InvokeError::NotFound(text) => (-32602, "not_found", text),
        InvokeError::Denied(text) => (-32002, "unauthorized", text),
        InvokeError::InvalidArguments(text) => (-32602, "invalid_argument", text),
        InvokeError::LimitExceeded(text) => (-32003, "limit_exceeded", text),
        InvokeError::Unavailable(text) => (-32005, "unavailable", text),
        InvokeError::Timeout => (-32004, "timeout", "the tool did not end in time".to_owned()),
        InvokeError::Other(text) => (-32000, "failed", text),
    };
    RpcError::new(code, reason, text)
}
