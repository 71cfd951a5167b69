//! What an operator changes while a host runs: `tandem grant`, `key`, `reload`, `upstream`, and `plugin list` and `rollback`.

mod commands;
mod plugins;
mod upstreams;

pub(crate) use commands::{Grants, Keys, grants, keys};
pub(crate) use plugins::{List, Reload, Rollback, list_plugins, reload, rollback};
pub(crate) use upstreams::{Upstreams, upstreams};
