//! Bodies of requests, whole and of at most so many bytes.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;

/// Bytes of a body that is too long which are still taken, and thrown away: many clients read no answer before they have
/// sent everything.
const DRAINED: usize = 64 << 20;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is longer than {0} bytes; send less, or raise `server.max-body`")]
    TooLong(usize),
    #[error("the body is incomplete: {0}")]
    Broken(axum::Error),
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn whole(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut too_long = announced.is_some_and(|length| length > limit);
    // Who waits to be told to go on has sent nothing yet.
    if too_long && headers.contains_key(header::EXPECT) {
        return Err(BodyError::TooLong(limit));
    }
    let (mut whole, mut seen) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(BodyError::Broken)?;
        let Some(data) = frame.data_ref() else { continue };
        seen = seen.saturating_add(data.len());
        too_long |= seen > limit;
        match too_long {
            false => whole.extend_from_slice(data),
            true if seen > DRAINED => break,
            true => whole = Vec::new(),
        }
    }
    match too_long {
        true => Err(BodyError::TooLong(limit)),
        false => Ok(whole.into()),
    }
}

/// Whether a request says that its body is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split_once(';').map_or(kind, |(essence, _)| essence);
    essence.trim().eq_ignore_ascii_case("application/json")
}
