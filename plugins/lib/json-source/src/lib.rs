//! Data of a call: a value, a text or a file of a granted directory.
//!
//! **Promises.** What is returned is within the bounds of [`limits`]; errors name the argument, the file or the line.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Paths outside of the granted directories, text that is not UTF-8, JSON that is nested too deep, has integers
//! that 64 bits do not hold, or names a member of an object twice.

mod files;
pub mod limits;
mod source;
mod text;
mod unique;

pub use source::{Data, Source};
pub use text::{check_text, parse};
pub use unique::Unique;
