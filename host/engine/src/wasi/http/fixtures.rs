//! Answers in the place of the network, for tests of plugins.
//!
//! They come after the gate: a request that no grant allows is refused before anybody is asked for its answer, and secrets have
//! taken their placeholders' places. Nothing that a manifest or a configuration says sets them.

use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::ports::{HttpFixtures, UnmatchedRequest};

/// Bytes of a request's body that are read for its answer. A test's request is compared, not stored.
const MAX_BODY: usize = 16 << 20;

/// The recorded answer to a request that passed the gate.
pub(super) async fn answer(
    recorded: Arc<dyn HttpFixtures>,
    tenant: Arc<str>,
    request: http::Request<WasiBody>,
) -> Result<http::Response<WasiBody>, Error> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|error| Error::InternalError(Some(error.to_string())))?.to_bytes();
    match recorded.answer(&tenant, http::Request::from_parts(head, body)) {
        Ok(response) => Ok(response.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())),
        Err(UnmatchedRequest::Refused) => Err(Error::ConnectionRefused),
        Err(UnmatchedRequest::Timeout) => Err(Error::HttpResponseTimeout),
        Err(UnmatchedRequest::Closed) => Err(Error::ConnectionTerminated),
        Err(UnmatchedRequest::Unknown(text)) => Err(Error::InternalError(Some(text))),
    }
}
