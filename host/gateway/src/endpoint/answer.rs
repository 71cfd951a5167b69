//! Answers in JSON-RPC, and in the type that a client takes.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use rmcp::model::{ErrorCode, ErrorData, RequestId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::rpc::Refused;

/// As the SDKs of MCP have it.
pub(super) const SESSION_NOT_FOUND: ErrorCode = ErrorCode(-32001);
/// Bytes of a refusal that rmcp wrote: one line.
const MAX_TEXT: usize = 4096;
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The status of what was refused before rmcp saw it. Clients read errors of a request with an id from a 200 alone.
pub(super) fn status_of(refused: &Refused) -> StatusCode {
    match refused.error.code {
        ErrorCode::INVALID_PARAMS => StatusCode::OK,
        _ => StatusCode::BAD_REQUEST,
    }
}

pub(super) fn refusal(status: StatusCode, refused: &Refused) -> Response {
    tracing::debug!(%status, error = %refused.error, "refused a message");
    (status, [(header::CONTENT_TYPE, JSON)], refused.to_json()).into_response()
}

/// The same answer, with a JSON-RPC error in place of a line of text.
pub(super) async fn in_json(response: Response, id: Option<&RequestId>) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is(response.headers(), "application/json") {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = match Limited::new(body, MAX_TEXT).collect().await {
        Ok(text) => String::from_utf8_lossy(&text.to_bytes()).into_owned(),
        Err(_) => status.canonical_reason().unwrap_or("error").to_owned(),
    };
    let code = match status {
        StatusCode::NOT_FOUND => SESSION_NOT_FOUND,
        status if status.is_server_error() => ErrorCode::INTERNAL_ERROR,
        // A message that is none to rmcp, although its parts are as they should be.
        StatusCode::UNSUPPORTED_MEDIA_TYPE if id.is_some() => ErrorCode::INVALID_PARAMS,
        _ => ErrorCode::INVALID_REQUEST,
    };
    let refused = Refused::new(id.cloned(), ErrorData::new(code, text, None));
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, JSON);
    Response::from_parts(parts, Body::from(refused.to_json()))
}

pub(super) fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(kind.as_bytes()))
}

/// The answer to a request, for a client that takes no events: what comes before it is left out.
pub(super) async fn without_events(response: Response, id: Option<&RequestId>) -> Response {
    let Some(id) = id.filter(|_| is(response.headers(), "text/event-stream")) else { return response };
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CACHE_CONTROL);
    parts.headers.insert(header::CONTENT_TYPE, JSON);
    match final_message(body, id).await {
        Some(message) => Response::from_parts(parts, Body::from(message)),
        None => {
            let error = ErrorData::internal_error("the stream ended without an answer", None);
            refusal(StatusCode::INTERNAL_SERVER_ERROR, &Refused::new(Some(id.clone()), error))
        }
    }
}

/// The message of a stream that answers a request.
async fn final_message(body: Body, id: &RequestId) -> Option<String> {
    let mut stream = body.into_data_stream();
    let mut pending = Vec::new();
    while let Some(Ok(piece)) = stream.next().await {
        pending.extend_from_slice(&piece);
        while let Some(end) = pending.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = pending.drain(..end + 2).collect();
            let event = String::from_utf8(event).ok()?;
            let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
            if answers(&data, id) {
                return Some(data.trim().to_owned());
            }
        }
    }
    None
}

fn answers(data: &str, id: &RequestId) -> bool {
    #[derive(Deserialize)]
    struct Answer<'a> {
        id: Option<RequestId>,
        #[serde(borrow)]
        method: Option<&'a RawValue>,
    }
    serde_json::from_str::<Answer<'_>>(data).is_ok_and(|it| it.method.is_none() && it.id.as_ref() == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_answer_is_found_among_the_events() {
        let events = "id: 0\ndata: \n\n: alive\n\ndata: {\"method\":\"m\",\"id\":1}\n\ndata: {\"id\":\"1\",\"result\":1}\n\nid: 1\ndata: {\"id\":1,\"result\":2}\n\n";
        let message = final_message(Body::from(events), &RequestId::Number(1)).await;
        assert_eq!(message.as_deref(), Some("{\"id\":1,\"result\":2}"));
        assert_eq!(final_message(Body::from("data: {}\n\n"), &RequestId::Number(1)).await, None);
    }
}
