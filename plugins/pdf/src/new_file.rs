//! A file that appears under its name when it is complete.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Write},
};

use tandem_granted_folders::Location;

use crate::fault::{Fault, Result};

/// Dropped before it is committed, it leaves nothing behind.
pub(crate) struct NewFile {
    file: File,
    partial: Location,
    location: Location,
    overwrite: bool,
    committed: bool,
}

impl NewFile {
    /// Begins a file at a location that the argument `to` named.
    pub(crate) fn create(location: &Location, overwrite: bool) -> Result<Self> {
        let folder = Self::check(location, overwrite)?;
        fs::create_dir_all(&folder.at).map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                Fault::Argument(format!("`to`: `{}` is or is below a file: choose another folder", folder.path))
            }
            _ => Fault::io(&folder.path, error),
        })?;
        let random = RandomState::new().hash_one(&location.path);
        let partial = folder.join(&format!(".{}.{random:016x}.partial", location.name()));
        let file = File::create_new(&partial.at).map_err(|error| Fault::io(&location.path, error))?;
        Ok(Self { file, partial, location: location.clone(), overwrite, committed: false })
    }

    /// Whether a file may be made at a location; tells its folder.
    pub(crate) fn check(location: &Location, overwrite: bool) -> Result<Location> {
        let path = &location.path;
        let Some(folder) = location.parent() else {
            return Err(Fault::Argument(format!("`to`: `{path}` is a granted folder: add the name of the new file")));
        };
        match fs::symlink_metadata(&location.at) {
            Ok(found) if !found.is_file() => {
                Err(Fault::Argument(format!("`to`: `{path}` is there and is not a file: give another name")))
            }
            Ok(_) if !overwrite => Err(exists(path)),
            _ => Ok(folder),
        }
    }

    /// Puts the file where it belongs and tells its length.
    pub(crate) fn commit(mut self) -> Result<u64> {
        let path = &self.location.path;
        let failed = |error| Fault::io(path, error);
        self.file.sync_all().map_err(failed)?;
        let bytes = self.file.metadata().map_err(failed)?.len();
        // Another call may have made it meanwhile.
        if !self.overwrite && fs::symlink_metadata(&self.location.at).is_ok() {
            return Err(exists(path));
        }
        fs::rename(&self.partial.at, &self.location.at).map_err(failed)?;
        self.committed = true;
        Ok(bytes)
    }
}

fn exists(path: &str) -> Fault {
    Fault::Argument(format!("`to`: `{path}` exists: set `overwrite` to replace it"))
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done where even this fails; the name tells what the rest is.
            let _ = fs::remove_file(&self.partial.at);
        }
    }
}
