//! A file that appears under its name when it is complete.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{BufWriter, Write},
};

use serde::Serialize;
use tandem_granted_folders::Location;

use crate::{
    fault::{Fault, Result},
    limits::BUFFER_BYTES,
};

/// Dropped before it is committed, it leaves nothing behind.
pub(crate) struct NewFile {
    file: Option<BufWriter<File>>,
    partial: Location,
    location: Location,
    overwrite: bool,
    rows: u64,
}

impl NewFile {
    /// Begins the file at a location, the value of `to`.
    pub(crate) fn create(location: &Location, overwrite: bool) -> Result<Self> {
        let path = &location.path;
        let Some(folder) = location.parent() else {
            return Err(Fault::argument(format_args!("`to`: `{path}` is a granted folder: add the name of a file")));
        };
        match fs::symlink_metadata(&location.at) {
            Ok(found) if !found.is_file() => {
                return Err(Fault::argument(format_args!(
                    "`to`: `{path}` is there and is not a file: give another name"
                )));
            }
            Ok(_) if !overwrite => return Err(exists(path)),
            _ => {}
        }
        make_folder(&folder)?;
        let partial = hidden(&folder, location);
        let file = File::create_new(&partial.at).map_err(|error| Fault::io(path, error))?;
        let file = Some(BufWriter::with_capacity(BUFFER_BYTES, file));
        Ok(Self { file, partial, location: location.clone(), overwrite, rows: 0 })
    }

    /// Its path as the caller knows it.
    pub(crate) fn path(&self) -> &str {
        &self.location.path
    }

    /// Rows that were written.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(file) = self.file.as_mut() else { return Ok(()) };
        file.write_all(bytes).map_err(|error| Fault::io(&self.location.path, error))
    }

    /// Adds a row as a line of JSON.
    pub(crate) fn row(&mut self, row: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(row).map_err(|error| Fault::damaged(&self.location.path, error))?;
        line.push(b'\n');
        self.rows += 1;
        self.write(&line)
    }

    /// Puts the file where it belongs.
    pub(crate) fn commit(mut self) -> Result<()> {
        let path = self.location.path.clone();
        let failed = |error| Fault::io(&path, error);
        if let Some(file) = self.file.take() {
            let file = file.into_inner().map_err(|error| failed(error.into_error()));
            let closed = file.and_then(|file| file.sync_all().map_err(failed));
            closed.inspect_err(|_| self.remove())?;
        }
        // Another call may have made it meanwhile.
        if !self.overwrite && fs::symlink_metadata(&self.location.at).is_ok() {
            self.remove();
            return Err(exists(&path));
        }
        fs::rename(&self.partial.at, &self.location.at).map_err(failed).inspect_err(|_| self.remove())
    }

    fn remove(&self) {
        // Nothing more can be done where even this fails; the name tells what the rest is.
        let _ = fs::remove_file(&self.partial.at);
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.remove();
        }
    }
}

fn exists(path: &str) -> Fault {
    Fault::argument(format_args!("`to`: `{path}` exists: set `overwrite` to replace it"))
}

/// A name that nobody else takes, beside a location.
pub(crate) fn hidden(folder: &Location, location: &Location) -> Location {
    let random = RandomState::new().hash_one(&location.path);
    folder.join(&format!(".{}.{random:016x}.partial", location.name()))
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(folder: &Location) -> Result<()> {
    fs::create_dir_all(&folder.at).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            Fault::argument(format_args!("`to`: `{}` is or is below a file: choose another folder", folder.path))
        }
        _ => Fault::io(&folder.path, error),
    })
}
