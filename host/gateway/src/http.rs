//! The HTTP side: routes, and what every request passes before them.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router as App,
    body::Body,
    extract::{DefaultBodyLimit, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tandem_engine::Caller;
use tokio_util::sync::CancellationToken;

use crate::{
    Shared,
    auth::WELL_KNOWN,
    guard::Refusal,
    health,
    incoming::{Endpoint, INCOMING, Incoming, traceparent_of},
    mcp::handler::Handler,
    metrics,
    places::share,
    problem::Problem,
    rest,
    sessions::Sessions,
    slow,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// When to try again while plugins are being loaded: compiling takes seconds.
const LOADING: Duration = Duration::from_secs(2);

type McpService = StreamableHttpService<Handler, Sessions>;

/// What the routes share: the gateway, and MCP over HTTP on this listener.
#[derive(Clone)]
struct Edge {
    shared: Arc<Shared>,
    mcp: Arc<McpService>,
}

pub(crate) fn app(shared: &Arc<Shared>, streams: CancellationToken) -> App {
    let edge = Edge { shared: shared.clone(), mcp: Arc::new(mcp_service(shared, streams)) };
    let mcp = App::new()
        .route("/mcp", any(mcp_default))
        .route("/mcp/full", any(mcp_full))
        .route("/mcp/category/{name}", any(mcp_category))
        .with_state(edge);
    let operator = App::new()
        .route("/health/runtime", get(health::runtime))
        .route("/metrics", get(metrics::page))
        .with_state(shared.clone())
        .layer(middleware::from_fn_with_state(shared.clone(), admit_operator));
    let guarded = rest::routes()
        .fallback(rest::unknown_path)
        .method_not_allowed_fallback(rest::wrong_method)
        .layer(DefaultBodyLimit::max(shared.config.max_body))
        .with_state(shared.clone())
        .merge(mcp)
        .layer(middleware::from_fn_with_state(shared.clone(), admit));
    // Probes come from load balancers, by whatever address they know, without credentials; the metadata is read by
    // clients that have no token yet.
    App::new()
        .route("/health", get(health::live))
        .route("/health/ready", get(health::ready))
        .route(WELL_KNOWN, get(resource_metadata))
        .route(&format!("{WELL_KNOWN}/{{*path}}"), get(resource_metadata))
        .with_state(shared.clone())
        .merge(operator)
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
    let per_tenant =
        config.session_limit_per_tenant.unwrap_or_else(|| share(config.session_limit, shared.auth.is_open()));
    let sessions = Sessions::new(config.session_limit, per_tenant, config.session_idle);
    let shared = shared.clone();
    let of_handler = sessions.clone();
    let handler = move || Ok(Handler::new(shared.clone(), None).with_sessions(of_handler.clone()));
    StreamableHttpService::new(handler, sessions, options)
}

/// What every guarded request passes: the guard, authentication, and its id.
async fn admit(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let ticket = (*request.method() == Method::POST).then(|| shared.in_flight.enter());
    let caller = match let_in(&shared, request.uri(), request.headers()).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if is_call(request.uri().path()) && !shared.router.is_ready() {
        return loading().into_response();
    }
    let watched = is_listening(&shared, &request).then(|| (request.headers().clone(), caller.clone()));
    let traceparent = traceparent_of(request.headers());
    let incoming = Arc::new(Incoming::new(caller, Endpoint::from(&shared.config.exposure), traceparent));
    let request_id = incoming.request_id.clone();
    request.extensions_mut().insert(incoming);
    let limit = shared.config.body_timeout;
    let (parts, body) = request.into_parts();
    let (body, late) = slow::timed(body, limit);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(problem) = late.problem(limit) {
        response = problem.request(&request_id).into_response();
        // The rest of the body may still come, and is not worth waiting for.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if let Some((headers, caller)) = watched {
        response = response.map(|body| slow::until_revoked(body, shared.clone(), headers, caller));
    }
    match ticket {
        Some(ticket) => response.map(|body| ticket.hold(body)),
        None => response,
    }
}

async fn let_in(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Result<Caller, Problem> {
    guard(shared, uri, headers)?;
    let caller = shared.auth.authenticate(headers).await;
    Ok(caller.inspect_err(|error| tracing::debug!(%error, "not let in"))?)
}

fn guard(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    shared.guard.check(uri, headers).inspect_err(|refusal| {
        tracing::warn!(host = ?headers.get(header::HOST), origin = ?headers.get(header::ORIGIN), %refusal, "refused");
    })
}

/// Whether a path needs the catalog.
fn is_call(path: &str) -> bool {
    path.starts_with("/mcp") || path.starts_with("/v1/") || path == "/tools/execute"
}

/// An empty catalog would answer that a tool is unknown, and clients would believe it.
fn loading() -> Problem {
    let detail = "the host is loading its plugins; try again in a moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry(LOADING)
}

/// Whether the answer is a stream that stays open beside calls. One that belongs to a call ends with it.
fn is_listening(shared: &Shared, request: &Request) -> bool {
    let listens = request.headers().get(MCP_METHOD).is_some_and(|method| method == "subscriptions/listen");
    !shared.auth.is_open()
        && (listens || (*request.method() == Method::GET && request.uri().path().starts_with("/mcp")))
}

/// What tells of all tenants is for the operator, who shows a token of his own; without one it is open only where nobody
/// authenticates.
async fn admit_operator(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if let Err(refusal) = guard(&shared, request.uri(), request.headers()) {
        return Problem::from(refusal).into_response();
    }
    let allowed = match &shared.config.operator_token {
        Some(token) => token.is_shown(request.headers()),
        None => shared.auth.is_open(),
    };
    if allowed {
        return next.run(request).await;
    }
    let detail = "this tells of all tenants and is for the operator; send the token of `server.metrics-token`";
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).into_response()
}

/// The metadata of the protected resource, at the root and under the resource's own path (RFC 9728 section 3.1).
async fn resource_metadata(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let asked = uri.path().strip_prefix(WELL_KNOWN).unwrap_or_default().trim_end_matches('/');
    match shared.auth.resource_metadata() {
        Some(metadata) if below(asked, &metadata.resource_path) => Json(metadata.document).into_response(),
        _ => rest::unknown_path(uri).await.into_response(),
    }
}

/// Whether metadata for `resource` answers for `asked`: for all of it, and for what is below it.
fn below(asked: &str, resource: &str) -> bool {
    asked.is_empty() || asked.strip_prefix(resource).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
        if let Some(limit) = incoming.refused_session() {
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
