//! No call before the plugins are loaded: an empty catalog would answer that a tool is unknown, and clients would believe it.

use std::time::Duration;

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use tandem_router::Router;

use super::concern::Concern;
use crate::problem::Problem;

/// When to try again while plugins are being loaded: compiling takes seconds.
const LOADING: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Ready(pub(super) Router);

impl Concern for Ready {
    type Context = ();

    fn before(&self, request: &mut Request) -> Result<(), Box<Response>> {
        if !needs_catalog(request.uri().path()) || self.0.is_ready() {
            return Ok(());
        }
        let detail = "the host is loading its plugins; try again in a moment";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry(LOADING);
        Err(Box::new(problem.into_response()))
    }
}

fn needs_catalog(path: &str) -> bool {
    let without = path == "/v1/version";
    path.starts_with("/mcp") || (path.starts_with("/v1/") && !without) || path.starts_with("/tools/")
}
