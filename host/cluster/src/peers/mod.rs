//! The peers of this host: the way to each of them, what is known of it, what it advertises, and which tasks it may be given.
//!
//! **Bounds.** The peer book and the advertisements bound themselves.

mod advertisements;
mod directory;
mod policy;

pub(crate) use advertisements::{Capabilities, MAX_TTL};
pub(crate) use directory::PeerDirectory;
pub(crate) use policy::{TaskPolicy, require_operator};
