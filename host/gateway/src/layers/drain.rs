//! Requests in flight, for which shutdown waits.

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::Response};
use http::Method;

use super::concern::Concern;
use crate::{
    drain::{InFlight, Ticket},
    holding::Holding,
};

/// Counts requests that do something; one that only reads may be asked again.
#[derive(Clone)]
pub(crate) struct Drain(pub(super) Arc<InFlight>);

impl Concern for Drain {
    type Context = Option<Ticket>;

    fn before(&self, request: &mut Request) -> Result<Self::Context, Box<Response>> {
        Ok((*request.method() == Method::POST).then(|| self.0.enter()))
    }

    fn after(ticket: Self::Context, response: Response) -> Response {
        match ticket {
            Some(ticket) => response.map(|body| Body::new(Holding::new(body, ticket))),
            None => response,
        }
    }
}
