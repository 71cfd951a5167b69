//! What reads or writes large messages within one poll, polled apart from the threads that serve.
//!
//! **Promises.** rmcp reads a request, and writes an answer, as a whole and on the thread that polls it: for one of 4 MB some ten
//! milliseconds in which nobody else is served. Once a request is marked as large ([`Incoming::note_bytes`]), each poll of what
//! answers it is work of the router's, bounded and charged to the tenant like all such work. It stays within the runtime that
//! serves: what it spawns is served there as ever.
//!
//! **Bounds.** Those of [`Router::answer_on`]. **Refuses** what finds no room there.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use axum::{
    body::{Body, HttpBody},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::{future::BoxFuture, task::AtomicWaker};
use hyper::body::{Frame, SizeHint};
use tandem_router::{CallError, Router};
use tokio::runtime::Handle;

use crate::{incoming::Incoming, problem::Problem};

/// What is polled.
trait Step: Send + 'static {
    type Output: Send + 'static;

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

impl Step for BoxFuture<'static, Response> {
    type Output = Response;

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Response> {
        self.as_mut().poll(cx)
    }
}

impl Step for Body {
    type Output = Option<Result<Frame<Bytes>, axum::Error>>;

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self).poll_frame(cx)
    }
}

/// Wakes who polls, and remembers it: what was polled elsewhere is polled again only where something has happened.
#[derive(Default)]
struct Signal {
    rung: AtomicBool,
    outer: AtomicWaker,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.outer.wake();
    }
}

type Polled<T> = Result<(T, Poll<<T as Step>::Output>), CallError>;

enum State<T: Step> {
    Here(T),
    There(BoxFuture<'static, Polled<T>>),
    Ended,
}

struct Apart<T: Step> {
    state: State<T>,
    /// None as long as it was always polled where it is.
    signal: Option<Arc<Signal>>,
    router: Router,
    incoming: Arc<Incoming>,
}

impl<T: Step> Apart<T> {
    fn new(step: T, router: &Router, incoming: &Arc<Incoming>) -> Self {
        Self { state: State::Here(step), signal: None, router: router.clone(), incoming: incoming.clone() }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T::Output, CallError>> {
        if let Some(signal) = &self.signal {
            signal.outer.register(cx.waker());
        }
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Pending,
                State::Here(mut step) if !self.incoming.is_large() => {
                    let polled = step.step(cx);
                    self.state = State::Here(step);
                    return polled.map(Ok);
                }
                State::Here(step) => match self.rung(cx) {
                    None => {
                        self.state = State::Here(step);
                        return Poll::Pending;
                    }
                    Some(signal) => self.state = State::There(self.send(step, signal.into())),
                },
                State::There(mut polled) => match polled.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.state = State::There(polled);
                        return Poll::Pending;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok((step, polled))) => {
                        self.state = State::Here(step);
                        if let Poll::Ready(output) = polled {
                            // It may have more to say.
                            self.ring();
                            return Poll::Ready(Ok(output));
                        }
                    }
                },
            }
        }
    }

    /// What wakes this one, if it was woken since it was last asked; so it is for the first time.
    fn rung(&mut self, cx: &Context<'_>) -> Option<Arc<Signal>> {
        let Some(signal) = &self.signal else {
            let signal = Arc::new(Signal::default());
            signal.outer.register(cx.waker());
            self.signal = Some(signal.clone());
            return Some(signal);
        };
        signal.rung.swap(false, Ordering::AcqRel).then(|| signal.clone())
    }

    fn ring(&self) {
        if let Some(signal) = &self.signal {
            signal.rung.store(true, Ordering::Release);
        }
    }

    /// Has it polled by the work threads.
    fn send(&self, mut step: T, waker: Waker) -> BoxFuture<'static, Polled<T>> {
        let (router, incoming) = (self.router.clone(), self.incoming.clone());
        let (serves, span) = (Handle::current(), tracing::Span::current());
        Box::pin(async move {
            let poll = move || {
                let _serves = serves.enter();
                let polled = span.in_scope(|| step.step(&mut Context::from_waker(&waker)));
                (step, polled)
            };
            router.answer_on(&incoming.caller, usize::MAX, poll).await
        })
    }
}

impl Future for Apart<BoxFuture<'static, Response>> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let answered = std::task::ready!(Apart::poll(&mut self, cx));
        Poll::Ready(
            answered.unwrap_or_else(|error| Problem::from(&error).request(&self.incoming.request_id).into_response()),
        )
    }
}

impl HttpBody for Apart<Body> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = std::task::ready!(Apart::poll(&mut self, cx));
        Poll::Ready(polled.unwrap_or_else(|error| Some(Err(axum::Error::new(error)))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.state, State::Here(body) if body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Here(body) => body.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

/// The response to a request, made apart from the threads that serve as long as the request is marked as large.
pub(crate) fn answer(
    router: &Router,
    incoming: &Arc<Incoming>,
    answer: impl Future<Output = Response> + Send + 'static,
) -> impl Future<Output = Response> + Send {
    let answer: BoxFuture<'static, Response> = Box::pin(answer);
    Apart::new(answer, router, incoming)
}

/// The body of a response whose pieces are made when they are asked for.
pub(crate) fn body(router: &Router, incoming: &Arc<Incoming>, body: Body) -> Body {
    Body::new(Apart::new(body, router, incoming))
}
