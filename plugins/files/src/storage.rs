//! The granted directories, by the host's own functions: they tell the names and modes of grants, why a write failed, and the entries
//! of a directory one by one, so that a name that is not UTF-8 hides no other.

use std::io;

use tandem_sdk::prelude::*;
use wasip2::filesystem::{
    preopens,
    types::{Datetime, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags},
};

use crate::{
    errors,
    limits::{CHUNK, MAX_DIRECTORY_ENTRIES},
};

/// What an entry of a directory is.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device, which cannot be opened.
    Special,
}

impl From<DescriptorType> for Kind {
    fn from(kind: DescriptorType) -> Self {
        match kind {
            DescriptorType::RegularFile => Self::File,
            DescriptorType::Directory => Self::Directory,
            DescriptorType::SymbolicLink => Self::Link,
            _ => Self::Special,
        }
    }
}

/// A granted directory.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) name: String,
    pub(crate) writable: bool,
    directory: Descriptor,
}

/// What is known of a file or directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    pub(crate) kind: Kind,
    pub(crate) bytes: u64,
    pub(crate) links: u64,
    pub(crate) modified: Option<Datetime>,
    pub(crate) accessed: Option<Datetime>,
    pub(crate) changed: Option<Datetime>,
}

impl From<DescriptorStat> for Stat {
    fn from(stat: DescriptorStat) -> Self {
        Self {
            kind: stat.type_.into(),
            bytes: stat.size,
            links: stat.link_count,
            modified: stat.data_modification_timestamp,
            accessed: stat.data_access_timestamp,
            changed: stat.status_change_timestamp,
        }
    }
}

/// An entry of a directory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What is in a directory, by name.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) entries: Vec<Entry>,
    /// Entries that cannot be named, since their name is not UTF-8, or cannot be looked at.
    pub(crate) unreadable: usize,
    /// It has more entries than are read.
    pub(crate) too_large: bool,
}

/// The granted directories by their names.
pub(crate) fn roots() -> Vec<Root> {
    let root = |(directory, name): (Descriptor, String)| {
        let writable = directory.get_flags().is_ok_and(|flags| flags.contains(DescriptorFlags::MUTATE_DIRECTORY));
        Root { name: name.trim_start_matches('/').to_owned(), writable, directory }
    };
    let mut roots: Vec<Root> = preopens::get_directories().into_iter().map(root).collect();
    roots.sort_by(|a, b| a.name.cmp(&b.name));
    roots
}

type Answer<T> = std::result::Result<T, ErrorCode>;

impl Root {
    pub(crate) fn stat(&self, rest: &str, follow: bool) -> Answer<Stat> {
        let flags = if follow { PathFlags::SYMLINK_FOLLOW } else { PathFlags::empty() };
        self.directory.stat_at(flags, rest).map(Stat::from)
    }

    pub(crate) fn read_link(&self, rest: &str) -> Answer<String> {
        self.directory.readlink_at(rest)
    }

    pub(crate) fn make_directory(&self, rest: &str) -> Answer<()> {
        self.directory.create_directory_at(rest)
    }

    pub(crate) fn remove_file(&self, rest: &str) -> Answer<()> {
        self.directory.unlink_file_at(rest)
    }

    pub(crate) fn remove_directory(&self, rest: &str) -> Answer<()> {
        self.directory.remove_directory_at(rest)
    }

    pub(crate) fn rename(&self, from: &str, to: &Self, name: &str) -> Answer<()> {
        self.directory.rename_at(from, &to.directory, name)
    }

    pub(crate) fn link(&self, from: &str, to: &str) -> Answer<()> {
        self.directory.link_at(PathFlags::empty(), from, &self.directory, to)
    }

    /// Makes a file that is not there.
    pub(crate) fn create(&self, rest: &str) -> Answer<Written> {
        let open = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        let file = self.directory.open_at(PathFlags::empty(), rest, open, DescriptorFlags::WRITE)?;
        Ok(Written { file, end: 0 })
    }

    fn open(&self, rest: &str, flags: OpenFlags) -> Answer<Descriptor> {
        self.directory.open_at(PathFlags::SYMLINK_FOLLOW, rest, flags, DescriptorFlags::READ)
    }
}

/// Reads a directory; the names are sorted.
pub(crate) fn read_directory(root: &Root, rest: &str) -> Answer<Directory> {
    let stream = root.open(rest, OpenFlags::DIRECTORY)?.read_directory()?;
    let mut found = Directory::default();
    while !found.too_large {
        match stream.read_directory_entry() {
            Ok(Some(entry)) => found.entries.push(Entry { name: entry.name, kind: entry.type_.into() }),
            Ok(None) => break,
            Err(_) => found.unreadable += 1,
        }
        found.too_large = found.entries.len() + found.unreadable > MAX_DIRECTORY_ENTRIES;
    }
    found.entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A file that is being read, from its start on.
#[derive(Debug)]
pub(crate) struct Source {
    file: Descriptor,
    offset: u64,
    pub(crate) bytes: u64,
    /// When the file was last changed, as it was opened.
    pub(crate) modified: Option<Datetime>,
}

/// Opens a file for reading; links are followed within the granted directory.
pub(crate) fn open(root: &Root, rest: &str) -> Answer<Source> {
    let file = root.open(rest, OpenFlags::empty())?;
    let stat = file.stat()?;
    match Kind::from(stat.type_) {
        Kind::File => Ok(Source { file, offset: 0, bytes: stat.size, modified: stat.data_modification_timestamp }),
        Kind::Directory => Err(ErrorCode::IsDirectory),
        _ => Err(ErrorCode::NotPermitted),
    }
}

impl Source {
    /// Goes on reading at this byte.
    pub(crate) fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// Up to `len` bytes from where it is; fewer at the end.
    pub(crate) fn read_up_to(&mut self, path: &str, len: usize) -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        while taken.len() < len {
            let wanted = (len - taken.len()).min(CHUNK) as u64;
            let (bytes, end) = self.file.read(wanted, self.offset).map_err(|code| errors::of(path, code))?;
            self.offset += bytes.len() as u64;
            let none = bytes.is_empty();
            taken.extend(bytes);
            if end || none {
                break;
            }
        }
        Ok(taken)
    }
}

impl io::Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let wanted = buffer.len().min(CHUNK) as u64;
        let (bytes, _) = self.file.read(wanted, self.offset).map_err(|code| io::Error::other(code.message()))?;
        self.offset += bytes.len() as u64;
        let to = buffer.get_mut(..bytes.len()).ok_or_else(|| io::Error::other("more was read than was asked for"))?;
        to.copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Written {
    file: Descriptor,
    end: u64,
}

impl Written {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Answer<()> {
        for chunk in bytes.chunks(CHUNK) {
            let mut left = chunk;
            while !left.is_empty() {
                let wrote = self.file.write(left, self.end)?;
                self.end += wrote;
                left = left.get(usize::try_from(wrote).unwrap_or(usize::MAX)..).ok_or(ErrorCode::Io)?;
                if wrote == 0 {
                    return Err(ErrorCode::Io);
                }
            }
        }
        Ok(())
    }

    /// Waits until it is on the disk, and tells its length.
    pub(crate) fn finish(self) -> Answer<u64> {
        self.file.sync_data()?;
        Ok(self.end)
    }
}
