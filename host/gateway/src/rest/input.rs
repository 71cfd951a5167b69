//! Bodies of requests.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
};
use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::{
    body::{self, BodyError, is_json},
    incoming::Incoming,
    problem::Problem,
    state::AppState,
};

/// A JSON body; one that is none is answered with a problem.
pub(super) struct Input<T>(pub(super) T);

impl<T: DeserializeOwned + Send + 'static> FromRequest<Arc<AppState>> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<AppState>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            let detail = "send JSON, with `content-type: application/json`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let incoming = parts.extensions.get::<Arc<Incoming>>().ok_or_else(|| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request lost its caller")
        })?;
        let body = body::whole(&parts.headers, body, shared.config.max_body).await?;
        let read = shared.router.read_on(&incoming.caller, body.len(), move || read(&body)).await;
        let read = read.map_err(|error| Problem::from(&error).request(&incoming.request_id))?;
        read.map(Self).map_err(|reason| Problem::new(StatusCode::BAD_REQUEST, "invalid_arguments", reason))
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    // Without this, a list would be read as the members in their order.
    if body.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
        return Err("the body must be a JSON object".to_owned());
    }
    Json::from_bytes(body).map(|Json(value)| value).map_err(|error: JsonRejection| error.body_text())
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let detail = error.to_string();
        match error {
            BodyError::TooLong(limit) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "limited", detail).limit("max-body", limit.to_string())
            }
            BodyError::Broken(_) => Self::new(StatusCode::BAD_REQUEST, "invalid_arguments", detail),
        }
    }
}
