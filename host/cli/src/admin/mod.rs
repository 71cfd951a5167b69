//! What an operator changes while a host runs: `tandem grant`, `key`, `reload`, and `plugin list` and `rollback`.

mod commands;
mod plugins;

pub(crate) use commands::{Grants, Keys, grants, keys};
pub(crate) use plugins::{List, Reload, Rollback, list_plugins, reload, rollback};
