//! The HTTP side: routes, and what every request passes before them.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router as App,
    body::{Body, HttpBody},
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;

use crate::{
    access::{guard, let_in},
    auth::WELL_KNOWN,
    cors,
    drain::Ticket,
    endpoint::{self, Edge},
    heads::Lax,
    health,
    holding::Holding,
    incoming::{ClientAddress, Endpoint, Incoming, traceparent_of},
    intake::{self, Charge},
    login, metrics, pieces,
    problem::Problem,
    rest,
    slow::{self, Late},
    state::AppState,
    strict,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// When to try again while plugins are being loaded: compiling takes seconds.
const LOADING: Duration = Duration::from_secs(2);

/// What answers the requests of a listener. From the outside in: answers are counted ([`metrics`]), malformed heads refused
/// ([`strict`]), preflights answered ([`cors`]), callers admitted ([`admit`]), and their requests served.
///
/// The layers are functions, not services: a request passes them without a copy of those below, which is what boxed
/// services cost. The endpoints that most clients use are reached the same way; the others by their routes.
pub(crate) struct Front {
    shared: Arc<AppState>,
    mcp: Edge,
    routes: TowerToHyperService<App>,
}

/// What a connection knows of each of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) address: IpAddr,
    pub(crate) lax: Lax,
}

impl Front {
    pub(crate) fn new(shared: &Arc<AppState>, streams: CancellationToken) -> Self {
        let mcp = Edge::new(shared, streams);
        let routes = TowerToHyperService::new(routes(shared, &mcp));
        Self { shared: shared.clone(), mcp, routes }
    }

    /// Answers one request.
    pub(crate) async fn answer(
        &self,
        request: hyper::Request<hyper::body::Incoming>,
        connection: &Connection,
    ) -> Response {
        let response = match strict::check(&request, &connection.lax) {
            Ok(()) => {
                let page = cors::Page::of(&self.shared.guard, &request);
                let response = match page.preflight(&self.shared.guard, &request) {
                    Some(preflight) => preflight,
                    None => self.route(request, connection.address).await,
                };
                page.allow(response)
            }
            Err(malformed) => malformed.into_response(),
        };
        metrics::count(response.status());
        response
    }

    async fn route(&self, mut request: hyper::Request<hyper::body::Incoming>, address: IpAddr) -> Response {
        // A slash at the end is what many a client's configuration has.
        let endpoint = match request.uri().path() {
            "/mcp" | "/mcp/" => Endpoint::from(&self.shared.config.exposure),
            "/mcp/full" | "/mcp/full/" => Endpoint::Full,
            _ => {
                request.extensions_mut().insert(ClientAddress(address));
                return match self.routes.call(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                };
            }
        };
        match admit(&self.shared, request, Some(address)).await {
            Ok((admitted, request)) => {
                let response = self.mcp.serve(endpoint, &admitted.incoming, request).await;
                admitted.finish(&self.shared, response)
            }
            Err(refusal) => refusal,
        }
    }
}

fn routes(shared: &Arc<AppState>, mcp: &Edge) -> App {
    let mcp = App::new()
        .route("/mcp/category/{name}", any(endpoint::category))
        .route("/mcp/category/{name}/", any(endpoint::category))
        .with_state(mcp.clone());
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
        .layer(middleware::from_fn_with_state(shared.clone(), admit_caller));
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
}

/// A request whose caller is known, until its answer is on its way.
struct Admitted {
    incoming: Arc<Incoming>,
    ticket: Option<Ticket>,
    /// Of a request with a body.
    charge: Option<(Charge, Late)>,
    /// The credentials of a stream that stays open.
    watched: Option<HeaderMap>,
}

/// What every guarded request passes: the guard, authentication, and its id.
async fn admit<B>(
    shared: &Arc<AppState>,
    mut request: http::Request<B>,
    address: Option<IpAddr>,
) -> Result<(Admitted, Request), Response>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<axum::BoxError>,
{
    let ticket = (*request.method() == Method::POST).then(|| shared.in_flight.enter());
    login::take_cookie(&mut request);
    let caller = match let_in(shared, request.uri(), request.headers(), address).await {
        Ok(caller) => caller,
        Err(problem) if login::is_for_people(&request) => {
            let signed_in = request.extensions().get::<login::SignedIn>().is_some();
            return Err(login::instead_of(problem.into_response(), signed_in));
        }
        Err(problem) => return Err(problem.into_response()),
    };
    if is_call(request.uri().path()) && !shared.router.is_ready() {
        return Err(loading().into_response());
    }
    let watched = is_listening(shared, &request).then(|| request.headers().clone());
    let traceparent = traceparent_of(request.headers());
    let incoming = Incoming::new(caller, Endpoint::from(&shared.config.exposure), traceparent);
    let incoming = Arc::new(incoming.at_address(address));
    let (parts, body) = request.into_parts();
    let (charge, body) = match body.is_end_stream() {
        true => (None, Body::empty()),
        false => {
            let (body, late) = slow::timed(body, shared.config.body_timeout);
            let (body, charge) = intake::charged(body, shared.router.reserve(&incoming.caller));
            (Some((charge, late)), Body::new(body))
        }
    };
    Ok((Admitted { incoming, ticket, charge, watched }, Request::from_parts(parts, body)))
}

impl Admitted {
    /// Gives the answer its id, and back what the request took once the answer is on its way.
    fn finish(self, shared: &Arc<AppState>, mut response: Response) -> Response {
        let Self { incoming, ticket, charge, watched } = self;
        let cut = charge.as_ref().and_then(|(charge, late)| {
            let refused = charge.refused().map(|error| Problem::from(&error));
            refused.or_else(|| late.problem(shared.config.body_timeout))
        });
        if let Some(problem) = cut {
            response = problem.request(&incoming.request_id).into_response();
            // The rest of the body may still come, and is not worth waiting for.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Ok(id) = HeaderValue::from_str(&incoming.request_id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        if let Some(headers) = watched {
            let caller = incoming.caller.clone();
            response = response.map(|body| slow::until_revoked(body, shared.clone(), headers, caller));
        }
        response.map(|body| Body::new(Holding::new(pieces::written(body), (charge, ticket))))
    }
}

async fn admit_caller(State(shared): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ClientAddress>().map(|ClientAddress(address)| *address);
    match admit(&shared, request, address).await {
        Ok((admitted, mut request)) => {
            request.extensions_mut().insert(admitted.incoming.clone());
            let response = next.run(request).await;
            admitted.finish(&shared, response)
        }
        Err(refusal) => refusal,
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
fn is_listening<B>(shared: &AppState, request: &http::Request<B>) -> bool {
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
