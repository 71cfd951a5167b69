//! Bodies that take too long: a request's, because its sender is slow, and an answer's, because its reader's rights ran
//! out while it was open.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode};
use hyper::body::{Frame, SizeHint};
use tandem_types::Caller;
use tokio::time::Sleep;

use crate::{auth::AuthError, problem::Problem, state::AppState};

/// Whether a body was cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Late(Arc<AtomicBool>);

impl Late {
    /// The answer in place of whatever was made of half a body.
    pub(crate) fn problem(&self, limit: Duration) -> Option<Problem> {
        self.0.load(Ordering::Relaxed).then(|| {
            let detail = "the request's body did not come in time; send it faster, or send less";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "limited", detail)
                .limit("body-timeout", format!("{} ms", limit.as_millis()))
        })
    }
}

/// Gives a body so long to arrive, in all: a pause between two bytes says nothing about one who sends a byte at a time.
pub(crate) fn timed<B>(body: B, limit: Duration) -> (Timed<B>, Late) {
    let late = Late::default();
    (Timed { body, limit, deadline: None, late: late.clone() }, late)
}

pub(crate) struct Timed<B> {
    body: B,
    limit: Duration,
    /// Begins when the body is first waited for: most come with their heads.
    deadline: Option<Pin<Box<Sleep>>>,
    late: Late,
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Timed<B>
where
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // What is there is taken; only who waits can be late.
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        let limit = self.limit;
        match self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit))).as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.late.0.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(axum::Error::new("the body did not come in time"))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Ends a stream of events soon after its reader would not be let in any more, or not with the same rights: a stream may
/// stay open for days, and a key that is taken away must not feed one for as long.
pub(crate) fn until_revoked(body: Body, shared: Arc<AppState>, headers: HeaderMap, caller: Caller) -> Body {
    let revoked = async move {
        loop {
            tokio::time::sleep(shared.config.recheck).await;
            match shared.auth.authenticate(&headers).await {
                Ok(now) if now == caller => {}
                // An issuer that does not answer proves nothing.
                Err(AuthError::Unavailable { .. }) => {}
                _ => return,
            }
        }
    };
    Body::from_stream(body.into_data_stream().take_until(Box::pin(revoked)))
}
