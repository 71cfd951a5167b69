//! The request's id, which the log has too.

use std::sync::Arc;

use axum::{extract::Request, response::Response};
use http::{HeaderName, HeaderValue};

use super::concern::Concern;
use crate::incoming::Incoming;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Clone)]
pub(crate) struct RequestId;

impl Concern for RequestId {
    type Context = Option<Arc<Incoming>>;

    fn before(&self, request: &mut Request) -> Result<Self::Context, Box<Response>> {
        Ok(request.extensions().get::<Arc<Incoming>>().cloned())
    }

    fn after(incoming: Self::Context, mut response: Response) -> Response {
        let id = incoming.and_then(|incoming| HeaderValue::from_str(&incoming.request_id).ok());
        if let Some(id) = id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}
