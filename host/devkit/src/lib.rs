//! What an author of plugins does: begin one, import an API as one, see it run while it is written, test it, have it checked, pack it.
//!
//! **Promises.** Everything runs the way an operator's host runs it: the same sandbox, the same limits, the same refusals. What
//! compilers print is passed on as it is. **Refuses** to install anything, or to write over anything, without being told to.

mod api;
mod build;
mod check;
mod dev;
mod example;
mod host;
mod inspect;
mod language;
mod log_writer;
pub mod logging;
mod new;
mod outcome;
mod pack;
pub mod package;
mod project;
mod sdk;
mod served;
mod signals;
pub mod summary;
pub mod terminal;
mod test;
mod toolchain;
mod watch;

pub use self::{
    api::{ImportApi, run as import_api},
    check::{Check, run as check},
    dev::{Dev, run as dev},
    inspect::Inspection,
    language::Language,
    new::{New, run as new},
    outcome::Outcome,
    pack::{Pack, run as pack},
    sdk::lay_out as sdk,
    served::{Served, ServedName},
    signals::{reload_on_signal, stop_on_signal},
    test::{Test, run as test},
};
