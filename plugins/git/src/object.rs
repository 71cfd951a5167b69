//! One object, and the bound on its size.

use gix_object::Kind;
use tandem_sdk::prelude::*;

use crate::limits::MAX_OBJECT_BYTES;

/// An object's content.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) data: Vec<u8>,
}

/// The error for an object that is larger than what is read.
pub(crate) fn too_large(what: &str, size: u64) -> Error {
    Error::failed(format!("{what} has {size} bytes; objects of at most {MAX_OBJECT_BYTES} bytes are read"))
}
