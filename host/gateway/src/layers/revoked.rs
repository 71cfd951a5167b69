//! Streams that stay open end with their caller's rights.

use std::sync::Arc;

use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderName, Method};

use super::concern::Concern;
use crate::{incoming::Incoming, slow, state::AppState};

const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");

#[derive(Clone)]
pub(crate) struct UntilRevoked(pub(super) Arc<AppState>);

/// The credentials of a stream, and whose it is.
pub(crate) struct Reader {
    state: Arc<AppState>,
    headers: HeaderMap,
    incoming: Arc<Incoming>,
}

impl Concern for UntilRevoked {
    type Context = Option<Reader>;

    fn before(&self, request: &mut Request) -> Result<Self::Context, Box<Response>> {
        if self.0.auth.is_open() || !stays_open(request) {
            return Ok(None);
        }
        let incoming = request.extensions().get::<Arc<Incoming>>().cloned();
        Ok(incoming.map(|incoming| Reader { state: self.0.clone(), headers: request.headers().clone(), incoming }))
    }

    fn after(reader: Self::Context, response: Response) -> Response {
        match reader {
            Some(Reader { state, headers, incoming }) => {
                response.map(|body| slow::until_revoked(body, state, headers, incoming.caller.clone()))
            }
            None => response,
        }
    }
}

/// Whether the answer is a stream that stays open beside calls. One that belongs to a call ends with it.
fn stays_open(request: &Request) -> bool {
    let listens = request.headers().get(MCP_METHOD).is_some_and(|method| method == "subscriptions/listen");
    listens || (*request.method() == Method::GET && request.uri().path().starts_with("/mcp"))
}
