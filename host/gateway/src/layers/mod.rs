//! What every HTTP request passes: one concern a layer, in one order.
//!
//! **Promises.** The order is that of the two lists in [`stack`], from the outside in; a layer that refuses is not reached by those below
//! it, and every layer above it sees the refusal as it sees an answer. So:
//!
//! - a malformed request is refused before anybody reads its headers for anything else;
//! - a preflight, which never carries credentials, is answered before they are asked for;
//! - a request under another host's name, or from another site's page, is refused before its credentials are looked at;
//! - who may not call learns nothing about whether the host is ready;
//! - a request counts as in flight from before authentication until the last byte of its answer.
//!
//! **Costs.** A [`concern::Concern`] adds no allocation of its own: a stack is one type, whatever service is below it. Authentication waits, so
//! its future is boxed.

mod authenticate;
mod body;
mod concern;
mod cors;
mod count;
mod drain;
mod operator;
mod pieces;
mod ready;
mod request_id;
mod revoked;
mod stack;
mod strict;

pub(crate) use self::{
    operator::operator,
    stack::{Guarded, Outer, guarded, outer},
};
