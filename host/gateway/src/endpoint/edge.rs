//! One listener's MCP: each request on its way to the direct answer or to rmcp.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use rmcp::{
    model::{ErrorData, ProtocolVersion, RequestId},
    transport::{
        common::http_header::{HEADER_LAST_EVENT_ID, HEADER_MCP_PROTOCOL_VERSION, HEADER_SESSION_ID},
        streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService, session::SessionManager as _},
    },
};
use serde_json::value::RawValue;
use tandem_catalog::{shown, shown_name};
use tandem_router::{CallError, ExactNumbers, unknown_category};
use tokio_util::sync::CancellationToken;

use super::{accept, answer, batch, direct::PlainCall};
use crate::{
    apart,
    body::{self, BodyError, is_json},
    incoming::{Endpoint, INCOMING, Incoming},
    limiter::share,
    mcp::handler::Handler,
    problem::Problem,
    revisions::VERSIONS,
    rpc::{self, Input, MAX_BATCH, MessageHead, Refused},
    sessions::{Limits, Sessions},
    state::AppState,
};

/// Bytes of a header's value that an error repeats.
const MAX_CODING: usize = 64;

/// What a request without a session is refused with.
const NO_SESSION: &str = "the request has no session: send `initialize` first and repeat the `Mcp-Session-Id` header of its \
    answer, or speak MCP 2026-07-28, which has no sessions";

type McpService = StreamableHttpService<Handler, Sessions>;

/// MCP over HTTP on one listener.
#[derive(Clone)]
pub(crate) struct Edge {
    shared: Arc<AppState>,
    mcp: Arc<McpService>,
    sessions: Arc<Sessions>,
    /// Ends what would never end by itself.
    streams: CancellationToken,
}

pub(crate) async fn category(
    State(edge): State<Edge>,
    Path(name): Path<String>,
    Extension(incoming): Extension<Arc<Incoming>>,
    request: Request,
) -> Response {
    edge.serve(Endpoint::Category(name.into()), &incoming, request).await
}

pub(crate) async fn named(
    State(edge): State<Edge>,
    Path(name): Path<String>,
    Extension(incoming): Extension<Arc<Incoming>>,
    request: Request,
) -> Response {
    match edge.shared.endpoints.find(&name, &incoming.caller.tenant) {
        Some(endpoint) => edge.serve(Endpoint::Named(endpoint.clone()), &incoming, request).await,
        None => {
            let name = shown_name(&name).into_owned();
            Problem::from(&CallError::NotFound { kind: "endpoint", name, near: Vec::new() }).into_response()
        }
    }
}

impl Edge {
    pub(crate) fn new(shared: &Arc<AppState>, streams: CancellationToken) -> Self {
        let config = &shared.config;
        // The guard has checked `Host` and `Origin` before.
        let options = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_json_response(true)
            .with_max_request_body_bytes(config.max_body)
            .with_cancellation_token(streams.clone());
        let open = shared.auth.is_open();
        let limits = Limits {
            all: config.session_limit,
            per_tenant: config.session_limit_per_tenant.unwrap_or_else(|| share(config.session_limit, open)),
            makes_room: open,
        };
        let sessions = Sessions::new(limits, config.session_idle);
        let (of_service, of_handler) = (shared.clone(), sessions.clone());
        let handler = move || Ok(Handler::new(of_service.clone(), None).with_sessions(of_handler.clone()));
        let mcp = StreamableHttpService::new(handler, sessions.clone(), options);
        Self { shared: shared.clone(), mcp: Arc::new(mcp), sessions, streams }
    }

    /// Serves a request that was let in.
    pub(crate) async fn serve(&self, endpoint: Endpoint, before: &Arc<Incoming>, request: Request) -> Response {
        if let Endpoint::Category(name) = &endpoint {
            let view = self.shared.router.view(&before.caller);
            if view.category(name).is_none() {
                return Problem::from(&unknown_category(&view, name)).into_response();
            }
        }
        let incoming = match endpoint == before.endpoint {
            true => before.clone(),
            false => Arc::new(before.at(endpoint)),
        };
        let response = match *request.method() == Method::POST {
            true => self.post(&incoming, request).await,
            false => INCOMING.scope(incoming.clone(), Box::pin(self.dispatch(&incoming, request))).await,
        };
        match answer::is(response.headers(), "text/event-stream") {
            true => response.map(|body| apart::body(&self.shared.router, &incoming, body)),
            false => response,
        }
    }

