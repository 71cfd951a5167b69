//! A layer that does something with a request before it is served, and with its response after, and waits for nothing.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{extract::Request, response::Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// One concern.
pub(crate) trait Concern: Clone {
    /// What goes from the request to its response.
    type Context: Default;

    /// Looks at a request. A response refuses it: the services below do not see it.
    fn before(&self, _request: &mut Request) -> Result<Self::Context, Box<Response>> {
        Ok(Self::Context::default())
    }

    /// Looks at the response from below.
    fn after(_context: Self::Context, response: Response) -> Response {
        response
    }
}

/// The layer of a concern.
#[derive(Clone)]
pub(crate) struct ConcernLayer<C>(pub(super) C);

impl<C: Clone, S> Layer<S> for ConcernLayer<C> {
    type Service = ConcernService<C, S>;

    fn layer(&self, inner: S) -> ConcernService<C, S> {
        ConcernService { concern: self.0.clone(), inner }
    }
}

/// A service with a concern before it.
#[derive(Clone)]
pub(crate) struct ConcernService<C, S> {
    concern: C,
    inner: S,
}

impl<C, S> Service<Request> for ConcernService<C, S>
where
    C: Concern,
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ConcernFuture<C, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match self.concern.before(&mut request) {
            Ok(context) => ConcernFuture::Inner { inner: self.inner.call(request), context: Some(context) },
            Err(response) => ConcernFuture::Refused { response: Some(response) },
        }
    }
}

pin_project! {
    /// A request that is served.
    #[project = Projected]
    pub(crate) enum ConcernFuture<C, F>
    where
        C: Concern,
    {
        Inner {
            #[pin]
            inner: F,
            context: Option<C::Context>,
        },
        Refused { response: Option<Box<Response>> },
    }
}

impl<C, F, E> Future for ConcernFuture<C, F>
where
    C: Concern,
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Inner { inner, context } => {
                let response = ready!(inner.poll(cx))?;
                Poll::Ready(Ok(match context.take() {
                    Some(context) => C::after(context, response),
                    None => response,
                }))
            }
            Projected::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(*response)),
                // Polled again after its end, which nothing does.
                None => Poll::Pending,
            },
        }
    }
}
