//! What this host speaks, for clients that choose by it.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::state::AppState;

pub(super) async fn version(State(shared): State<Arc<AppState>>) -> Json<Value> {
    let config = &shared.config;
    Json(json!({ "version": config.server_version, "speaks": config.versions }))
}
