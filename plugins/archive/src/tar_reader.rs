//! Entries of a tar.

use std::io::{self, Read, Seek};

use chrono::DateTime;
use tar::{Archive, Entries, Entry, EntryType};

use crate::{
    entry::{Item, Kind, Visitor},
    fault::{Fault, Result},
    gate::{Fence, Gate},
    verify::Verified,
};

/// Visits all entries of a stream, and reads it to its end: what stands there may be a checksum.
pub(crate) fn walk_stream(stream: impl Read, visitor: &mut dyn Visitor) -> Result<()> {
    let fence = Fence::new();
    let mut archive = Archive::new(Gate::new(stream, u64::MAX, &fence));
    let entries = archive.entries().map_err(|error| Fault::reading("the tar", error))?;
    walk(entries, &fence, visitor)?;
    fence.lift();
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| Fault::reading("the archive", error))?;
    Ok(())
}

/// Visits all entries of a file, and seeks over the data that the visitor leaves.
pub(crate) fn walk_file(file: impl Read + Seek, length: u64, visitor: &mut dyn Visitor) -> Result<()> {
    let fence = Fence::new();
    let mut archive = Archive::new(Gate::new(file, length, &fence));
    let entries = archive.entries_with_seek().map_err(|error| Fault::reading("the tar", error))?;
    walk(entries, &fence, visitor)
}

fn walk<R: Read>(entries: Entries<'_, R>, fence: &Fence, visitor: &mut dyn Visitor) -> Result<()> {
    for entry in entries {
        let mut entry = entry.map_err(|error| Fault::reading("the tar", error))?;
        let packed = entry.header().entry_size().map_err(|error| Fault::reading("a header of the tar", error))?;
        // An attribute may state another length than the header, and then it counts.
        let sparse = entry.header().entry_type() == EntryType::GNUSparse;
        let packed = if sparse { packed } else { entry.size() };
        let end = entry.raw_file_position().saturating_add(packed);
        if entry.header().entry_type() != EntryType::XGlobalHeader {
            let item = item(&mut entry)?;
            fence.lift();
            let stated = item.bytes;
            visitor.visit(&item, &mut Verified::new(&mut entry, &item.name, stated, None))?;
        }
        fence.set_after(end);
    }
    Ok(())
}

fn item<R: Read>(entry: &mut Entry<'_, R>) -> Result<Item> {
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let link_to = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
    let kind = kind(entry, &name)?;
    let modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
    let modified = modified.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    Ok(Item {
        kind,
        bytes: Some(entry.size()),
        packed_bytes: None,
        modified: modified.map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        link_to: link_to.filter(|_| matches!(kind, Kind::Symlink | Kind::Hardlink)),
        encrypted: false,
        name,
    })
}

fn kind<R: Read>(entry: &mut Entry<'_, R>, name: &str) -> Result<Kind> {
    let kind = match entry.header().entry_type() {
        // Before POSIX a folder was a file with a slash at the end.
        EntryType::Regular if name.ends_with('/') => Kind::Folder,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Folder,
        EntryType::Symlink => Kind::Symlink,
        EntryType::Link => Kind::Hardlink,
        _ => Kind::Special,
    };
    let damaged = |error| Fault::reading(&format!("an attribute of entry `{name}`"), error);
    for attribute in entry.pax_extensions().map_err(damaged)?.into_iter().flatten() {
        if attribute.map_err(damaged)?.key_bytes().starts_with(b"GNU.sparse.") {
            return Ok(Kind::Special);
        }
    }
    Ok(kind)
}
