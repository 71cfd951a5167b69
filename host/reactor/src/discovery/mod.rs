//! How hosts find each other.

pub mod record;
#[cfg(test)]
pub(crate) mod testing;
