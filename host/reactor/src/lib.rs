//! The network of hosts.
//!
//! **Promises.** What another host says about itself is believed only when it is signed by that host, fresh and newer
//! than what is known ([`discovery`]); whom it may push out, and how much it may ask for, is bounded ([`trust`]).

#![forbid(unsafe_code)]

pub mod discovery;
pub mod trust;
