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
    file: Option<File>,
    partial: Location,
    location: Location,
    argument: &'static str,
    overwrite: bool,
    committed: bool,
}

impl NewFile {
    /// Begins the file that `argument` names.
    pub(crate) fn create(argument: &'static str, location: &Location, overwrite: bool) -> Result<Self> {
        let path = &location.path;
        let Some(folder) = location.parent() else {
            return Err(Fault::Argument(format!("`{argument}`: `{path}` is a granted folder: add the name of a file")));
        };
        match fs::symlink_metadata(&location.at) {
            Ok(found) if !found.is_file() => {
                return Err(Fault::Argument(format!(
                    "`{argument}`: `{path}` is there and is not a file: give another name"
                )));
            }
            Ok(_) if !overwrite => return Err(exists(argument, path)),
            _ => {}
        }
        fs::create_dir_all(&folder.at).map_err(|error| Fault::io(&folder.path, error))?;
        let random = RandomState::new().hash_one(path);
        let partial = folder.join(&format!(".{}.{random:016x}.partial", location.name()));
        let file = File::create_new(&partial.at).map_err(|error| Fault::io(path, error))?;
        Ok(Self { file: Some(file), partial, location: location.clone(), argument, overwrite, committed: false })
    }

    /// Where it is until then.
    pub(crate) fn partial(&self) -> &Location {
        &self.partial
    }

    /// Puts the file where it belongs and tells its length.
    pub(crate) fn commit(mut self) -> Result<u64> {
        let path = &self.location.path;
        let failed = |error| Fault::io(path, error);
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(failed)?;
        }
        let bytes = fs::metadata(&self.partial.at).map_err(failed)?.len();
        // Another call may have made it meanwhile.
        if !self.overwrite && fs::symlink_metadata(&self.location.at).is_ok() {
            return Err(exists(self.argument, path));
        }
        fs::rename(&self.partial.at, &self.location.at).map_err(failed)?;
        self.committed = true;
        Ok(bytes)
    }
}

fn exists(argument: &str, path: &str) -> Fault {
    Fault::Argument(format!("`{argument}`: `{path}` exists: set `overwrite` to replace it"))
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
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
