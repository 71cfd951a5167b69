//! What browsers want to be told before a page of an allowed origin may call, and read what it is answered.
//!
//! A preflight never carries credentials, so it is answered before anybody asks for them; it names no tenant and does nothing.
//! Pages of other origins are told nothing: their browser keeps the answer from them, and the guard refuses the call.

use std::sync::Arc;

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::concern::Concern;
use crate::state::AppState;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
/// What clients of both eras send.
const HEADERS: &str = "accept, authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, \
                       mcp-session-id, traceparent, x-api-key";
/// Headers that mirror arguments are named after them.
const MIRRORED: &str = "mcp-param-";
/// Mirrored headers that one preflight may ask for: each is repeated in the answer.
const MAX_MIRRORED: usize = 32;
const EXPOSED: HeaderValue = HeaderValue::from_static("mcp-session-id, retry-after, www-authenticate, x-request-id");
/// Seconds for which a browser may keep a preflight's answer. Chromium keeps none for longer than two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");

/// Answers preflights, and adds to every answer what its page needs.
#[derive(Clone)]
pub(crate) struct Cors(pub(super) Arc<AppState>);

impl Concern for Cors {
    /// The origin, where it is allowed.
    type Context = Option<HeaderValue>;

    fn before(&self, request: &mut Request) -> Result<Self::Context, Box<Response>> {
        let guard = &self.0.guard;
        let origin = guard.allowed_origin(request.headers()).cloned();
        if origin.is_some() && is_preflight(request) && guard.check(request.uri(), request.headers()).is_ok() {
            let response = preflight(request.headers());
            return Err(Box::new(Self::after(origin, response)));
        }
        Ok(origin)
    }

    fn after(origin: Self::Context, mut response: Response) -> Response {
        let headers = response.headers_mut();
        // Without it, a cache would give one page the answer that another may read.
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        response
    }
}

fn is_preflight(request: &Request) -> bool {
    *request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(asked));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

fn allowed_headers(asked: &HeaderMap) -> HeaderValue {
    let asked = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|names| names.to_str().ok());
    let names = asked.unwrap_or_default().split(',').map(|name| name.trim().to_ascii_lowercase());
    let mirrored = names.filter(|name| name.starts_with(MIRRORED) && HeaderName::try_from(name.as_str()).is_ok());
    let all: Vec<_> = std::iter::once(HEADERS.to_owned()).chain(mirrored.take(MAX_MIRRORED)).collect();
    HeaderValue::try_from(all.join(", ")).unwrap_or(HeaderValue::from_static(HEADERS))
}
