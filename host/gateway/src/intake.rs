//! Bodies of requests, charged to their tenants while they come: for their bytes, and for what they will be parsed to.
//!
//! A body is looked at byte by byte, and comes in pieces therefore.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use memchr::memchr2;
use tandem_router::{CallError, Reserve};

use crate::pieces::{self, Pieces};

/// Bytes that are held for each byte of a body: itself, the texts in it, the arguments as a text again, the guest's copy.
const BYTE: u64 = 4;
/// Bytes that a value takes for each token which begins one or divides two: an object's table and first entries, a list's first
/// elements, the next one, and the name of a member. Lists grow by doubling.
const OBJECT: u64 = 512;
const LIST: u64 = 320;
const NEXT: u64 = 144;
const NAME: u64 = 64;

/// What a body is estimated to take, without parsing it.
#[derive(Debug, Default)]
struct Estimate {
    in_text: bool,
    escaped: bool,
}

impl Estimate {
    /// What these next bytes add.
    fn of(&mut self, bytes: &[u8]) -> u64 {
        let mut size = BYTE * bytes.len() as u64;
        let mut rest = bytes;
        if std::mem::take(&mut self.escaped) {
            rest = rest.get(1..).unwrap_or_default();
        }
        while !rest.is_empty() {
            if self.in_text {
                let Some(at) = memchr2(b'"', b'\\', rest) else { break };
                let quote = rest.get(at) == Some(&b'"');
                self.in_text = !quote;
                let next = if quote { at + 1 } else { at + 2 };
                self.escaped = next > rest.len();
                rest = rest.get(next..).unwrap_or_default();
                continue;
            }
            let text = rest.iter().position(|byte| {
                size += match byte {
                    b'{' => OBJECT,
                    b'[' => LIST,
                    b',' => NEXT,
                    b':' => NAME,
                    _ => 0,
                };
                *byte == b'"'
            });
            let Some(begin) = text else { break };
            self.in_text = true;
            rest = rest.get(begin + 1..).unwrap_or_default();
        }
        size
    }
}

/// What a request holds until its answer ends or is dropped, since the arguments live as long as the call; and why it may hold
/// no more.
#[derive(Clone, Debug)]
pub(crate) struct Charge(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    reserve: Reserve,
    refused: Option<CallError>,
}

impl Charge {
    /// The answer in place of whatever was made of half a body.
    pub(crate) fn refused(&self) -> Option<CallError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }

    fn grow(&self, bytes: u64) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.refused = state.reserve.grow(bytes).err();
        state.refused.is_none()
    }
}

/// Charges for a body while it is read.
pub(crate) fn charged<B>(body: B, reserve: Reserve) -> (Charged<B>, Charge) {
    let charge = Charge(Arc::new(Mutex::new(State { reserve, refused: None })));
    (Charged { body: pieces::read(body), charge: charge.clone(), estimate: Estimate::default() }, charge)
}

pub(crate) struct Charged<B> {
    body: Pieces<B>,
    charge: Charge,
    estimate: Estimate,
}

impl<B: HttpBody<Data = Bytes, Error = axum::Error> + Unpin> HttpBody for Charged<B> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        let Charged { charge, estimate, .. } = &mut *self;
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && !charge.grow(estimate.of(data))
        {
            return Poll::Ready(Some(Err(axum::Error::new("the tenant's requests hold too much memory"))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(text: &str) -> u64 {
        Estimate::default().of(text.as_bytes())
    }

    #[test]
    fn small_objects_count_for_what_they_become_and_texts_for_themselves() {
        assert!(estimate(r#"{"":0},"#) > 100 * 7 - 50);
        assert_eq!(estimate(r#""a,{[:\",:""#), BYTE * 11, "what stands in a text is no token");
        assert!(estimate(&format!("\"{}\"", "x".repeat(1000))) < 5000);
    }

    #[test]
    fn pieces_count_as_the_whole() {
        let text = r#"{"a\\": ["\"", {"b": "\\\""}], "c": 1}"#;
        for split in 0..text.len() {
            let (first, second) = text.as_bytes().split_at(split);
            let mut parts = Estimate::default();
            assert_eq!(parts.of(first) + parts.of(second), estimate(text), "{split}");
        }
    }
}
