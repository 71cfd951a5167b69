//! A file that appears under its name when it is complete.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Seek, SeekFrom, Write},
};

use crate::folders::{FolderError, Location, failed};

/// A file under a hidden name beside its own, `.NAME.….partial`. Dropped before it is committed, it leaves nothing behind.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    partial: Location,
    location: Location,
    argument: &'static str,
    overwrite: bool,
    committed: bool,
}

impl NewFile {
    /// Begins the file at a location that `argument` named, with the folders above it.
    ///
    /// # Errors
    /// When [`Self::check`] has one, or the file system.
    pub fn create(argument: &'static str, location: &Location, overwrite: bool) -> Result<Self, FolderError> {
        let folder = Self::check(argument, location, overwrite)?;
        make_folder(&folder)?;
        let random = RandomState::new().hash_one(&location.path);
        let partial = folder.join(&format!(".{}.{random:016x}.partial", location.name()));
        let file = File::create_new(&partial.at).map_err(|error| failed(location, error))?;
        Ok(Self { file, partial, location: location.clone(), argument, overwrite, committed: false })
    }

    /// Whether a file may be made at a location; tells its folder.
    ///
    /// # Errors
    /// When it is a granted folder, something else than a file, or a file that is not to be replaced.
    pub fn check(argument: &str, location: &Location, overwrite: bool) -> Result<Location, FolderError> {
        let path = &location.path;
        let Some(folder) = location.parent() else {
            let problem = format!("`{argument}`: `{path}` is a granted folder: add the name of the new file");
            return Err(FolderError::Argument(problem));
        };
        match fs::symlink_metadata(&location.at) {
            Ok(found) if !found.is_file() => {
                let problem = format!("`{argument}`: `{path}` is there and is not a file: give another name");
                Err(FolderError::Argument(problem))
            }
            Ok(_) if !overwrite => Err(exists(argument, path)),
            _ => Ok(folder),
        }
    }

    /// Where it is until it is committed.
    #[must_use]
    pub fn partial(&self) -> &Location {
        &self.partial
    }

    /// Whether a location is that of the file, now or when it is committed.
    #[must_use]
    pub fn is(&self, location: &Location) -> bool {
        location.path == self.partial.path || location.path == self.location.path
    }

    /// Puts the file where it belongs and tells its length.
    ///
    /// # Errors
    /// When another call has made it meanwhile and it is not to be replaced, or the file system has one.
    pub fn commit(mut self) -> Result<u64, FolderError> {
        let failed = |error| failed(&self.location, error);
        self.file.sync_all().map_err(failed)?;
        // By its name: another handle may have written it.
        let bytes = fs::metadata(&self.partial.at).map_err(failed)?.len();
        if !self.overwrite && fs::symlink_metadata(&self.location.at).is_ok() {
            return Err(exists(self.argument, &self.location.path));
        }
        fs::rename(&self.partial.at, &self.location.at).map_err(failed)?;
        self.committed = true;
        Ok(bytes)
    }
}

fn exists(argument: &str, path: &str) -> FolderError {
    FolderError::Argument(format!("`{argument}`: `{path}` exists: set `overwrite` to replace it"))
}

/// Makes a folder and those above it.
///
/// # Errors
/// When a file is in the way, or the file system has one.
pub fn make_folder(folder: &Location) -> Result<(), FolderError> {
    fs::create_dir_all(&folder.at).map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            FolderError::Argument(format!("`{}` is or is below a file: choose another folder", folder.path))
        }
        _ => failed(folder, error),
    })
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
