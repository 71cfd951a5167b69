//! What this host answers to peers.
//!
//! A peer is a caller like any other: of the tenant that the operator gave to peers, with that tenant's tools, grants and
//! quotas. Its id proves who it is, and is no authority by itself; operator rights come with no request of a peer. A request may show an API key or token of another tenant in
//! `_meta.authorization`, and is that tenant's then; where the operator wants it (`p2p.require-token`), it must.
//!
//! | Method | What |
//! |---|---|
//! | `ping` | `{}` |
//! | `initialize`, `server/discover` | who this is, as in MCP until 2025-11-25 and from 2026-07-28 on; the binding needs neither |
//! | `tools/list` | `{cursor?}` → `{tools, nextCursor?}`, as in MCP |
//! | `tools/call` | `{name, arguments}` → `{content, structuredContent?, isError}`, as in MCP; `_meta.progressToken` asks for `notifications/progress` |
//! | `notifications/cancelled` (notification) | `{requestId}`: the request is stopped and not answered |
//! | `tandem/info` | `{tools, repeatable, capacity, free, draining}`: what it runs as tasks, which of that may run again, and how many |
//! | `tandem/peers` | `{}` → `{records}`: whom it knows, for peers that the operator trusts |
//! | `tandem/announce` (notification) | the same of the peer, with `ttl_s` |
//! | `tasks/…`, `contents/read` | see [`crate::queue`] |

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use libp2p::PeerId;
use serde_json::{Map, Value, json};
use tandem_engine::{CallContext, ClientPort, InvokeError, traceparent};
use tandem_package::Annotations;
use tandem_reactor::rpc::{Outlet, REQUEST, RpcError, Service};
use tandem_types::Caller;
use tandem_types::exact::{Arguments, ExactNumbers};
use tokio_util::sync::CancellationToken;

use crate::{
    core::Core,
    peer_manager::exchange,
    progress::ProgressNotifier,
    queue::{self, Trust},
    tools::{ToolCall, ToolInfo},
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
/// Bytes of a progress token, which comes back with each notification.
const MAX_TOKEN: usize = 1 << 10;

/// Where a request shows whose it is (RFC 6750's `Bearer` credentials in MCP's `_meta`).
const AUTHORIZATION: &str = "authorization";
/// How long an announcement is believed that does not say, in seconds.
const TTL_S: u64 = 300;

/// Answers peers.
pub(crate) struct Peers(pub(crate) Arc<Core>);

impl Service for Peers {
    fn request(
        &self,
        peer: PeerId,
        method: String,
        params: Map<String, Value>,
        exact: Option<Arc<ExactNumbers>>,
        outlet: Outlet,
    ) -> BoxFuture<'static, Result<Value, RpcError>> {
        let core = self.0.clone();
        core.network.heard(&peer);
        Box::pin(async move {
            match method.as_str() {
                "ping" => return Ok(json!({})),
                "initialize" => return Ok(initialized(&core, &params)),
                "server/discover" => return Ok(discovered(&core)),
                "tandem/peers" => return exchange::told(&core, peer),
                _ => {}
            }
            let mut params = params;
            let (token, trace) = (progress_token(&params)?, trace(&params));
            let known = caller(&core, peer, &mut params).await;
            if known.is_err() && method == "tasks/claim" {
                core.queue.claims.note(peer, Trust::Refused);
            }
            let (caller, shown) = known?;
            match method.as_str() {
                "tools/list" => list(&core, &caller, &params),
                "tools/call" => {
                    let progress = token.map(|token| ProgressNotifier::new(outlet, token));
                    call(&core, (caller, trace), (params, exact), progress).await
                }
                "tandem/info" => Ok(core.offer(&caller).said().into()),
                "tasks/claim" => {
                    // Whoever shows a token speaks for its tenant alone.
                    let own = || core.operator.own_tenant(&peer.to_string());
                    let of = if shown { Some(caller.tenant.to_string()) } else { own() };
                    queue::claim_for(&core, peer, (of, core.operator.max_priority(&caller.tenant)), params).await
                }
                "tasks/renew" => queue::renew_for(&core, peer, params).await,
                "tasks/finish" => queue::finish_for(&core, peer, params).await,
                "contents/read" => queue::read_for(&core, peer, params),
                other => Err(RpcError::method(other)),
            }
        })
    }

    fn notified(&self, peer: PeerId, method: &str, params: Map<String, Value>) {
        let core = &self.0;
        core.network.heard(&peer);
        match method {
            "tasks/offer" => {
                core.queue.offers.put(peer);
                core.queue.offered.notify_one();
            }
            // The second name is that of hosts before 0.2.
            "tasks/renew-now" | "tasks/hurry" => queue::renew_now_asked(core, peer, params),
            "tandem/announce" => {
                let ttl = params.get("ttl_s").and_then(Value::as_u64).unwrap_or(TTL_S);
                core.note_info(peer, &Value::Object(params), Duration::from_secs(ttl));
            }
            _ => tracing::debug!(%peer, method, "a peer told something that nobody here listens for"),
        }
    }

    fn fault(&self, peer: PeerId, what: &str) {
        self.0.fault(peer, what);
    }
}

