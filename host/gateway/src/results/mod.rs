//! Result handles: a tool's result that is too large for a message is kept, and its client gets a preview and a link.
//!
//! **Promises.** Nothing of a result is lost: what its client does not get at once is kept as it was, under the content id of
//! its bytes, or comes whole where it cannot be kept. A handle says what the result is, how large, how it begins and until
//! when it is there. Only callers of its tenant who may use its tool find it; for all others it is what never was.
//!
//! A result of a tool that lists an output schema fits that schema or is a handle, and the listed schema says so
//! ([`listed_schema`]): a client that checks results takes both.
//!
//! **Bounds.** What one message has of a result ([`Results`]'s limit, or the client's own in `_meta`), the preview, and what
//! each of the tools answers (`limits.rs`). What is kept is bounded by [`tandem_store::ResultBounds`]. The tools read at most
//! one result, on the threads for such work; a search ends after a time.
//!
//! **Refuses.** References in arguments to what is not there, and to more than arguments may have.

mod argument;
mod budget;
mod failure;
mod grep;
mod handle;
mod keep;
mod limits;
mod policy;
mod preview;
mod query;
mod read;
mod reference;
mod schema;
mod shared;
#[cfg(test)]
mod testing;

pub(crate) use budget::{INLINE_LIMIT, budget};
pub(crate) use failure::failed;
pub(crate) use grep::{Grep, grep};
pub(crate) use handle::{link_id, uri};
pub(crate) use limits::{
    DEFAULT_MATCHES, DEFAULT_READ, MAX_CONTEXT, MAX_LINES, MAX_MATCHES, MAX_PATTERN, MAX_READ, MIN_INLINE,
};
pub(crate) use policy::ResultPolicy;
pub(crate) use query::{QUERY_CATEGORY, QUERY_TOOL, Query};
pub(crate) use read::{Read, read};
pub(crate) use schema::listed_schema;
pub(crate) use shared::Results;
