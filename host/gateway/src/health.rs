//! Is it alive, is it ready, and what is going on.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tandem_router::{Lane, RuntimeStatus};

use crate::state::AppState;

/// Alive: the process answers. `degraded` where a lane that the host should have is down.
pub(crate) async fn live(State(shared): State<Arc<AppState>>) -> Json<Value> {
    let down = shared.router.has_reactor() == Some(false);
    let mut answer = json!({
        "status": if down { "degraded" } else { "ok" },
        "version": shared.config.server_version,
        "uptime_seconds": shared.started.elapsed().as_secs(),
    });
    if let (true, Some(answer)) = (down, answer.as_object_mut()) {
        answer.insert("down".to_owned(), json!([Lane::Reactor.as_str()]));
    }
    Json(answer)
}

/// Ready: plugins are loaded and the host is not shutting down.
pub(crate) async fn ready(State(shared): State<Arc<AppState>>) -> (StatusCode, Json<Value>) {
    let draining = shared.draining.is_cancelled();
    let reason = shared.unready.as_ref().and_then(|unready| unready());
    let ready = shared.router.is_ready() && !draining && reason.is_none();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut answer = json!({ "ready": ready, "draining": draining });
    if let (Some(reason), Some(answer)) = (reason, answer.as_object_mut()) {
        answer.insert("reason".to_owned(), reason.into());
    }
    // Everybody may ask, and how much there is to do is nobody's business where there are tenants.
    if shared.auth.is_open()
        && let Some(answer) = answer.as_object_mut()
    {
        answer.insert("in_flight".to_owned(), shared.in_flight.count().into());
    }
    (status, Json(answer))
}

#[derive(Serialize)]
pub(crate) struct Runtime {
    version: String,
    uptime_seconds: u64,
    draining: bool,
    #[serde(flatten)]
    router: RuntimeStatus,
    #[serde(flatten)]
    parts: Map<String, Value>,
}

/// Every lane and category, and the host's own parts.
pub(crate) async fn runtime(State(shared): State<Arc<AppState>>) -> Json<Runtime> {
    let parts = futures::future::join_all(shared.health.iter().map(|part| part())).await;
    Json(Runtime {
        version: shared.config.server_version.clone(),
        uptime_seconds: shared.started.elapsed().as_secs(),
        draining: shared.draining.is_cancelled(),
        router: shared.router.status(),
        parts: parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    })
}
