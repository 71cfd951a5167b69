//! The dataset category: loads, saves, processes and converts tabular files (CSV, TSV, JSON, JSON Lines, Parquet).
//!
//! Promise: what is read is complete and exact. Integers keep all 64 bits, a row that cannot be read is an error with its
//! place, and a file that is written appears whole or not at all.
//!
//! Bounds: files of any size stream in batches of about 1 MiB. What must be held (sort, join, group, distinct) has one
//! budget a call, see [`meter`]; answers are pages, see [`page`]; tables have at most [`types::MAX_COLUMNS`] columns and
//! rows of at most [`reader::MAX_ROW_BYTES`].
//!
//! Refusals: paths outside the granted folders, damaged rows, codecs and types that cannot be read. Each is an
//! [`Error`] that names what it is about and what would help.
//!
//! The engine is plain Rust over a [`files::Files`]; `tools` binds it to a host.

pub mod call;
pub mod describe;
pub mod error;
pub mod expr;
pub mod files;
pub mod format;
mod full;
mod integers;
mod json;
pub mod meter;
pub mod page;
pub mod reader;
mod schema;
pub mod seen;
pub mod steps;
mod text;
mod tools;
pub mod types;
pub mod value;
pub mod writer;

pub use error::{Error, Result};
pub use tools::Dataset;

tandem_sdk::export!(Dataset);
