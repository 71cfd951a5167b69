//! Every key of the older host, and what becomes of it.

mod find;
mod other;
mod p2p;
mod rule;
mod server;

pub(crate) use find::{known, rule_of};
pub(crate) use rule::{Action, Rule};
