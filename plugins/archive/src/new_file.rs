//! A file that appears under its name when it is complete.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Seek, SeekFrom, Write},
};

use tandem_granted_folders::Location;

use crate::{
    fault::{Fault, Result},
    staging::make_folder,
};

/// Dropped before it is committed, it leaves nothing behind.
pub(crate) struct NewFile {
    file: File,
    partial: Location,
    location: Location,
    overwrite: bool,
    committed: bool,
}

impl NewFile {
    pub(crate) fn create(location: &Location, overwrite: bool) -> Result<Self> {
        let path = &location.path;
        let Some(folder) = location.parent() else {
            return Err(Fault::Argument(format!("`path`: `{path}` is a granted folder: add the name of the archive")));
        };
        match fs::symlink_metadata(&location.at) {
            Ok(found) if !found.is_file() => {
                return Err(Fault::Argument(format!("`path`: `{path}` is there and is not a file: give another name")));
            }
            Ok(_) if !overwrite => return Err(exists(path)),
            _ => {}
        }
        make_folder(&folder)?;
        let random = RandomState::new().hash_one(path);
        let partial = folder.join(&format!(".{}.{random:016x}.partial", location.name()));
        let file = File::create_new(&partial.at).map_err(|error| Fault::io(path, error))?;
        Ok(Self { file, partial, location: location.clone(), overwrite, committed: false })
    }

    /// Whether a file is the one that is being written, or the one that it will replace.
    pub(crate) fn is(&self, location: &Location) -> bool {
        location.path == self.partial.path || location.path == self.location.path
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
    Fault::Argument(format!("`path`: `{path}` exists: set `overwrite` to replace it"))
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
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
