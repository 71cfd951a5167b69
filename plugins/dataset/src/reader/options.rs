//! What a caller says of how a file is to be read.

use std::collections::BTreeSet;

use super::{dialect::Dialect, typed::Types};
use crate::format::Format;

/// How a file is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// Its format; by its name or content if none.
    pub format: Option<Format>,
    /// Types that the caller gives to columns.
    pub types: Option<&'a Types>,
    /// How a csv file is written, where it is not as usual.
    pub csv: Option<&'a Dialect>,
    /// Only these columns, in this order; all if none.
    pub columns: Option<&'a [String]>,
    /// The columns that are needed, in no order: others may be left out. Without effect if one of them is not there, so
    /// that the error about it can list all columns.
    pub needed: Option<&'a BTreeSet<String>>,
}
