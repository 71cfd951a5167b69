//! Bodies: one with bounds, one that gives its connection back, and one that outlives its request.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    sync::watch,
    time::{Instant, Sleep},
};
use wasmtime_wasi_http::Error;

use super::{pool::Lease, wire::Wire};

/// A body with a bound, and a bound for the pause between two frames.
pub(super) struct Bounded {
    inner: UnsyncBoxBody<Bytes, Error>,
    left: u64,
    max: u64,
    pause: Duration,
    /// Set while nothing comes.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Bounded {
    /// At most `max` bytes, with at most `pause` between two frames.
    pub(super) fn new<B>(inner: B, max: u64, pause: Duration) -> Self
    where
        B: Body<Data = Bytes, Error = Error> + Send + 'static,
    {
        Self { inner: UnsyncBoxBody::new(inner), left: max, max, pause, waiting: None }
    }

    fn charge(&mut self, bytes: u64) -> Result<(), Error> {
        self.left = self.left.checked_sub(bytes).ok_or(Error::HttpResponseBodySize(Some(self.max)))?;
        Ok(())
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => {
                let pause = self.pause;
                let waiting =
                    self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + pause)));
                waiting.as_mut().poll(cx).map(|()| Some(Err(Error::ConnectionReadTimeout)))
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.waiting = None;
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                Poll::Ready(Some(self.charge(bytes).map(|()| frame)))
            }
            done => done,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A request's body that tells when a part of it goes out.
pub(super) struct Watched {
    inner: Bounded,
    went: watch::Sender<()>,
}

impl Watched {
    pub(super) fn new(inner: Bounded, went: watch::Sender<()>) -> Self {
        Self { inner, went }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let next = Pin::new(&mut self.inner).poll_frame(cx);
        if next.is_ready() {
            self.went.send_replace(());
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body, with the connection that it comes over. Read to its end, it gives the connection back; dropped before, it
/// closes it.
pub(super) struct Answer {
    body: Bounded,
    wire: Wire,
    lease: Option<Lease>,
}

impl Answer {
    pub(super) fn new(body: Bounded, wire: Wire, lease: Lease) -> Self {
        let mut answer = Self { body, wire, lease: Some(lease) };
        answer.give_back();
        answer
    }

    fn give_back(&mut self) {
        if self.body.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.give_back();
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let next = Pin::new(&mut self.body).poll_frame(cx);
        match next {
            Poll::Ready(Some(Err(error))) => {
                self.lease = None;
                Poll::Ready(Some(Err(self.wire.explain(error))))
            }
            Poll::Ready(None) => {
                if let Some(lease) = self.lease.take() {
                    lease.give_back();
                }
                Poll::Ready(None)
            }
            next => {
                self.give_back();
                next
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

/// How long what a guest still writes is taken after nobody wants it any more, and how much of it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 << 10;

/// A request's body that goes on to take what the guest writes when the request was refused or answered early. Without it the
/// guest's write would fail first, and hide the answer or the reason: whether it did was a race between two threads.
pub(super) struct Patient(Option<UnsyncBoxBody<Bytes, Error>>);

impl Patient {
    pub(super) fn new(inner: UnsyncBoxBody<Bytes, Error>) -> Self {
        Self(Some(inner))
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(inner) = &mut self.0 else { return Poll::Ready(None) };
        let next = Pin::new(inner).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = next {
            self.0 = None;
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        if let (Some(mut rest), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            let take = async move {
                let mut taken = 0;
                while let Some(Ok(frame)) = rest.frame().await {
                    taken += frame.data_ref().map_or(0, Bytes::len);
                    if taken > LINGER_BYTES {
                        break;
                    }
                }
            };
            runtime.spawn(tokio::time::timeout(LINGER, take));
        }
    }
}
