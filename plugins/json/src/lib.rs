//! The JSON category: jq programs, JSONPath, JSON Patch and differences.
//!
//! **Promises.** A call reads data (a value, a text or a file) and answers; it changes nothing. jq results as text keep
//! every digit of integers.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** JSON that is not valid or nested too deep, programs beyond their steps, stack or sizes, `env` and `input`,
//! paths outside of the granted directories: each with an error that names what it is about.

pub mod diff;
pub mod files;
pub mod input;
pub mod limits;
pub mod patch;
pub mod path;
pub mod query;
mod tools;

pub use tools::Json;

tandem_sdk::export!(Json);