    async fn dispatch(&self, incoming: &Arc<Incoming>, mut request: Request) -> Response {
        let method = request.method().clone();
        if let Err(refused) = known_version(request.headers()) {
            return answer::refusal(StatusCode::BAD_REQUEST, &refused);
        }
        if method == Method::GET {
            accept::complete(request.headers_mut());
            if request.headers().contains_key(HEADER_LAST_EVENT_ID) {
                // What is sent again may be large, and was written once already.
                incoming.note_bytes(usize::MAX);
            }
        }
        // rmcp would answer as if it had ended one.
        if method == Method::DELETE && self.is_gone(request.headers()).await {
            let error = ErrorData::new(answer::SESSION_NOT_FOUND, "session not found", None);
            return answer::refusal(StatusCode::NOT_FOUND, &Refused::new(None, error));
        }
        if method == Method::DELETE {
            return self.end(incoming, request).await;
        }
        self.pass(incoming, request, None).await
    }

    /// Whether a request names a session that is not there for its caller.
    async fn is_gone(&self, headers: &HeaderMap) -> bool {
        let Some(id) = headers.get(HEADER_SESSION_ID).and_then(|id| id.to_str().ok()) else { return false };
        !self.sessions.has_session(&id.into()).await.unwrap_or(false)
    }

    async fn post(&self, incoming: &Arc<Incoming>, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let wants = accept::complete(&mut parts.headers);
        if let Some(coding) = content_coding(&parts.headers) {
            let text = format!("Content-Encoding `{coding}` is not supported; send the message as it is");
            let refused = Refused::invalid(None, text);
            return answer::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, &refused);
        }
        if !is_json(&parts.headers) {
            return self.pass(incoming, Request::from_parts(parts, Body::empty()), None).await;
        }
        let body = match body::whole(&parts.headers, body, self.shared.config.max_body).await {
            Ok(body) => body,
            Err(BodyError::TooLong(limit)) => {
                return answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, &rpc::too_long(None, limit));
            }
            Err(error @ BodyError::Broken(_)) => {
                return answer::refusal(StatusCode::BAD_REQUEST, &Refused::parse(error));
            }
        };
        incoming.note_bytes(body.len());
        match self.plain_call(incoming, &parts.headers, &body, wants).await {
            Ok(Some(call)) => return call.answer(&self.shared, incoming, &self.streams).await,
            Ok(None) => {}
            Err(error) => return Problem::from(&error).request(&incoming.request_id).into_response(),
        }
        let (edge, of) = (self.clone(), incoming.clone());
        let answered = async move { edge.message(&of, parts, &body, wants).await };
        apart::answer(&self.shared.router, incoming, INCOMING.scope(incoming.clone(), answered)).await
    }

    /// Reads a plain call, apart from the threads that serve if it is large. Only reading is: a call that ran there would wait for the
    /// threads on which it is polled itself.
    async fn plain_call(
        &self,
        incoming: &Arc<Incoming>,
        headers: &HeaderMap,
        body: &Bytes,
        wants: accept::AcceptedTypes,
    ) -> Result<Option<PlainCall>, CallError> {
        if !incoming.is_large() {
            return Ok(PlainCall::read(&self.shared, incoming, headers, body, wants));
        }
        let (shared, of, headers, body) = (self.shared.clone(), incoming.clone(), headers.clone(), body.clone());
        let read = move || PlainCall::read(&shared, &of, &headers, &body, wants);
        self.shared.router.answer_on(&incoming.caller, usize::MAX, read).await
    }

    /// Serves a body.
    async fn message(
        &self,
        incoming: &Arc<Incoming>,
        parts: Parts,
        body: &Bytes,
        wants: accept::AcceptedTypes,
    ) -> Response {
        // rmcp takes a byte order mark for a part of the message.
        let body = &body.slice_ref(rpc::without_mark(body));
        match rpc::text(body).and_then(rpc::read) {
            Ok(Input::One(seen)) if !wants.json && !wants.events => {
                let text = "Accept must allow `application/json`, `text/event-stream` or both";
                answer::refusal(StatusCode::NOT_ACCEPTABLE, &Refused::invalid(seen.id, text))
            }
            Ok(Input::One(seen)) => {
                let response = self.one(incoming, parts, body, &seen).await;
                match wants.events {
                    true => response,
                    false => answer::without_events(response, seen.id.as_ref()).await,
                }
            }
            Ok(Input::Batch(messages)) => {
                let has_batches = self.sessions.version(&parts.headers) == Some(ProtocolVersion::V_2025_03_26);
                match has_batches {
                    true => self.batch(incoming, &parts, messages).await,
                    false => answer::refusal(StatusCode::BAD_REQUEST, &rpc::no_batch()),
                }
            }
            Err(refused) => answer::refusal(answer::status_of(&refused), &refused),
        }
    }

    /// Serves the messages of a batch one after the other; their answers come together.
    async fn batch(&self, incoming: &Arc<Incoming>, parts: &Parts, messages: Vec<&RawValue>) -> Response {
        if messages.is_empty() || messages.len() > MAX_BATCH {
            return answer::refusal(StatusCode::BAD_REQUEST, &rpc::wrong_batch());
        }
        let mut answers = batch::Answers::default();
        for message in messages {
            let response = match batch::message(message.get()) {
                Ok(seen) => {
                    let body = Bytes::copy_from_slice(message.get().as_bytes());
                    self.one(incoming, batch::parts(parts), &body, &seen).await
                }
                Err(refused) => answer::refusal(answer::status_of(&refused), &refused),
            };
            // The session is gone for all of them.
            if response.status() == StatusCode::NOT_FOUND {
                return response;
            }
            answers.add(response);
        }
        answers.into_response()
    }

    /// Serves one message.
    async fn one(&self, incoming: &Arc<Incoming>, mut parts: Parts, body: &Bytes, seen: &MessageHead) -> Response {
        match known_version(&parts.headers) {
            // The answer to `initialize` proposes one that is known; rmcp would refuse the header.
            Err(_) if seen.initialize => {
                parts.headers.remove(HEADER_MCP_PROTOCOL_VERSION);
            }
            // rmcp answers what names its revision itself.
            Err(refused) if seen.version.is_none() => {
                let refused = Refused { id: seen.id.clone(), ..refused };
                return answer::refusal(StatusCode::BAD_REQUEST, &refused);
            }
            _ => {}
        }
        if seen.needs_session && lacks_session(&parts.headers) {
            let error = ErrorData::invalid_request(NO_SESSION, None);
            return answer::refusal(StatusCode::BAD_REQUEST, &Refused::new(seen.id.clone(), error));
        }
        // JSON values round numbers that a tool may want digit by digit.
        if let Some(exact) = std::str::from_utf8(body).ok().and_then(ExactNumbers::of) {
            parts.extensions.insert(Arc::new(exact));
        }
        self.pass(incoming, Request::from_parts(parts, Body::from(body.clone())), seen.id.as_ref()).await
    }

    /// Lets rmcp answer.
    async fn pass(&self, incoming: &Arc<Incoming>, mut request: Request, id: Option<&RequestId>) -> Response {
        request.extensions_mut().insert(incoming.clone());
        let response = INCOMING.scope(incoming.clone(), self.mcp.handle(request)).await.map(Body::new);
        if let Some(limit) = incoming.refused_session() {
            return Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "limited",
                "all sessions are in use; try again later",
            )
            .limit("sessions", limit.to_string())
            .retry(Duration::from_secs(5))
            .request(&incoming.request_id)
            .into_response();
        }
        if let Some(status) = incoming.refused_resume() {
            let text = "nothing is left to resume here; send the request again";
            let error = ErrorData::invalid_request(text, None);
            return answer::refusal(status, &Refused::new(None, error));
        }
        answer::in_json(response, id).await
    }

    /// Ends a session. Clients take 200, 204 and 404 for an answer, and report rmcp's 202 as a failure.
    async fn end(&self, incoming: &Arc<Incoming>, request: Request) -> Response {
        let mut response = self.pass(incoming, request, None).await;
        if response.status() == StatusCode::ACCEPTED {
            *response.status_mut() = StatusCode::NO_CONTENT;
            *response.body_mut() = Body::empty();
        }
        response
    }
}

