//! Checks of a host: its configuration, its machine, and what it says of itself while it runs. Each finding has a remedy.
//!
//! **Promises.** Nothing is changed. A check that fails hides no other.
//!
//! **Bounds.** The running host has [`TIMEOUT`] for its answer.
//!
//! **Refuses** to print: that is its program's.

#![forbid(unsafe_code)]

pub mod audit;
mod diagnosis;
mod fields;
mod finding;
mod host;
mod machine;
mod peers;
mod running;
mod tasks;

pub use diagnosis::{Diagnosis, diagnose, invalid_configuration};
pub use finding::{Finding, Severity};
pub use running::TIMEOUT;
