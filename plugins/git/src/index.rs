//! The index: what is staged.

use std::{collections::BTreeMap, io::Write, path::Path};

use gix_hash::{Kind as Hash, ObjectId};
use gix_index::{State, decode, entry::Mode};
use gix_object::tree::EntryKind;
use tandem_sdk::prelude::*;

use crate::{limits::MAX_INDEX_BYTES, place, repository::Repository, trees::Node};

/// A file that is staged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Staged {
    pub(crate) node: Node,
    /// Its length and time of change when it was staged, to see without reading that a file is still the same.
    pub(crate) size: u32,
    pub(crate) modified: (u32, u32),
    /// `git add --intent-to-add`: the path alone.
    pub(crate) intent_to_add: bool,
}

/// What is staged, by path.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) files: BTreeMap<String, Staged>,
    /// Paths with conflicts of a merge.
    pub(crate) conflicts: Vec<String>,
    /// When the index was written; a change since then does not show in a file's time.
    pub(crate) written: u32,
}

/// The index as it is stored; empty where there is none.
pub(crate) fn state(repository: &Repository) -> Result<State> {
    let path = repository.git_dir.join("index");
    let Some(bytes) = place::read_if_there(&path, MAX_INDEX_BYTES)? else { return Ok(State::new(Hash::Sha1)) };
    let modified = std::fs::metadata(&path).ok().and_then(|stat| stat.modified().ok());
    let timestamp = modified.map_or_else(filetime::FileTime::zero, filetime::FileTime::from_system_time);
    let options = decode::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: usize::try_from(MAX_INDEX_BYTES * 4).ok(),
        ..decode::Options::default()
    };
    let damaged = |why: String| Error::failed(format!("`{}` cannot be read: {why}", place::shown(&path)));
    let (state, checksum) =
        State::from_bytes(&bytes, timestamp, Hash::Sha1, options).map_err(|error| damaged(error.to_string()))?;
    if let Some(expected) = checksum {
        check(&bytes, expected).map_err(|why| damaged(why.to_owned()))?;
    }
    if state.link().is_some() || state.is_sparse() {
        return Err(damaged(
            "it is split or sparse; `git update-index --no-split-index` writes a whole one".to_owned(),
        ));
    }
    Ok(state)
}

fn check(bytes: &[u8], expected: ObjectId) -> std::result::Result<(), &'static str> {
    let end = bytes.len().saturating_sub(20);
    let mut hasher = gix_hash::hasher(Hash::Sha1);
    hasher.update(bytes.get(..end).unwrap_or_default());
    match hasher.try_finalize() {
        Ok(is) if is == expected => Ok(()),
        _ => Err("its checksum is wrong"),
    }
}

/// What is staged.
pub(crate) fn read(repository: &Repository) -> Result<Index> {
    let state = state(repository)?;
    let written = u32::try_from(state.timestamp().unix_seconds()).unwrap_or(0);
    let mut index = Index { written, ..Index::default() };
    for entry in state.entries() {
        let path = entry.path(&state).to_string();
        if entry.stage() != gix_index::entry::Stage::Unconflicted {
            if index.conflicts.last() != Some(&path) {
                index.conflicts.push(path);
            }
            continue;
        }
        let staged = Staged {
            node: Node { kind: kind(entry.mode), id: entry.id },
            size: entry.stat.size,
            modified: (entry.stat.mtime.secs, entry.stat.mtime.nsecs),
            intent_to_add: entry.flags.contains(gix_index::entry::Flags::INTENT_TO_ADD),
        };
        index.files.insert(path, staged);
    }
    Ok(index)
}

fn kind(mode: Mode) -> EntryKind {
    match mode {
        Mode::FILE_EXECUTABLE => EntryKind::BlobExecutable,
        Mode::SYMLINK => EntryKind::Link,
        Mode::COMMIT => EntryKind::Commit,
        Mode::DIR => EntryKind::Tree,
        _ => EntryKind::Blob,
    }
}

/// The mode of the index for a kind of file.
pub(crate) fn mode(kind: EntryKind) -> Mode {
    match kind {
        EntryKind::BlobExecutable => Mode::FILE_EXECUTABLE,
        EntryKind::Link => Mode::SYMLINK,
        EntryKind::Commit => Mode::COMMIT,
        EntryKind::Tree => Mode::DIR,
        EntryKind::Blob => Mode::FILE,
    }
}

/// The bytes of the file for `state`, without caches of what may have changed.
pub(crate) fn encode(state: &State, path: &Path) -> Result<Vec<u8>> {
    let failed = |error: &dyn std::fmt::Display| Error::failed(format!("`{}`: {error}", place::shown(path)));
    let mut bytes = Vec::new();
    let options = gix_index::write::Options { extensions: gix_index::write::Extensions::None, skip_hash: false };
    state.write_to(&mut bytes, options).map_err(|error| failed(&error))?;
    let mut hasher = gix_hash::hasher(Hash::Sha1);
    hasher.update(&bytes);
    let checksum = hasher.try_finalize().map_err(|error| failed(&error))?;
    bytes.write_all(checksum.as_slice()).map_err(|error| failed(&error))?;
    Ok(bytes)
}
