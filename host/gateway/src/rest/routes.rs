//! What is served where.

use std::sync::Arc;

use axum::{
    Router as App,
    routing::{get, post},
};
use http::{Method, StatusCode, Uri};

use super::{call, catalog, older, openapi, page, version};
use crate::{problem::Problem, state::AppState};

/// The routes below the guard.
pub(crate) fn routes() -> App<Arc<AppState>> {
    App::new()
        .route("/", get(page::page))
        .route("/openapi.json", get(openapi::document))
        .route("/v1/version", get(version::version))
        .route("/v1/categories", get(catalog::categories))
        .route("/v1/categories/{category}/tools", get(catalog::tools))
        .route("/v1/tools/{tool}", get(catalog::tool))
        .route("/v1/tools/{tool}/call", post(call::call))
        .route("/tools/list", get(older::tools))
        .route("/tools/execute", post(call::execute))
}

pub(crate) async fn unknown_path(uri: Uri) -> Problem {
    let detail = format!("nothing is served at `{}`; see /openapi.json", uri.path());
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

pub(crate) async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("`{}` does not take {method}; see /openapi.json", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
