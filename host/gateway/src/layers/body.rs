//! The time that a request's body has to arrive, and the memory of its tenant that it may take until the answer is on its way.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};

use super::concern::Concern;
use crate::{
    holding::Holding,
    incoming::Incoming,
    intake::{self, Charge},
    problem::Problem,
    slow::{self, Late},
    state::AppState,
};

#[derive(Clone)]
pub(crate) struct BodyBudget(pub(super) Arc<AppState>);

/// What is known of a body when its request is answered.
pub(crate) struct Budget {
    incoming: Arc<Incoming>,
    limit: Duration,
    late: Late,
    charge: Charge,
}

impl Concern for BodyBudget {
    /// None where there is no body, or no caller to charge.
    type Context = Option<Budget>;

    fn before(&self, request: &mut Request) -> Result<Self::Context, Box<Response>> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        let Some(incoming) = request.extensions().get::<Arc<Incoming>>().cloned() else { return Ok(None) };
        let (limit, reserve) = (self.0.config.body_timeout, self.0.router.reserve(&incoming.caller));
        let (body, late) = slow::timed(std::mem::take(request.body_mut()), limit);
        let (body, charge) = intake::charged(body, reserve);
        *request.body_mut() = Body::new(body);
        Ok(Some(Budget { incoming, limit, late, charge }))
    }

    fn after(context: Self::Context, mut response: Response) -> Response {
        let Some(Budget { incoming, limit, late, charge }) = context else { return response };
        let refused = charge.refused().map(|error| Problem::from(&error));
        if let Some(problem) = refused.or_else(|| late.problem(limit)) {
            response = problem.request(&incoming.request_id).into_response();
            // The rest of the body may still come, and is not worth waiting for.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.map(|body| Body::new(Holding::new(body, charge)))
    }
}
