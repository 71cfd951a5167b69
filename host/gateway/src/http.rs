//! The HTTP side: routes, what every request passes before them, and the listener.

use std::{sync::Arc, time::Duration};

use axum::{
    Router as App,
    body::Body,
    extract::{DefaultBodyLimit, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tandem_engine::Caller;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Gateway, Shared, health,
    incoming::{Endpoint, INCOMING, Incoming, traceparent_of},
    mcp::handler::Handler,
    metrics,
    problem::Problem,
    rest,
    sessions::Sessions,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a client may take to send a request's head, and how long an idle connection stays open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long connections get to close after their calls are done.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause after a failed `accept`: it fails when file descriptors run out, which takes a moment to pass.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why serving could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener is unusable.
    #[error("cannot accept connections: {0}")]
    Listen(#[from] std::io::Error),
}

type McpService = StreamableHttpService<Handler, Sessions>;

/// What the routes share: the gateway, and MCP over HTTP on this listener.
#[derive(Clone)]
struct Edge {
    shared: Arc<Shared>,
    mcp: Arc<McpService>,
}

impl Gateway {
    /// Serves HTTP on `listener` until `shutdown` is cancelled and what is in flight is done, or the drain time is over.
    /// A gateway may serve several listeners; the first one that shuts down makes it unready for all.
    ///
    /// # Errors
    ///
    /// When the listener is unusable.
    pub async fn serve_http(&self, listener: TcpListener, shutdown: CancellationToken) -> Result<(), ServeError> {
        listener.local_addr()?;
        let shared = self.0.clone();
        // Ends what would never end by itself: sessions and their streams.
        let streams = CancellationToken::new();
        let app = app(&shared, streams.clone());
        let stop_accepting = CancellationToken::new();
        let cut = CancellationToken::new();
        let _cut = cut.clone().drop_guard();
        let background = tokio::spawn(background(shared.clone(), streams.clone()));
        let drain = tokio::spawn(drain(shared.clone(), shutdown, stop_accepting.clone(), streams.clone()));
        let connections = accept(&listener, &app, shared.config.connection_limit, &stop_accepting, &cut).await;
        // The port is free for a successor while the last calls end.
        drop(listener);
        tokio::select! {
            () = connections.shutdown() => {}
            () = async {
                streams.cancelled().await;
                tokio::time::sleep(CLOSE_TIMEOUT).await;
            } => tracing::warn!("connections were still open after shutdown; they are cut"),
        }
        streams.cancel();
        drain.abort();
        background.abort();
        Ok(())
    }
}

async fn background(shared: Arc<Shared>, stop: CancellationToken) {
    if let Some(handle) = shared.metrics.clone() {
        metrics::upkeep(handle, stop).await;
    }
}

/// Shutdown, in its order: unready, no new connections, calls in flight, then everything else.
async fn drain(
    shared: Arc<Shared>,
    shutdown: CancellationToken,
    stop_accepting: CancellationToken,
    streams: CancellationToken,
) {
    shutdown.cancelled().await;
    shared.draining.cancel();
    tokio::time::sleep(shared.config.unready).await;
    stop_accepting.cancel();
    if tokio::time::timeout(shared.config.drain, shared.in_flight.idle()).await.is_err() {
        let left = shared.in_flight.count();
        tracing::warn!(left, "requests were still in flight after the drain time; they are cancelled");
    }
    shared.suspended.clear();
    streams.cancel();
}

/// Accepts until `stop`; the connections themselves end at the latest with `cut`.
async fn accept(
    listener: &TcpListener,
    app: &App,
    limit: usize,
    stop: &CancellationToken,
    cut: &CancellationToken,
) -> GracefulShutdown {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limit));
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => return connections,
            next = next => next,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        prepare(&stream);
        let service = TowerToHyperService::new(app.clone());
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        let cut = cut.clone();
        tokio::spawn(async move {
            let _place = place;
            if let Some(Err(error)) = cut.run_until_cancelled(connection).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

fn prepare(stream: &TcpStream) {
    // With Nagle on, the end of every event stream waits 40 ms for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
}

fn app(shared: &Arc<Shared>, streams: CancellationToken) -> App {
    let edge = Edge { shared: shared.clone(), mcp: Arc::new(mcp_service(shared, streams)) };
    let mcp = App::new()
        .route("/mcp", any(mcp_default))
        .route("/mcp/full", any(mcp_full))
        .route("/mcp/category/{name}", any(mcp_category))
        .with_state(edge);
    let guarded = rest::routes()
        .route("/health/runtime", get(health::runtime))
        .route("/metrics", get(metrics::page))
        .fallback(rest::unknown_path)
        .method_not_allowed_fallback(rest::wrong_method)
        .layer(DefaultBodyLimit::max(shared.config.max_body))
        .with_state(shared.clone())
        .merge(mcp)
        .layer(middleware::from_fn_with_state(shared.clone(), admit));
    // Probes come from load balancers, by whatever address they know, without credentials.
    App::new()
        .route("/health", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(shared.clone())
        .merge(guarded)
}

fn mcp_service(shared: &Arc<Shared>, streams: CancellationToken) -> McpService {
    let config = &shared.config;
    // The guard has checked `Host` and `Origin` before.
    let options = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_json_response(true)
        .with_max_request_body_bytes(config.max_body)
        .with_cancellation_token(streams);
    let sessions = Sessions::new(config.session_limit, config.session_idle);
    let shared = shared.clone();
    StreamableHttpService::new(move || Ok(Handler::new(shared.clone(), None)), sessions, options)
}

/// What every guarded request passes: the guard, authentication, and its id.
async fn admit(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let ticket = (*request.method() == Method::POST).then(|| shared.in_flight.enter());
    let caller = match let_in(&shared, request.uri(), request.headers()).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let traceparent = traceparent_of(request.headers());
    let incoming = Arc::new(Incoming::new(caller, Endpoint::from(&shared.config.exposure), traceparent));
    let id = HeaderValue::from_str(&incoming.request_id).ok();
    request.extensions_mut().insert(incoming);
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    match ticket {
        Some(ticket) => response.map(|body| ticket.hold(body)),
        None => response,
    }
}

async fn let_in(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Result<Caller, Problem> {
    shared.guard.check(uri, headers).map_err(|refusal| {
        tracing::warn!(host = ?headers.get(header::HOST), origin = ?headers.get(header::ORIGIN), %refusal, "refused");
        Problem::from(refusal)
    })?;
    Ok(shared.auth.authenticate(headers).await?)
}

async fn mcp_default(State(edge): State<Edge>, request: Request) -> Response {
    let endpoint = Endpoint::from(&edge.shared.config.exposure);
    edge.serve(endpoint, request).await
}

async fn mcp_full(State(edge): State<Edge>, request: Request) -> Response {
    edge.serve(Endpoint::Full, request).await
}

async fn mcp_category(State(edge): State<Edge>, Path(name): Path<String>, request: Request) -> Response {
    edge.serve(Endpoint::Category(name.into()), request).await
}

impl Edge {
    async fn serve(&self, endpoint: Endpoint, mut request: Request) -> Response {
        let Some(before) = request.extensions().get::<Arc<Incoming>>().cloned() else {
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request lost its caller")
                .into_response();
        };
        if let Endpoint::Category(name) = &endpoint {
            let view = self.shared.router.view(&before.caller);
            if view.category(name).is_none() {
                return Problem::unknown("category", name, view.near_categories(name)).into_response();
            }
        }
        let incoming = match endpoint == before.endpoint {
            true => before,
            false => {
                let incoming = Arc::new(before.at(endpoint));
                request.extensions_mut().insert(incoming.clone());
                incoming
            }
        };
        let response = INCOMING.scope(incoming.clone(), Box::pin(self.mcp.handle(request))).await;
        if incoming.session_was_refused() {
            let limit = self.shared.config.session_limit;
            return Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "limited",
                "all sessions are in use; try again later",
            )
            .limit("sessions", limit.to_string())
            .retry(Duration::from_secs(5))
            .request(&incoming.request_id)
            .into_response();
        }
        response.map(Body::new)
    }
}
