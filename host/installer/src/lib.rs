//! Installs, upgrades, removes and publishes plugins.
//!
//! **Promises.** A file is in the plugin directory only after it passed what the host itself asks of it (signature,
//! revocations, pin, no older version, the same signer), and it gets there whole, by a rename, so that a running host
//! takes it over. What was verified is what is written: nothing is read twice. An installation that fails leaves the
//! directory and the lock file as they were. Installing grants nothing: capabilities are requested and granted as before.
//!
//! **Bounds.** One file at a time in memory; one installation at a time for each directory.
//!
//! **Refuses** to install without the consent of its [`Dialog`]; to publish what is not signed; to print.

#![forbid(unsafe_code)]

mod directory;
mod error;
mod install;
mod installation;
mod origins;
mod outcome;
mod place;
mod plan;
mod ports;
mod publish;
mod rollback;
mod upgrade;
mod versions;

pub use error::InstallError;
pub use install::{InstallOptions, install, uninstall};
pub use installation::{HostOptions, lock_path};
pub use origins::add_sources;
pub use outcome::{Outcome, Status};
pub use plan::Plan;
pub use ports::Dialog;
pub use publish::{PublishOptions, Published, publish};
pub use rollback::follow_rollback;
pub use upgrade::{UpgradeOptions, upgrade};
