//! Large bodies in pieces, with others served in between.
//!
//! A connection's buffer holds up to 400 KB, and an answer is there as a whole: what looks at each byte of a request, and the
//! system's copy of an answer to its socket, would hold a thread that serves for milliseconds.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// Bytes that are read between two pauses: some ten microseconds of work.
const READ: usize = 16 << 10;
/// Bytes that are written: the system's copy is faster, and each costs a call of it.
const WRITTEN: usize = 64 << 10;

/// The body of a request in pieces.
pub(crate) fn read<B>(body: B) -> Pieces<B> {
    Pieces { body, size: READ, rest: None, pause: false }
}

/// The body of a response in pieces; as it is, where it is known to be no larger than one.
pub(crate) fn written(body: Body) -> Body {
    match body.size_hint().upper() {
        Some(bytes) if bytes <= WRITTEN as u64 => body,
        _ => Body::new(Pieces { body, size: WRITTEN, rest: None, pause: false }),
    }
}

pub(crate) struct Pieces<B> {
    body: B,
    size: usize,
    /// What came and was not passed on yet.
    rest: Option<Bytes>,
    /// Whether others are served first.
    pause: bool,
}

impl<B: HttpBody<Data = Bytes, Error = axum::Error> + Unpin> HttpBody for Pieces<B> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if std::mem::take(&mut self.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut data = match self.rest.take() {
            Some(rest) => rest,
            None => match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            },
        };
        if data.len() > self.size {
            self.rest = Some(data.split_off(self.size));
            self.pause = true;
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.as_ref().map_or(0, Bytes::len) as u64;
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};

    use super::*;

    #[test]
    fn a_large_body_comes_whole_and_lets_others_go_first() {
        let bytes: Vec<u8> = (0..=255).cycle().take(5 * READ + 7).collect();
        let body = read(Body::from(bytes.clone()));
        assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
        let mut stream = Body::new(body).into_data_stream();
        let (mut whole, mut pauses) = (Vec::new(), 0);
        loop {
            match stream.next().now_or_never() {
                None => pauses += 1,
                Some(None) => break,
                Some(Some(piece)) => {
                    let piece = piece.unwrap();
                    assert!(piece.len() <= READ);
                    whole.extend_from_slice(&piece);
                }
            }
        }
        assert!(whole == bytes && pauses == 5, "{pauses} pauses, {} bytes", whole.len());
    }
}
