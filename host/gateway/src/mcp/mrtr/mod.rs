//! Calls that wait for their client, for MCP 2026-07-28.
//!
//! That revision has no requests from server to client. A call that asks something is answered `input_required`; the
//! guest stays suspended here, and the client's retry, which brings the answers, resumes it. What is promised:
//!
//! - At most so many calls wait, of one tenant at most half, each for so long; what is over a bound is a typed error
//!   for the guest, and a call that waited too long is stopped.
//! - `requestState` is what a client hands back, so it is untrusted: it is sealed with a key and bound to method, name,
//!   arguments and caller. One that does not open is refused, whatever the reason, with one error.
//! - A state names one round. An older one resumes nothing.
//! - When the suspended guest is gone (time, restart), the call starts anew with all answers so far, if doing so cannot
//!   do anything twice; otherwise the client is told that it is lost.

mod rounds;
mod state;
mod table;

pub(crate) use self::{
    state::{Answers, Binding, CallId, Sealer},
    table::{Suspended, SuspendedCalls},
};
