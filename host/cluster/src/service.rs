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
//! | `tandem/peers` | `{}` → `{records}`: the records that it has, for peers that the operator trusts |
//! | `tandem/announce` (notification) | the same of the peer, with `ttl_s` |
//! | `tasks/…`, `contents/read` | see [`crate::queue`] |

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use libp2p::PeerId;
use serde_json::{Map, Value, json};
use tandem_engine::traceparent;
use tandem_reactor::{
    authority::Operator,
    rpc::{Outlet, RpcError, Service},
};
use tandem_types::Caller;
use tandem_types::exact::ExactNumbers;

use crate::{
    mcp,
    peer_manager::PeerManager,
    peers::{Capabilities, PeerDirectory},
    progress::ProgressNotifier,
    queue::{TaskQueue, WorkOffers},
    worker::LocalWorker,
};

/// Bytes of a progress token, which comes back with each notification.
const MAX_TOKEN: usize = 1 << 10;

/// Where a request shows whose it is (RFC 6750's `Bearer` credentials in MCP's `_meta`).
const AUTHORIZATION: &str = "authorization";
/// How long an advertisement is believed that does not say, in seconds.
const TTL_S: u64 = 300;

/// Answers peers.
#[derive(Clone)]
pub(crate) struct PeerService {
    pub(crate) operator: Operator,
    pub(crate) peers: Arc<PeerDirectory>,
    pub(crate) worker: Arc<LocalWorker>,
    pub(crate) offers: Arc<WorkOffers>,
    pub(crate) queue: Arc<TaskQueue>,
    pub(crate) manager: Arc<PeerManager>,
}

/// A request with what is needed to answer it.
struct Request {
    peer: PeerId,
    method: String,
    params: Map<String, Value>,
    exact: Option<Arc<ExactNumbers>>,
    outlet: Outlet,
}

impl Service for PeerService {
    fn request(
        &self,
        peer: PeerId,
        method: String,
        params: Map<String, Value>,
        exact: Option<Arc<ExactNumbers>>,
        outlet: Outlet,
    ) -> BoxFuture<'static, Result<Value, RpcError>> {
        let service = self.clone();
        self.peers.network.heard(&peer);
        Box::pin(async move { service.answer(Request { peer, method, params, exact, outlet }).await })
    }

    fn notified(&self, peer: PeerId, method: &str, params: Map<String, Value>) {
        self.peers.network.heard(&peer);
        match method {
            "tasks/offer" => self.offers.put(peer),
            // The second name is that of hosts before 0.2.
            "tasks/renew-now" | "tasks/hurry" => self.queue.renewer.renew_now_requested(peer, params),
            "tandem/announce" => {
                let ttl = params.get("ttl_s").and_then(Value::as_u64).unwrap_or(TTL_S);
                let capabilities = Capabilities::of_message(&Value::Object(params));
                self.peers.advertisements.record(peer, capabilities, Duration::from_secs(ttl));
            }
            _ => tracing::debug!(%peer, method, "unknown notification"),
        }
    }

    fn fault(&self, peer: PeerId, what: &str) {
        self.peers.report_violation(peer, what);
    }
}

impl PeerService {
    async fn answer(&self, request: Request) -> Result<Value, RpcError> {
        let (peer, me) = (request.peer, self.peers.me());
        match request.method.as_str() {
            "ping" => Ok(json!({})),
            "initialize" => Ok(mcp::initialize(&me, &request.params)),
            "server/discover" => Ok(mcp::discover(&me)),
            "tandem/peers" => self.manager.exchange_records(peer),
            _ => self.answer_as_caller(request).await,
        }
    }

    /// What is answered to the tenant on whose behalf a peer asks.
    async fn answer_as_caller(&self, request: Request) -> Result<Value, RpcError> {
        let Request { peer, method, mut params, exact, outlet } = request;
        let (token, trace) = (progress_token(&params)?, trace(&params));
        let caller = self.caller(peer, &mut params).await;
        if caller.is_err() && method == "tasks/claim" {
            self.queue.leases.claim_refused(peer);
        }
        let (caller, shown) = caller?;
        let (tools, leases) = (&*self.worker.tools, &self.queue.leases);
        match method.as_str() {
            "tools/list" => mcp::list_tools(tools, &caller, &params),
            "tools/call" => {
                let progress = token.map(|token| ProgressNotifier::new(outlet, token));
                mcp::call_tool(tools, (caller, trace), (params, exact), progress).await
            }
            "tandem/info" => Ok(self.worker.capabilities(&caller).into_params().into()),
            "tasks/claim" => {
                // Whoever shows a token speaks for its tenant alone.
                let own = || self.operator.own_tenant(&peer.to_string());
                let tenant = if shown { Some(caller.tenant.to_string()) } else { own() };
                leases.claim(peer, (tenant, self.operator.max_priority(&caller.tenant)), params).await
            }
            "tasks/renew" => leases.renew(peer, params).await,
            "tasks/finish" => leases.finish(peer, params).await,
            "contents/read" => leases.read(peer, params),
            other => Err(RpcError::method(other)),
        }
    }

    /// On whose behalf a peer asks, and whether it showed a token. One that is not taken is no request of the peer's own.
    async fn caller(&self, peer: PeerId, params: &mut Map<String, Value>) -> Result<(Caller, bool), RpcError> {
        let refused = |why: &str| RpcError::new(-32002, "unauthorized", why);
        let mut meta = params.remove("_meta").unwrap_or_default();
        match meta.as_object_mut().and_then(|meta| meta.remove(AUTHORIZATION)) {
            None if self.operator.requires_token() => {
                Err(refused("show an API key or token of this host in `_meta.authorization`, as `Bearer TOKEN`"))
            }
            None => Ok((Caller { operator: false, ..self.operator.caller(&peer.to_string()) }, false)),
            Some(Value::String(text)) => {
                let token = text.strip_prefix("Bearer ").map(str::trim).filter(|token| !token.is_empty());
                let token = token.ok_or_else(|| refused("`_meta.authorization` is `Bearer TOKEN`"))?;
                let caller = self.operator.bearer(token.to_owned()).await.map_err(|why| refused(&why.to_string()))?;
                Ok((Caller { operator: false, ..caller }, true))
            }
            Some(_) => Err(RpcError::invalid("`_meta.authorization` is a string")),
        }
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
