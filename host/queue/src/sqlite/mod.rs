//! The embedded backend: the tables of [`SCHEMA`] in the host's own database, written by its one writer thread, so
//! that many callers share one fsync. Each method is one job: a savepoint in the open transaction.

mod backend;
mod change;
mod claim;
mod codes;
mod context;
mod due;
mod figures;
mod job;
mod lease;
mod order;
mod projection;
mod prune;
mod read;
mod results;
mod schema;
mod settle;
mod submit;
mod tally;
mod waiting;
mod workflows;

pub use job::SqliteTasks;
pub(crate) use schema::{COLUMNS, SCHEMA};
