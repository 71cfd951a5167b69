//! How hosts find each other.
//!
//! Each way answers signed records ([`record`]) or mere places to dial ([`nodes`]); both go to the peer book
//! ([`crate::trust::book`]), which decides what is believed.

pub mod env;
pub mod file;
pub mod github;
pub mod nodes;
pub mod record;
#[cfg(test)]
pub mod testing;
