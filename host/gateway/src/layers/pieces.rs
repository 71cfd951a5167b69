//! Large answers in pieces, with others served in between.

use axum::{body::Body, extract::Request, response::Response};

use super::concern::Concern;
use crate::pieces;

#[derive(Clone)]
pub(crate) struct Pieces;

impl Concern for Pieces {
    type Context = ();

    fn before(&self, _request: &mut Request) -> Result<(), Box<Response>> {
        Ok(())
    }

    fn after((): (), response: Response) -> Response {
        response.map(|body| Body::new(pieces::written(body)))
    }
}
