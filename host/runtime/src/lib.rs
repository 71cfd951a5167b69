//! The host as a library: what the `tandem` program serves, without the program.
//!
//! **Promises.** A host starts in order and stops in order ([`serve`]). Plugins are verified, compiled and probed before they
//! serve ([`load`]), and taken over while the host serves ([`reload`]). Grants, tenants and keys are exchanged whole. What may be
//! changed while it runs goes through one door ([`admin`]), and is recorded.
//!
//! **Refuses** to print, to read a command line, and to handle signals: that is its program's.

#![forbid(unsafe_code)]

pub mod admin;
mod alone;
pub mod audit;
mod auth;
pub mod config;
pub mod descriptors;
pub mod errors;
pub mod files;
pub mod grants;
mod health;
pub mod live;
pub mod load;
pub mod locations;
pub mod peers;
mod reactor;
pub mod reload;
pub mod serve;
pub mod supply;
pub mod tenants;
pub mod warnings;
