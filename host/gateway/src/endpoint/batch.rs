//! Batches, which MCP 2025-03-26 alone has: each message is served by itself, and all answers come on one stream.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{StatusCode, header, request::Parts};
use serde_json::value::RawValue;

use super::{Edge, answer};
use crate::{
    incoming::Incoming,
    rpc::{self, MAX_BATCH, Refused},
};

pub(super) async fn serve(edge: &Edge, incoming: &Arc<Incoming>, parts: &Parts, messages: Vec<&RawValue>) -> Response {
    if messages.is_empty() || messages.len() > MAX_BATCH {
        return answer::refusal(StatusCode::BAD_REQUEST, &rpc::wrong_batch());
    }
    let mut bodies = Vec::new();
    for message in messages {
        let response = one(edge, incoming, parts, message.get()).await;
        match response.status() {
            StatusCode::ACCEPTED => {}
            // The session is gone for all of them.
            StatusCode::NOT_FOUND => return response,
            _ => bodies.push(events(response)),
        }
    }
    if bodies.is_empty() {
        return StatusCode::ACCEPTED.into_response();
    }
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(stream::select_all(bodies))).into_response()
}

async fn one(edge: &Edge, incoming: &Arc<Incoming>, parts: &Parts, text: &str) -> Response {
    let seen = rpc::message(text).and_then(|seen| match seen.initialize {
        true => Err(Refused::invalid(seen.id, "`initialize` must not be part of a batch")),
        false => Ok(seen),
    });
    match seen {
        Ok(seen) => {
            let body = Bytes::copy_from_slice(text.as_bytes());
            edge.one(incoming, copy(parts), &body, &seen).await
        }
        Err(refused) => answer::refusal(answer::status_of(&refused), &refused),
    }
}

fn copy(parts: &Parts) -> Parts {
    let mut request = Request::new(());
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.headers_mut() = parts.headers.clone();
    request.headers_mut().remove(header::CONTENT_LENGTH);
    *request.extensions_mut() = parts.extensions.clone();
    request.into_parts().0
}

/// An answer as events: a stream as it is, a message as one event.
fn events(response: Response) -> stream::BoxStream<'static, Result<Bytes, axum::Error>> {
    let is_stream = answer::is(response.headers(), "text/event-stream");
    let body = response.into_body().into_data_stream();
    if is_stream {
        return body.boxed();
    }
    let begin = stream::once(async { Ok(Bytes::from_static(b"data: ")) });
    let end = stream::once(async { Ok(Bytes::from_static(b"\n\n")) });
    let whole = begin.chain(body).chain(end);
    // In one piece, so that no other stream gets between.
    stream::once(async move {
        let pieces: Vec<_> = whole.collect().await;
        let pieces = pieces.into_iter().collect::<Result<Vec<Bytes>, _>>()?;
        Ok(Bytes::from(pieces.concat()))
    })
    .boxed()
}
