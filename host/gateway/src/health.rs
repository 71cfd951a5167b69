//! Is it alive, is it ready, and what is going on.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Value, json};
use tandem_router::RuntimeStatus;

use crate::Shared;

/// Alive: the process answers.
pub(crate) async fn live(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "version": shared.config.server_version,
        "uptime_seconds": shared.started.elapsed().as_secs(),
    }))
}

/// Ready: plugins are loaded and the host is not shutting down.
pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> (StatusCode, Json<Value>) {
    let draining = shared.draining.is_cancelled();
    let ready = shared.router.is_ready() && !draining;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut answer = json!({ "ready": ready, "draining": draining });
    // Everybody may ask, and how much there is to do is nobody's business where there are tenants.
    if shared.auth.is_open()
        && let Some(answer) = answer.as_object_mut()
    {
        answer.insert("in_flight".to_owned(), shared.in_flight.count().into());
    }
    (status, Json(answer))
}

/// Every lane and category.
pub(crate) async fn runtime(State(shared): State<Arc<Shared>>) -> Json<RuntimeStatus> {
    Json(shared.router.status())
}
