//! A body whose bytes are counted: against its own bound, and against the tenant's total.

use std::{
    future::Future as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

use crate::account::Account;

pub(super) struct Metered {
    inner: UnsyncBoxBody<Bytes, Error>,
    account: Arc<dyn Account>,
    left: u64,
    max: u64,
    pause: Duration,
    /// Set while nothing comes.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Metered {
    /// At most `max` bytes, with at most `pause` between two frames.
    pub(super) fn new<B>(inner: B, account: Arc<dyn Account>, max: u64, pause: Duration) -> Self
    where
        B: Body<Data = Bytes, Error = Error> + Send + 'static,
    {
        Self { inner: UnsyncBoxBody::new(inner), account, left: max, max, pause, waiting: None }
    }

    fn charge(&mut self, bytes: u64) -> Result<(), Error> {
        self.left = self.left.checked_sub(bytes).ok_or(Error::HttpResponseBodySize(Some(self.max)))?;
        self.account.egress(bytes).map_err(|total| Error::InternalError(Some(total.to_string())))
    }
}

impl Body for Metered {
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
