//! Counts answers by status.

use axum::{extract::Request, response::Response};

use super::concern::Concern;
use crate::metrics;

#[derive(Clone)]
pub(crate) struct Count;

impl Concern for Count {
    type Context = ();

    fn before(&self, _request: &mut Request) -> Result<(), Box<Response>> {
        Ok(())
    }

    fn after((): (), response: Response) -> Response {
        metrics::count(response.status());
        response
    }
}
