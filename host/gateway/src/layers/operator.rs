//! What tells of all tenants is for the operator.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use crate::{access::guard, problem::Problem, state::AppState};

/// The operator shows a token of his own; without one it is open only where nobody authenticates.
pub(crate) async fn operator(State(shared): State<Arc<AppState>>, request: Request, next: Next) -> Response {
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
