//! The HTTP side: routes, and what every request passes before them.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router as App,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use tokio_util::sync::CancellationToken;

use crate::{
    access::{guard, let_in},
    auth::WELL_KNOWN,
    cors,
    endpoint::{self, Edge},
    health,
    incoming::{ClientAddress, Endpoint, Incoming, traceparent_of},
    intake, login, metrics, pieces,
    problem::Problem,
    rest, slow,
    state::AppState,
    strict,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// When to try again while plugins are being loaded: compiling takes seconds.
const LOADING: Duration = Duration::from_secs(2);

pub(crate) fn app(shared: &Arc<AppState>, streams: CancellationToken) -> App {
    // A slash at the end is what many a client's configuration has.
    let mcp = App::new()
        .route("/mcp", any(endpoint::default))
        .route("/mcp/", any(endpoint::default))
        .route("/mcp/full", any(endpoint::full))
        .route("/mcp/full/", any(endpoint::full))
        .route("/mcp/category/{name}", any(endpoint::category))
        .route("/mcp/category/{name}/", any(endpoint::category))
        .with_state(Edge::new(shared, streams));
    let operator = App::new()
        .route("/health/runtime", get(health::runtime))
        .route("/metrics", get(metrics::page))
        .with_state(shared.clone())
        .layer(middleware::from_fn_with_state(shared.clone(), admit_operator));
    let guarded = rest::routes()
        .fallback(rest::unknown_path)
        .method_not_allowed_fallback(rest::wrong_method)
        .with_state(shared.clone())
        .merge(mcp)
        .layer(middleware::from_fn_with_state(shared.clone(), admit));
    // Probes come from load balancers, by whatever address they know, without credentials; the metadata is read by
    // clients that have no token yet.
    App::new()
        .route("/health", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/login", post(login::login))
        .route("/logout", post(login::logout))
        .route(WELL_KNOWN, get(resource_metadata))
        .route(&format!("{WELL_KNOWN}/{{*path}}"), get(resource_metadata))
        .with_state(shared.clone())
        .merge(operator)
        .merge(guarded)
        .layer(middleware::from_fn_with_state(shared.clone(), cors::answer))
        .layer(middleware::from_fn(strict::check))
        .layer(middleware::from_fn(metrics::count))
}

/// What every guarded request passes: the guard, authentication, and its id.
async fn admit(State(shared): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let ticket = (*request.method() == Method::POST).then(|| shared.in_flight.enter());
    login::take_cookie(&mut request);
    let address = request.extensions().get::<ClientAddress>().map(|ClientAddress(address)| *address);
    let caller = match let_in(&shared, request.uri(), request.headers(), address).await {
        Ok(caller) => caller,
        Err(problem) if login::is_for_people(&request) => {
            let signed_in = request.extensions().get::<login::SignedIn>().is_some();
            return login::instead_of(problem.into_response(), signed_in);
        }
        Err(problem) => return problem.into_response(),
    };
    if is_call(request.uri().path()) && !shared.router.is_ready() {
        return loading().into_response();
    }
    let watched = is_listening(&shared, &request).then(|| (request.headers().clone(), caller.clone()));
    let traceparent = traceparent_of(request.headers());
    let incoming = Incoming::new(caller, Endpoint::from(&shared.config.exposure), traceparent);
    let incoming = Arc::new(incoming.at_address(address));
    let request_id = incoming.request_id.clone();
    let reserve = shared.router.reserve(&incoming.caller);
    request.extensions_mut().insert(incoming);
    let limit = shared.config.body_timeout;
    let (parts, body) = request.into_parts();
    let (body, late) = slow::timed(body, limit);
    let (body, charge) = intake::charged(body, reserve);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let refused = charge.as_ref().and_then(|charge| charge.refused().map(|error| Problem::from(&error)));
    if let Some(problem) = refused.or_else(|| late.problem(limit)) {
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
    response = response.map(pieces::written);
    if let Some(charge) = charge {
        response = response.map(|body| charge.hold(body));
    }
    match ticket {
        Some(ticket) => response.map(|body| ticket.hold(body)),
        None => response,
    }
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
fn is_listening(shared: &AppState, request: &Request) -> bool {
    let listens = request.headers().get(MCP_METHOD).is_some_and(|method| method == "subscriptions/listen");
    !shared.auth.is_open()
        && (listens || (*request.method() == Method::GET && request.uri().path().starts_with("/mcp")))
}

/// What tells of all tenants is for the operator, who shows a token of his own; without one it is open only where nobody
/// authenticates.
async fn admit_operator(State(shared): State<Arc<AppState>>, request: Request, next: Next) -> Response {
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
async fn resource_metadata(State(shared): State<Arc<AppState>>, uri: Uri) -> Response {
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