/// On whose behalf a peer asks, and whether it showed a token. One that is not taken is no request of the peer's own.
async fn caller(core: &Core, peer: PeerId, params: &mut Map<String, Value>) -> Result<(Caller, bool), RpcError> {
    let refused = |why: &str| RpcError::new(-32002, "unauthorized", why);
    let mut meta = params.remove("_meta").unwrap_or_default();
    match meta.as_object_mut().and_then(|meta| meta.remove(AUTHORIZATION)) {
        None if core.operator.requires_token() => {
            Err(refused("show an API key or token of this host in `_meta.authorization`, as `Bearer TOKEN`"))
        }
        None => Ok((Caller { operator: false, ..core.operator.caller(&peer.to_string()) }, false)),
        Some(Value::String(text)) => {
            let token = text.strip_prefix("Bearer ").map(str::trim).filter(|token| !token.is_empty());
            let token = token.ok_or_else(|| refused("`_meta.authorization` is `Bearer TOKEN`"))?;
            let caller = core.operator.bearer(token.to_owned()).await.map_err(|why| refused(&why))?;
            Ok((Caller { operator: false, ..caller }, true))
        }
        Some(_) => Err(RpcError::invalid("`_meta.authorization` is a string")),
    }
}

/// What a peer wants to hear of its request's progress by.
fn progress_token(params: &Map<String, Value>) -> Result<Option<Value>, RpcError> {
    match params.get("_meta").and_then(|meta| meta.get("progressToken")) {
        None | Some(Value::Null) => Ok(None),
        Some(token @ Value::Number(_)) => Ok(Some(token.clone())),
        Some(Value::String(token)) if token.len() <= MAX_TOKEN => Ok(Some(token.as_str().into())),
        Some(_) => Err(RpcError::invalid(format!(
            "`_meta.progressToken` is a number, or a string of at most {MAX_TOKEN} bytes"
        ))),
    }
}

/// The trace that a request is part of, as in MCP's `_meta`.
fn trace(params: &Map<String, Value>) -> Option<Arc<str>> {
    traceparent(params.get("_meta")?.get("traceparent")?.as_str()?)
}

fn server_info() -> Value {
    json!({"name": "tandem", "version": env!("CARGO_PKG_VERSION")})
}

fn initialized(core: &Core, params: &Map<String, Value>) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let version = asked.filter(|asked| *asked <= LAST_INITIALIZED && VERSIONS.contains(asked));
    json!({
        "protocolVersion": version.unwrap_or(LAST_INITIALIZED),
        "capabilities": {"tools": {}},
        "serverInfo": server_info(),
        "peerId": core.network.me.to_string(),
    })
}

fn discovered(core: &Core) -> Value {
    json!({
        "resultType": "complete",
        "supportedVersions": VERSIONS,
        "capabilities": {"tools": {}},
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": {"io.modelcontextprotocol/serverInfo": server_info(), "tandem/peer-id": core.network.me.to_string()},
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

fn list(core: &Core, caller: &Caller, params: &Map<String, Value>) -> Result<Value, RpcError> {
    let after = match params.get("cursor") {
        None | Some(Value::Null) => "",
        Some(Value::String(cursor)) => cursor,
        Some(_) => return Err(RpcError::invalid("`cursor` is a string of the page before")),
    };
    let mut tools = core.tools()?.list(caller);
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

async fn call(
    core: &Core,
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
    let answer = core.tools()?.call(call).await.map_err(refused)?;
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

pub(crate) fn refused(error: InvokeError) -> RpcError {
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
