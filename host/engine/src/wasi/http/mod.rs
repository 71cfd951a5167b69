//! Outgoing HTTP under the allow-list.
//!
//! **Promises.** A request goes out only when a granted rule allows its method, host, port and path at that moment. The
//! host resolves the name, refuses every address that is not public unless the rule names its network, and connects to
//! the very address that it checked. No redirect is followed by the host: a guest that follows one makes a new request,
//! which is checked anew. A secret takes its placeholder's place only towards its own hosts, and only over TLS or towards a
//! network that a rule names; answers come without it.
//!
//! Connections are kept for the next request to the same address by the same plugin for the same tenant ([`Pool`]), for which
//! all of this is checked anew.
//!
//! **Bounds.** Connecting, the first byte, what comes before an answer's head, the pause between bytes, the answer's size,
//! requests at a time, and the tenant's bytes on the sockets, both ways ([`Account::egress`](crate::Account::egress)).

mod body;
mod connect;
mod fixtures;
mod gate;
mod placeholders;
mod pool;
mod redact;
mod send;
mod target;
mod wire;

pub(crate) use self::{connect::connector, gate::HttpGate, pool::Pool};
