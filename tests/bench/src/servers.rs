//! The servers that are compared, each in a process of its own with one worker thread.

use std::{io::Write, sync::Arc};

use anyhow::bail;
use axum::{Json, Router as App, routing::post, serve::ListenerExt};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolsCapability,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::{Value, json};
use tandem_catalog::Catalog;
use tandem_gateway::{Exposure, Gateway, GatewayConfig};
use tandem_router::{Router, RouterConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Names of the compared servers, first the ones that others are compared with.
pub(crate) const KINDS: [&str; 4] = ["axum", "native", "fresh", "pooled"];

/// Serves on so many threads until killed; prints its address first.
pub(crate) fn serve(kind: &str, threads: usize) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
        match kind {
            "axum" => Ok(axum::serve(no_delay(listener), raw()).await?),
            "native" => Ok(axum::serve(no_delay(listener), native()).await?),
            "fresh" => tandem(listener, false).await,
            "pooled" => tandem(listener, true).await,
            _ => bail!("no server `{kind}`"),
        }
    })
}

/// Serves standard input and output, as a client starts a host.
pub(crate) fn serve_stdio(kind: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        match kind {
            "native" => {
                let running = rmcp::serve_server(handler(), rmcp::transport::stdio()).await?;
                running.waiting().await?;
            }
            "fresh" | "pooled" => gateway(kind == "pooled").await?.serve_stdio(CancellationToken::new()).await?,
            _ => bail!("no server `{kind}`"),
        }
        Ok(())
    })
}

fn no_delay(listener: TcpListener) -> impl axum::serve::Listener<Addr = std::net::SocketAddr> {
    listener.tap_io(|stream| drop(stream.set_nodelay(true)))
}

/// The least that a JSON-RPC or a REST server can do.
fn raw() -> App {
    let sum = |request: &Value, at: &str| {
        let number = |name: &str| request.pointer(&format!("{at}/{name}")).and_then(Value::as_f64);
        number("a").unwrap_or(0.0) + number("b").unwrap_or(0.0)
    };
    let call = move |Json(request): Json<Value>| async move {
        let sum = sum(&request, "/params/arguments");
        Json(json!({"jsonrpc": "2.0", "id": request.get("id"), "result": {"structuredContent": {"sum": sum}}}))
    };
    let rest = move |Json(request): Json<Value>| async move { Json(json!({"sum": sum(&request, "/arguments")})) };
    App::new().route("/mcp", post(call)).route("/v1/tools/{tool}/call", post(rest))
}

/// The same tool as a handler of rmcp, without router, catalog, sandbox or validation.
#[derive(Clone)]
struct Native {
    tool: Arc<Tool>,
}

impl ServerHandler for Native {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::default();
        capabilities.tools = Some(ToolsCapability::default());
        ServerConfig::new(capabilities).with_server_info(Implementation::new("native", "1"))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![(*self.tool).clone()]))
    }

    fn get_tool(&self, _name: &str) -> Option<Tool> {
        Some((*self.tool).clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let number = |name: &str| arguments.get(name).and_then(Value::as_f64);
        let sum = number("a").unwrap_or(0.0) + number("b").unwrap_or(0.0);
        Ok(CallToolResult::structured(json!({"sum": sum})).into())
    }
}

fn handler() -> Native {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["a", "b"],
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
    });
    let schema = match schema {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    };
    Native { tool: Arc::new(Tool::new("add", "Adds two numbers.", Arc::new(schema))) }
}

fn native() -> App {
    let handler = handler();
    let config = StreamableHttpServerConfig::default().with_json_response(true);
    let service =
        StreamableHttpService::new(move || Ok(handler.clone()), Arc::new(LocalSessionManager::default()), config);
    App::new().nest_service("/mcp", service)
}

async fn tandem(listener: TcpListener, pooled: bool) -> anyhow::Result<()> {
    gateway(pooled).await?.serve_http(listener, CancellationToken::new()).await?;
    Ok(())
}

async fn gateway(pooled: bool) -> anyhow::Result<Gateway> {
    let (engine, category) = tokio::task::spawn_blocking(move || super::plugin::load(pooled)).await??;
    let catalog = Arc::new(Catalog::default());
    let router =
        Router::new(catalog.clone(), engine.services().clone(), RouterConfig::new(tokio::runtime::Handle::current()));
    let config = GatewayConfig { exposure: Exposure::Full, ..GatewayConfig::default() };
    let gateway = Gateway::new(router.clone(), config)?;
    catalog.install(vec![("echo.wasm".to_owned(), category)], Vec::new());
    router.set_ready(true);
    Ok(gateway)
}
