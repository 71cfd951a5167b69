//! A new file in a granted folder: it appears under its name when it is complete.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use tandem_sdk::prelude::*;

use crate::limits::MAX_PATH_BYTES;

/// A file that is being written beside its name. Dropped before it is complete, it leaves nothing behind.
pub(crate) struct NewFile {
    file: File,
    partial: PathBuf,
    at: PathBuf,
    /// As the caller gave it, tidy.
    pub(crate) path: String,
    overwrite: bool,
    complete: bool,
}

impl NewFile {
    /// Begins a file at `path`, which names a granted folder first.
    pub(crate) fn create(path: &str, overwrite: bool) -> Result<Self> {
        let path = tidy(path)?;
        let at = Path::new("/").join(&path);
        let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else { return Err(no_name(&path)) };
        if folder == Path::new("/") {
            return Err(no_name(&path));
        }
        match fs::symlink_metadata(&at) {
            Ok(found) if !found.is_file() => {
                return Err(Error::invalid_arguments(format!(
                    "`path`: `{path}` is there and is not a file: give another name"
                )));
            }
            Ok(_) if !overwrite => return Err(exists(&path)),
            _ => {}
        }
        fs::create_dir_all(folder).map_err(|error| failed(&path, &error))?;
        let random = RandomState::new().hash_one(&path);
        let partial = folder.join(format!(".{}.{random:016x}.partial", name.to_string_lossy()));
        let file = File::create_new(&partial).map_err(|error| failed(&path, &error))?;
        Ok(Self { file, partial, at, path, overwrite, complete: false })
    }

    /// Adds bytes at the end.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| failed(&self.path, &error))
    }

    /// Puts the file where it belongs.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.file.sync_all().map_err(|error| failed(&self.path, &error))?;
        // Another call may have made it meanwhile.
        if !self.overwrite && fs::symlink_metadata(&self.at).is_ok() {
            return Err(exists(&self.path));
        }
        fs::rename(&self.partial, &self.at).map_err(|error| failed(&self.path, &error))?;
        self.complete = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.complete {
            // Where even this fails, the name tells what the rest is.
            drop(fs::remove_file(&self.partial));
        }
    }
}

/// The path in a granted folder, without what changes nothing. The sandbox refuses others on its own: this is for the message.
fn tidy(path: &str) -> Result<String> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains('\\') || path.contains(char::is_control) {
        return Err(Error::invalid_arguments(format!(
            "`path` is a path of 1 to {MAX_PATH_BYTES} bytes with `/` between its parts, as `data/report.pdf`"
        )));
    }
    let granted = granted();
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(outside(path, &granted)),
        }
    }
    match parts.first() {
        Some(folder) if granted.iter().any(|name| name == folder) => Ok(parts.join("/")),
        _ => Err(outside(path, &granted)),
    }
}

fn outside(path: &str, granted: &[String]) -> Error {
    if granted.is_empty() {
        return Error::denied(format!(
            "`path`: `{path}` cannot be used: no folder is granted; the operator has to grant one"
        ));
    }
    let names: Vec<String> = granted.iter().map(|name| format!("`{name}/`")).collect();
    Error::denied(format!("`path`: `{path}` is in no granted folder: begin the path with {}", names.join(" or ")))
}

fn no_name(path: &str) -> Error {
    Error::invalid_arguments(format!("`path`: `{path}` is a granted folder: add the name of the file"))
}

fn exists(path: &str) -> Error {
    Error::invalid_arguments(format!("`path`: `{path}` exists: set `overwrite` to replace it"))
}

fn failed(path: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::denied(format!("`path`: `{path}` may not be written: the folder is granted for reading only"))
        }
        _ => Error::other(format!("`path`: `{path}`: {error}")),
    }
}

/// The folders that the sandbox was given; they stand at the root of its file system.
#[cfg(target_arch = "wasm32")]
fn granted() -> Vec<String> {
    let folders = wasip2::filesystem::preopens::get_directories();
    let mut names: Vec<String> = folders.into_iter().map(|(_, name)| name.trim_start_matches('/').to_owned()).collect();
    names.sort();
    names
}

/// Outside of a sandbox nothing is granted.
#[cfg(not(target_arch = "wasm32"))]
fn granted() -> Vec<String> {
    Vec::new()
}
