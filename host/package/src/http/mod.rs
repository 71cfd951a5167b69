//! Which HTTP requests a plugin may send: the one gate.
//!
//! A [`HttpRule`] is an allow-list entry; what no rule allows is denied. The gate compares what the request
//! was parsed to (method, host, port, path), never a URL's text, and denies every spelling that two parsers
//! could read differently: user information, trailing dots, numeric host names, dot segments in any encoding,
//! encoded separators. Addresses are a second gate, of whoever resolves the name: only public ones, and those
//! in [`HttpRule::allow_cidrs`].

mod host;
mod path;
mod rule;

pub(crate) use host::requested;
pub use host::{HostError, HostPattern};
pub use path::{PathError, PathPrefix};
pub use rule::{HttpRule, Method};
