//! The edge through its front door: real connections, a real router, a catalog without plugins.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod cors;
mod http;
mod keys;
mod layers;
mod mcp;
mod pipe;
mod serve;
mod slow;
mod strict;
mod tenants;
mod tokens;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    header::HeaderMap,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tandem_catalog::Catalog;
use tandem_engine::Services;
use tandem_gateway::{Authenticator, Gateway, GatewayConfig, LocalOnly, ServeError};
use tandem_router::{Router, RouterConfig};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// A gateway on a port of its own.
struct Edge {
    address: std::net::SocketAddr,
    router: Router,
    catalog: Arc<Catalog>,
    gateway: Gateway,
    shutdown: CancellationToken,
    serving: JoinHandle<Result<(), ServeError>>,
}

async fn start(config: GatewayConfig) -> Edge {
    start_with(config, Arc::new(LocalOnly::default())).await
}

async fn start_with(config: GatewayConfig, auth: Arc<dyn Authenticator>) -> Edge {
    let catalog = Arc::new(Catalog::default());
    let router = Router::new(
        catalog.clone(),
        Arc::new(Services::default()),
        RouterConfig::new(tokio::runtime::Handle::current()),
    );
    router.set_ready(true);
    let gateway = Gateway::with_authenticator(router.clone(), config, auth).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn({
        let (gateway, shutdown) = (gateway.clone(), shutdown.clone());
        async move { gateway.serve_http(listener, shutdown).await }
    });
    Edge { address, router, catalog, gateway, shutdown, serving }
}

/// One answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    /// The JSON-RPC message: of a JSON answer, or the last one of an event stream.
    fn message(&self) -> Value {
        if self.header("content-type").starts_with("application/json") {
            return self.json();
        }
        let text = String::from_utf8(self.body.to_vec()).unwrap();
        let mut data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        serde_json::from_str(data.rfind(|data| !data.is_empty()).unwrap()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Edge {
    async fn open(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.open_any(request).await
    }

    async fn open_any<B>(&self, request: Request<B>) -> Response<Incoming>
    where
        B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + Unpin + 'static,
    {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        self.send_any(request).await
    }

    async fn send_any<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + Unpin + 'static,
    {
        let (parts, body) = self.open_any(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::new(body.into())).unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path, &[], "")).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path, &[("content-type", "application/json")], body.to_string())).await
    }

    /// One request of MCP 2026-07-28.
    fn modern(&self, path: &str, method: &str, mut params: Value) -> Request<Full<Bytes>> {
        let name = params.get("name").or(params.get("uri")).and_then(Value::as_str).unwrap_or_default().to_owned();
        let meta = params["_meta"].as_object_mut();
        let version = json!("2026-07-28");
        match meta {
            Some(meta) => {
                meta.insert("io.modelcontextprotocol/protocolVersion".to_owned(), version);
                meta.entry("io.modelcontextprotocol/clientCapabilities").or_insert(json!({}));
            }
            None => {
                params["_meta"] = json!({
                    "io.modelcontextprotocol/protocolVersion": version,
                    "io.modelcontextprotocol/clientCapabilities": {},
                });
            }
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
        ];
        if !name.is_empty() {
            headers.push(("mcp-name", &name));
        }
        self.request("POST", path, &headers, body.to_string())
    }

    async fn ask(&self, path: &str, method: &str, params: Value) -> Answer {
        self.send(self.modern(path, method, params)).await
    }

    /// One request of an older revision.
    async fn legacy(&self, session: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        if let Some(session) = session {
            headers.extend([("mcp-session-id", session), ("mcp-protocol-version", "2025-11-25")]);
        }
        self.send(self.request("POST", "/mcp", &headers, body.to_string())).await
    }

    async fn initialize(&self) -> Answer {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}});
        self.legacy(None, &json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})).await
    }
}
