//! The HTTP side: routes, and the [`layers`](crate::layers) before them.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Json, Router as App,
    extract::{Request, State},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, future::RouteFuture, get, post},
};
use futures::future::{BoxFuture, Either};
use http::{StatusCode, Uri};
use tokio_util::sync::CancellationToken;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    auth::WELL_KNOWN,
    endpoint::{self, Edge},
    health,
    incoming::{Endpoint, Incoming},
    layers::{Guarded, Outer, guarded, operator, outer},
    login, metrics, rest,
    state::AppState,
};

/// What answers the requests of a listener. It is always ready.
pub(crate) type Front = <Outer as Layer<Routes>>::Service;

/// The front of a host. What never ends by itself ends with `streams`.
pub(crate) fn front(shared: &Arc<AppState>, streams: CancellationToken) -> Front {
    let edge = Edge::new(shared, streams);
    let others = routes(shared, &edge);
    outer(shared).layer(Routes { mcp: guarded(shared).layer(Mcp(Arc::new(edge))), others })
}

/// The endpoints that most clients use, and all others. Finding a route costs as much as a small call does elsewhere.
#[derive(Clone)]
pub(crate) struct Routes {
    mcp: <Guarded as Layer<Mcp>>::Service,
    others: App,
}

impl Service<Request> for Routes {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<<<Guarded as Layer<Mcp>>::Service as Service<Request>>::Future, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match request.uri().path() {
            // A slash at the end is what many a client's configuration has.
            "/mcp" | "/mcp/" | FULL | "/mcp/full/" => Either::Left(self.mcp.call(request)),
            _ => Either::Right(self.others.call(request)),
        }
    }
}

const FULL: &str = "/mcp/full";

/// The MCP endpoints of the whole catalog.
#[derive(Clone)]
pub(crate) struct Mcp(Arc<Edge>);

impl Service<Request> for Mcp {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let edge = self.0.clone();
        Box::pin(async move {
            let Some(incoming) = request.extensions().get::<Arc<Incoming>>().cloned() else {
                // Authentication puts it there.
                return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
            };
            let endpoint = match request.uri().path().starts_with(FULL) {
                true => Endpoint::Full,
                false => incoming.endpoint.clone(),
            };
            Ok(edge.serve(endpoint, &incoming, request).await)
        })
    }
}

fn routes(shared: &Arc<AppState>, mcp: &Edge) -> App {
    let mcp = App::new()
        .route("/mcp/category/{name}", any(endpoint::category))
        .route("/mcp/category/{name}/", any(endpoint::category))
        .route("/mcp/e/{name}", any(endpoint::named))
        .route("/mcp/e/{name}/", any(endpoint::named))
        .with_state(mcp.clone());
    let operator = App::new()
        .route("/health/runtime", get(health::runtime))
        .route("/metrics", get(metrics::page))
        .with_state(shared.clone())
        .layer(middleware::from_fn_with_state(shared.clone(), operator));
    let guarded = rest::routes()
        .fallback(rest::unknown_path)
        .method_not_allowed_fallback(rest::wrong_method)
        .with_state(shared.clone())
        .merge(mcp)
        .layer(guarded(shared));
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
