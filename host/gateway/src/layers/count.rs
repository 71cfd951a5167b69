//! Counts answers by status.

use axum::response::Response;

use super::concern::Concern;
use crate::metrics;

#[derive(Clone)]
pub(crate) struct Count;

impl Concern for Count {
    type Context = ();

    fn after((): (), response: Response) -> Response {
        metrics::count(response.status());
        response
    }
}
