//! Real hosts in network namespaces of their own, with a network between them that can be made bad.
//!
//! A [`Lab`] is a namespace for each host, and a switch: a thread that forwards the frames between the cables of the
//! namespaces, later, or not at all, as the [`Link`] between two of them says at that moment. No kernel module for traffic
//! control is needed, and nothing of the machine's own network is touched.
//!
//! **Promises.** A frame between two places waits for the delay of their link, is lost with its chance, and never passes a cut.
//! Namespaces go with the lab; those of a test that was killed go when the next lab is made.
//!
//! **Bounds.** [`MAX_PLACES`] places of a lab; frames under way, as a real switch has (see [`Switch`]).
//!
//! **Refuses.** Work without what [`missing`] names.

#![forbid(unsafe_code)]

mod door;
mod lab;
mod namespace;
mod peer;
mod switch;

pub use lab::{Dead, Lab, MAX_PLACES, Node};
pub use namespace::missing;
pub use peer::{Peer, Wire};
pub use switch::{Counts, Link, Switch};