/// How a body is encoded beyond its type.
fn content_coding(headers: &HeaderMap) -> Option<String> {
    let coding = headers.get(header::CONTENT_ENCODING)?;
    let coding = String::from_utf8_lossy(coding.as_bytes());
    (!coding.trim().is_empty() && !coding.trim().eq_ignore_ascii_case("identity"))
        .then(|| shown(coding.trim(), MAX_CODING).into_owned())
}

/// Whether a request that needs a session names none. What names the newest revision in its header alone is told more by rmcp.
fn lacks_session(headers: &HeaderMap) -> bool {
    let newest = ProtocolVersion::V_2026_07_28;
    let is_newest = |version: &http::HeaderValue| version.as_bytes() == newest.as_str().as_bytes();
    !headers.contains_key(HEADER_SESSION_ID) && !headers.get(HEADER_MCP_PROTOCOL_VERSION).is_some_and(is_newest)
}

/// Refuses a revision in the header that nobody here speaks.
fn known_version(headers: &HeaderMap) -> Result<(), Refused> {
    let Some(value) = headers.get(HEADER_MCP_PROTOCOL_VERSION) else { return Ok(()) };
    if VERSIONS.iter().any(|version| version.as_str().as_bytes() == value.as_bytes()) {
        return Ok(());
    }
    let supported: Vec<_> = VERSIONS.iter().map(ProtocolVersion::as_str).collect();
    let text = format!("unsupported MCP-Protocol-Version; this server has {}", supported.join(", "));
    let requested = String::from_utf8_lossy(value.as_bytes());
    let data = serde_json::json!({"requested": requested, "supported": supported});
    let error = ErrorData::new(rmcp::model::ErrorCode::UNSUPPORTED_PROTOCOL_VERSION, text, Some(data));
    Err(Refused::new(None, error))
}
