//! An entry of an archive, and who looks at it.

use std::io::Read;

use schemars::JsonSchema;
use serde::Serialize;

use crate::fault::Result;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A file.
    File,
    /// A folder (directory).
    Folder,
    /// A symbolic link.
    Symlink,
    /// A hard link.
    Hardlink,
    /// A device, a pipe, or a sparse file of a kind that is not read.
    Special,
}

/// An entry as its archive states it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) bytes: Option<u64>,
    pub(crate) packed_bytes: Option<u64>,
    pub(crate) modified: Option<String>,
    pub(crate) link_to: Option<String>,
    pub(crate) encrypted: bool,
}

/// Sees each entry of an archive once, in order. It may read the data or leave it.
pub(crate) trait Visitor {
    fn visit(&mut self, item: &Item, data: &mut dyn Read) -> Result<()>;
}
