//! Large answers in pieces, with others served in between.

use axum::response::Response;

use super::concern::Concern;
use crate::pieces;

#[derive(Clone)]
pub(crate) struct Pieces;

impl Concern for Pieces {
    type Context = ();

    fn after((): (), response: Response) -> Response {
        response.map(pieces::written)
    }
}
