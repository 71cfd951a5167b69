//! Files of a work tree.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use gix_object::tree::EntryKind;
use tandem_sdk::prelude::*;

use crate::{object::too_large, place};

/// The content of a file, or what a link names.
pub(crate) fn content(path: &Path, kind: EntryKind, limit: u64) -> Result<Vec<u8>> {
    if kind == EntryKind::Link {
        let named = fs::read_link(path).map_err(|error| place::failed(path, &error))?;
        return Ok(named.to_string_lossy().into_owned().into_bytes());
    }
    let file = File::open(path).map_err(|error| place::failed(path, &error))?;
    let mut data = Vec::new();
    file.take(limit + 1).read_to_end(&mut data).map_err(|error| place::failed(path, &error))?;
    if data.len() as u64 > limit {
        return Err(too_large(&format!("`{}`", place::shown(path)), data.len() as u64));
    }
    Ok(data)
}
