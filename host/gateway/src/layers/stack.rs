//! The order of the layers, from the outside in.

use std::sync::Arc;

use super::{
    authenticate::Authenticate, body::BodyBudget, concern::ConcernLayer, cors::Cors, count::Count, drain::Drain,
    pieces::Pieces, ready::Ready, request_id::RequestId, revoked::UntilRevoked, strict::Strict,
};
use crate::state::AppState;

/// See [`outer`].
pub(crate) type Outer = (ConcernLayer<Count>, ConcernLayer<Strict>, ConcernLayer<Cors>);

/// See [`guarded`].
pub(crate) type Guarded = (
    ConcernLayer<Drain>,
    Authenticate,
    ConcernLayer<Ready>,
    ConcernLayer<RequestId>,
    ConcernLayer<BodyBudget>,
    ConcernLayer<Pieces>,
    ConcernLayer<UntilRevoked>,
);

/// What every request passes, probes and refusals too.
pub(crate) fn outer(state: &Arc<AppState>) -> Outer {
    (
        // Answers by status.
        ConcernLayer(Count),
        // Requests that two servers could read differently.
        ConcernLayer(Strict),
        // Preflights, and what a browser needs with each answer.
        ConcernLayer(Cors(state.clone())),
    )
}

/// What a caller's request passes.
pub(crate) fn guarded(state: &Arc<AppState>) -> Guarded {
    (
        // Shutdown waits for it.
        ConcernLayer(Drain(state.in_flight.clone())),
        // `Host` and `Origin`, then credentials. From here on there is an `Incoming`.
        Authenticate(state.clone()),
        // No call before the plugins are loaded.
        ConcernLayer(Ready(state.router.clone())),
        // The request's id, on every answer.
        ConcernLayer(RequestId),
        // The body's time and its tenant's memory.
        ConcernLayer(BodyBudget(state.clone())),
        // Large answers in pieces.
        ConcernLayer(Pieces),
        // Streams that stay open end with their caller's rights.
        ConcernLayer(UntilRevoked(state.clone())),
    )
}
