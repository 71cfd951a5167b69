//! Grants, tenants, their keys and their limits, and who may connect as a peer are read again, and exchanged while the
//! host serves; then the plugin directory is taken over, as it is whenever it changes ([`plugins`]).
//!
//! `tandem reload` and SIGHUP do it. Only they: everything else in the configuration counts from
//! the next start on, and what of it has changed is named. A file that is wrong changes nothing, and so
//! does one whose grants cannot be had, as when a directory is not there. The environment of a process does not
//! change, so keys that are to be rotated stand in files, as `${file:/path}`. Each exchange is an audit event,
//! `configuration.reloaded`.

mod background;
mod compile;
mod compile_queue;
mod configuration;
pub mod drain;
mod history;
mod plugins;
pub mod settle;
mod watch;
mod worker;

pub use self::configuration::Reloaded;
pub(crate) use self::{
    background::on_changes,
    configuration::{Reload, configuration, everything, on_keys},
    plugins::{Loaded, Plugins},
};
