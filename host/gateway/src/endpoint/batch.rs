//! Batches, which MCP 2025-03-26 alone has: each message is served by itself, and all answers come on one stream.

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{StatusCode, header, request::Parts};

use super::answer;
use crate::rpc::{self, MessageHead, Refused};

type Events = stream::BoxStream<'static, Result<Bytes, axum::Error>>;

/// The answers so far.
#[derive(Default)]
pub(super) struct Answers(Vec<Events>);

impl Answers {
    /// Adds the answer of one message; a notification has none.
    pub(super) fn add(&mut self, response: Response) {
        if response.status() != StatusCode::ACCEPTED {
            self.0.push(events(response));
        }
    }
}

impl IntoResponse for Answers {
    fn into_response(self) -> Response {
        if self.0.is_empty() {
            return StatusCode::ACCEPTED.into_response();
        }
        let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
        (headers, Body::from_stream(stream::select_all(self.0))).into_response()
    }
}

/// Looks at one message of a batch.
pub(super) fn message(text: &str) -> Result<MessageHead, Refused> {
    let seen = rpc::message(text)?;
    match seen.initialize {
        true => Err(Refused::invalid(seen.id, "`initialize` must not be part of a batch")),
        false => Ok(seen),
    }
}

/// The head of the request for one message of its batch.
pub(super) fn parts(of: &Parts) -> Parts {
    let mut request = Request::new(());
    *request.method_mut() = of.method.clone();
    *request.uri_mut() = of.uri.clone();
    *request.headers_mut() = of.headers.clone();
    request.headers_mut().remove(header::CONTENT_LENGTH);
    *request.extensions_mut() = of.extensions.clone();
    request.into_parts().0
}

/// An answer as events: a stream as it is, a message as one event.
fn events(response: Response) -> Events {
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
