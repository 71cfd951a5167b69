//! The REST side: the catalog as JSON, single calls, and a page for people.

mod call;
mod catalog;
mod openapi;
mod page;

use std::sync::Arc;

use axum::{
    Json, Router as App,
    extract::{FromRequest, Request, rejection::JsonRejection},
    routing::{get, post},
};
use http::{Method, StatusCode, Uri};
use serde::de::DeserializeOwned;

use crate::{Shared, problem::Problem};

/// The routes below the guard.
pub(crate) fn routes() -> App<Arc<Shared>> {
    App::new()
        .route("/", get(page::page))
        .route("/openapi.json", get(openapi::document))
        .route("/v1/categories", get(catalog::categories))
        .route("/v1/categories/{category}/tools", get(catalog::tools))
        .route("/v1/tools/{tool}", get(catalog::tool))
        .route("/v1/tools/{tool}/call", post(call::call))
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

/// A JSON body; one that is none is answered with a problem.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

fn refused(rejection: &JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "limited", rejection.body_text()),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let detail = "send JSON, with `content-type: application/json`";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "invalid_arguments", rejection.body_text()),
    }
}
