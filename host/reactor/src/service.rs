//! What this host answers to peers.
//!
//! A peer is a caller like any other: of the tenant that the operator gave to peers, with that tenant's tools, grants and
//! quotas. Its id proves who it is, and is no authority by itself; operator rights come with no request of a peer. A request may show an API key or token of another tenant in
//! `_meta.authorization`, and is that tenant's then; where the operator wants it (`p2p.require-token`), it must.
//!
//! | Method | What |
//! |---|---|
//! | `ping` | `{}` |
//! | `initialize`, `server/discover` | who this is; the binding needs neither |
//! | `tools/list` | `{cursor?}` → `{tools, nextCursor?}`, as in MCP |
//! | `tools/call` | `{name, arguments}` → `{content, structuredContent?, isError}`, as in MCP |
//! | `tandem/info` | `{tools, repeatable, capacity, free}`: what it runs as tasks, and which of that may run again |
//! | `tandem/peers` | `{}` → `{records}`: whom it knows, for peers that the operator trusts |
//! | `tandem/announce` (notification) | the same of the peer, with `ttl_s` |
//! | `tasks/…`, `contents/read` | see [`crate::queue`] |

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use libp2p::PeerId;
use serde_json::{Map, Value, json};
use tandem_engine::{Caller, InvokeError};
use tokio_util::sync::CancellationToken;

use crate::{
    acquaint::exchange,
    core::Core,
    queue,
    rpc::{REQUEST, RpcError, Service},
    tools::ToolCall,
};

/// Tools in one page. A page of them is within a frame.
const PAGE: usize = 100;

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
    ) -> BoxFuture<'static, Result<Value, RpcError>> {
        let core = self.0.clone();
        core.network.heard(&peer);
        Box::pin(async move {
            match method.as_str() {
                "ping" => return Ok(json!({})),
                "initialize" | "server/discover" => return Ok(who(&core)),
                "tandem/peers" => return exchange::told(&core, peer),
                _ => {}
            }
            let mut params = params;
            let (caller, shown) = caller(&core, peer, &mut params).await?;
            match method.as_str() {
                "tools/list" => list(&core, &caller, &params),
                "tools/call" => call(&core, caller, params).await,
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
            "tasks/hurry" => queue::hurried(core, peer, params),
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
    // Nothing else in it concerns any method.
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

fn who(core: &Core) -> Value {
    json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "tandem", "version": env!("CARGO_PKG_VERSION")},
        "peerId": core.network.me.to_string(),
    })
}

fn list(core: &Core, caller: &Caller, params: &Map<String, Value>) -> Result<Value, RpcError> {
    let after = match params.get("cursor") {
        None | Some(Value::Null) => "",
        Some(Value::String(cursor)) => cursor,
        Some(_) => return Err(RpcError::invalid("`cursor` is a string of the page before")),
    };
    let mut tools = core.tools()?.list(caller);
    tools.retain(|tool| tool.name.as_str() > after);
    let next = tools.get(PAGE - 1).filter(|_| tools.len() > PAGE).map(|last| last.name.clone());
    let page: Vec<_> = tools
        .into_iter()
        .take(PAGE)
        .map(|tool| json!({"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema}))
        .collect();
    let mut answer = json!({"tools": page});
    if let (Some(next), Value::Object(answer)) = (next, &mut answer) {
        answer.insert("nextCursor".to_owned(), next.into());
    }
    Ok(answer)
}

async fn call(core: &Core, caller: Caller, mut params: Map<String, Value>) -> Result<Value, RpcError> {
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
    let call = ToolCall {
        caller,
        request_id: uuid::Uuid::now_v7().to_string().into(),
        tool,
        arguments,
        deadline: REQUEST,
        cancel,
        client: None,
    };
    let output = core.tools()?.call(call).await.map_err(refused)?;
    let content: Value = serde_json::from_str(&output.content).unwrap_or_else(|_| json!([]));
    let structured: Option<Value> = output.structured.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut answer = json!({"content": content, "isError": output.is_error});
    if let (Some(structured), Value::Object(answer)) = (structured, &mut answer) {
        answer.insert("structuredContent".to_owned(), structured);
    }
    Ok(answer)
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
