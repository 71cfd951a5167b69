//! Who a request comes from: the guard of `Host` and `Origin` first, then credentials.
//!
//! What passes has an [`Incoming`] among its extensions. A browser that asks for the page gets a form in the place of a refusal.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures::future::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    access::let_in,
    incoming::{ConnectionInfo, Endpoint, Incoming, traceparent_of},
    login,
    state::AppState,
};

#[derive(Clone)]
pub(crate) struct Authenticate(pub(super) Arc<AppState>);

impl<S> Layer<S> for Authenticate {
    type Service = AuthenticateService<S>;

    fn layer(&self, inner: S) -> AuthenticateService<S> {
        AuthenticateService { state: self.0.clone(), inner }
    }
}

/// A service that is reached by authenticated requests only.
#[derive(Clone)]
pub(crate) struct AuthenticateService<S> {
    state: Arc<AppState>,
    inner: S,
}

impl<S> Service<Request> for AuthenticateService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // The one that is ready serves.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let state = self.state.clone();
        Box::pin(async move {
            match authenticated(&state, &mut request).await {
                Ok(incoming) => {
                    request.extensions_mut().insert(Arc::new(incoming));
                    inner.call(request).await
                }
                Err(response) => Ok(*response),
            }
        })
    }
}

async fn authenticated(state: &AppState, request: &mut Request) -> Result<Incoming, Box<Response>> {
    login::take_cookie(request);
    let address = request.extensions().get::<ConnectionInfo>().map(|connection| connection.address);
    match let_in(state, request.uri(), request.headers(), address).await {
        Ok(caller) => {
            let traceparent = traceparent_of(request.headers());
            Ok(Incoming::new(caller, Endpoint::from(&state.config.exposure), traceparent).at_address(address))
        }
        Err(problem) if login::is_for_people(request) => {
            let signed_in = request.extensions().get::<login::SignedIn>().is_some();
            Err(Box::new(login::instead_of(problem.into_response(), signed_in)))
        }
        Err(problem) => Err(Box::new(problem.into_response())),
    }
}
