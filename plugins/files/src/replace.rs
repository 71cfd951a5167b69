//! Files are written under a temporary name and renamed when they are complete, so that no reader sees half of one.

use std::hash::{BuildHasher, RandomState};

use tandem_sdk::prelude::*;
use wasip2::filesystem::types::{Datetime, ErrorCode};

use crate::{
    errors,
    limits::MAX_NEW_DIRECTORIES,
    path::Place,
    storage::{Kind, Written},
};

/// A file as it was when it was read: who replaces it wants to know that it is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) bytes: u64,
    pub(crate) modified: Option<(u64, u32)>,
}

impl Version {
    pub(crate) fn new(bytes: u64, modified: Option<Datetime>) -> Self {
        Self { bytes, modified: modified.map(|time| (time.seconds, time.nanoseconds)) }
    }
}

/// What a new file may take the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Of nothing.
    Nothing,
    /// Of a file, if there is one.
    File,
    /// Of this version of a file.
    Version(Version),
}

/// A file that is being written. Dropped before it is committed, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct NewFile<'a> {
    written: Option<Written>,
    partial: Place<'a>,
    place: Place<'a>,
    over: Over,
    /// Directories that were made for it.
    made: Vec<Place<'a>>,
    committed: bool,
}

/// A name beside `place` that nothing else has.
pub(crate) fn partial<'a>(place: &Place<'a>) -> Place<'a> {
    // Random, so that two calls that write the same file do not write the same partial one.
    let chance = RandomState::new().hash_one(&place.path);
    let name = crate::text::cut(place.name(), 200);
    place.beside(&format!(".{name}.{chance:016x}.partial"))
}

/// Makes the directories above a new file that are not there yet, and tells which.
pub(crate) fn make_parents<'a>(place: &Place<'a>) -> Result<Vec<Place<'a>>> {
    place.parent().map_or_else(|| Ok(Vec::new()), |parent| make_directories(&parent))
}

/// Makes a directory and those above it, and tells which were made, the outermost first.
pub(crate) fn make_directories<'a>(place: &Place<'a>) -> Result<Vec<Place<'a>>> {
    let mut missing = Vec::new();
    let mut above = Some(place.clone());
    while let Some(directory) = above {
        match directory.look(true)? {
            Some(stat) if stat.kind == Kind::Directory => break,
            Some(_) => {
                return Err(Error::invalid_arguments(format!(
                    "`{}` is a file, and cannot hold `{}`: choose another directory",
                    directory.path, place.path
                )));
            }
            None => {
                above = directory.parent();
                missing.push(directory);
            }
        }
    }
    if missing.len() > MAX_NEW_DIRECTORIES {
        return Err(Error::invalid_arguments(format!(
            "`{}` needs {} new directories; at most {MAX_NEW_DIRECTORIES} are made in one call",
            place.path,
            missing.len()
        )));
    }
    let mut made = Vec::new();
    for directory in missing.into_iter().rev() {
        match directory.root.make_directory(directory.rest()) {
            Ok(()) => made.push(directory),
            Err(ErrorCode::Exist) => {}
            Err(code) => {
                remove_directories(&made);
                return Err(errors::of(&directory.path, code));
            }
        }
    }
    Ok(made)
}

/// Removes directories that were made for nothing; one that somebody uses meanwhile stays.
pub(crate) fn remove_directories(made: &[Place<'_>]) {
    for directory in made.iter().rev() {
        // One that is not empty stays.
        let _ = directory.root.remove_directory(directory.rest());
    }
}

/// Whether a file may be written there; the kind of what is in its way is in the error.
pub(crate) fn check(place: &Place<'_>, over: Over) -> Result<bool> {
    let Some(stat) = place.look(false)? else {
        return match over {
            Over::Version(_) => Err(changed(place)),
            _ => Ok(false),
        };
    };
    match (stat.kind, over) {
        (Kind::Directory, _) => {
            Err(Error::invalid_arguments(format!("`{}` is a directory: add the name of a file", place.path)))
        }
        (Kind::Link, _) => {
            let target = place.root.read_link(place.rest()).unwrap_or_default();
            Err(Error::invalid_arguments(format!(
                "`{}` is a symbolic link to `{target}`: name the file that it leads to, so that the link stays",
                place.path
            )))
        }
        (Kind::Special, _) => Err(errors::of(&place.path, ErrorCode::NotPermitted)),
        (Kind::File, Over::Nothing) => Err(exists(place)),
        (Kind::File, Over::Version(version)) if version != Version::new(stat.bytes, stat.modified) => {
            Err(changed(place))
        }
        (Kind::File, _) => Ok(true),
    }
}

fn exists(place: &Place<'_>) -> Error {
    Error::invalid_arguments(format!(
        "`{}` exists and was not changed: allow its replacement, or give another name",
        place.path
    ))
}

fn changed(place: &Place<'_>) -> Error {
    Error::unavailable(format!(
        "`{}` was changed by somebody else meanwhile, and was left as it is: read it and try again",
        place.path
    ))
}

impl<'a> NewFile<'a> {
    /// Begins a file that appears at `place` when it is committed.
    pub(crate) fn new(place: &Place<'a>, over: Over) -> Result<Self> {
        check(place, over)?;
        let made = make_parents(place)?;
        let partial = partial(place);
        let mut file = Self { written: None, partial, place: place.clone(), over, made, committed: false };
        let written = file.partial.root.create(file.partial.rest()).map_err(|code| errors::of(&place.path, code))?;
        file.written = Some(written);
        Ok(file)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.written.as_mut().ok_or_else(|| Error::other("the file is complete"))?;
        written.write(bytes).map_err(|code| errors::of(&self.place.path, code))
    }

    /// Waits until the content is on the disk; it does not appear yet.
    pub(crate) fn finish(&mut self) -> Result<u64> {
        let Some(written) = self.written.take() else { return Ok(0) };
        written.finish().map_err(|code| errors::of(&self.place.path, code))
    }

    /// Renames the complete file to its name; returns the directories that were made for it.
    pub(crate) fn appear(mut self) -> Result<Vec<Place<'a>>> {
        check(&self.place, self.over)?;
        let (root, from, to) = (self.place.root, self.partial.rest(), self.place.rest());
        if self.over == Over::Nothing {
            // A link, unlike a rename, never replaces a file that somebody else made meanwhile.
            match root.link(from, to) {
                // The first name goes away with `self`.
                Ok(()) => return Ok(std::mem::take(&mut self.made)),
                Err(ErrorCode::Exist) => return Err(exists(&self.place)),
                // Some file systems have no links; there, looking first is the best there is.
                Err(_) => {}
            }
        }
        root.rename(from, root, to).map_err(|code| errors::of(&self.place.path, code))?;
        self.committed = true;
        Ok(std::mem::take(&mut self.made))
    }

    /// Both.
    pub(crate) fn commit(mut self) -> Result<u64> {
        let bytes = self.finish()?;
        self.appear()?;
        Ok(bytes)
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.committed {
            self.written = None;
            // Nothing more can be done where even this fails; the name tells what the rest is.
            let _ = self.partial.root.remove_file(self.partial.rest());
            remove_directories(&self.made);
        }
    }
}
