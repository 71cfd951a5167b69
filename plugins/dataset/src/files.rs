//! Files in granted folders, and nothing else.
//!
//! A path names a granted folder first (`data/cities.csv`); one that does not, or that climbs with `..`, is refused with
//! the list of granted folders. The sandbox refuses the same on its own, symbolic links included: the check here is for
//! the message. A file is written beside its destination and moved over it when it is complete, so that nobody sees
//! half of one.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

use crate::error::{Error, Result};

/// Longer paths are refused before they reach the file system.
const MAX_PATH_BYTES: usize = 1_024;
/// A "not found" names this many neighbours at most.
const MAX_NEIGHBOURS: usize = 20;

/// The granted folders.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
    granted: Vec<String>,
}

/// A file that was opened for reading.
#[derive(Debug)]
pub struct Opened {
    /// The open file.
    pub file: File,
    /// Its length.
    pub bytes: u64,
    /// Its path as callers name it.
    pub path: String,
}

impl Files {
    /// The folders `granted` under `root`.
    pub fn new(root: impl Into<PathBuf>, granted: impl IntoIterator<Item = String>) -> Self {
        let mut granted: Vec<String> = granted.into_iter().collect();
        granted.sort();
        Self { root: root.into(), granted }
    }

    /// Opens a file to read.
    pub fn open(&self, path: &str) -> Result<Opened> {
        let (at, path) = self.resolve(path)?;
        let file = File::open(&at).map_err(|error| self.explain(&at, &path, error))?;
        let metadata = file.metadata().map_err(|error| Error::io(&path, error))?;
        if !metadata.is_file() {
            return Err(Error::invalid(format!("`{path}` is not a file")));
        }
        Ok(Opened { file, bytes: metadata.len(), path })
    }

    /// Begins a file that appears under `path` when it is committed.
    pub fn create(&self, path: &str, overwrite: bool) -> Result<NewFile> {
        let (at, path) = self.resolve(path)?;
        let name = at.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if at.is_dir() {
            return Err(Error::invalid(format!("`{path}` is a folder: add the name of a file")));
        }
        if !overwrite && at.exists() {
            return Err(exists(&path));
        }
        // Random, so that two calls that write the same destination do not write the same file.
        let partial = at.with_file_name(format!(".{name}.{:016x}.partial", RandomState::new().hash_one(&path)));
        let file = File::create_new(&partial).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound(format!("the folder of `{path}` does not exist")),
            _ => Error::io(&path, error),
        })?;
        Ok(NewFile { file, partial, at, path, overwrite, committed: false })
    }

    /// Where `path` is, and its tidy form.
    fn resolve(&self, path: &str) -> Result<(PathBuf, String)> {
        if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains(['\0', '\\']) {
            return Err(Error::invalid(format!(
                "a path has 1 to {MAX_PATH_BYTES} bytes and `/` between its parts, as `data/cities.csv`"
            )));
        }
        let mut parts = Vec::new();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(part) => parts.push(part.to_string_lossy()),
                Component::RootDir | Component::CurDir => {}
                Component::ParentDir | Component::Prefix(_) => return Err(self.outside(path)),
            }
        }
        match parts.split_first() {
            Some((folder, rest)) if !rest.is_empty() && self.granted.iter().any(|name| name == folder) => {
                let tidy = parts.join("/");
                Ok((self.root.join(&tidy), tidy))
            }
            _ => Err(self.outside(path)),
        }
    }

    fn outside(&self, path: &str) -> Error {
        Error::Denied(match self.granted.as_slice() {
            [] => format!("`{path}` cannot be used: no folder is granted; the operator has to grant one"),
            granted => format!(
                "`{path}` is in no granted folder: begin the path with {}",
                granted.iter().map(|name| format!("`{name}/`")).collect::<Vec<_>>().join(" or ")
            ),
        })
    }

    /// A file that cannot be opened: where it is missing, what lies there instead.
    fn explain(&self, at: &Path, path: &str, error: io::Error) -> Error {
        if error.kind() != io::ErrorKind::NotFound {
            return Error::io(path, error);
        }
        let mut names: Vec<String> = at
            .parent()
            .and_then(|folder| fs::read_dir(folder).ok())
            .into_iter()
            .flatten()
            .take(MAX_NEIGHBOURS)
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        let near = if names.is_empty() { String::new() } else { format!("; beside it: {}", names.join(", ")) };
        Error::NotFound(format!("there is no `{path}` (granted: {}){near}", self.granted.join(", ")))
    }
}

fn exists(path: &str) -> Error {
    Error::invalid(format!("`{path}` exists: set `overwrite` to replace it"))
}

/// A file that is being written. Dropped before it is committed, it leaves nothing behind.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    partial: PathBuf,
    at: PathBuf,
    path: String,
    overwrite: bool,
    committed: bool,
}

impl NewFile {
    /// Its path as callers name it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Puts the complete file where it belongs and tells its length.
    pub fn commit(mut self) -> Result<u64> {
        let bytes = self.settle().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => Error::io(&self.path, error),
        })?;
        self.committed = true;
        Ok(bytes)
    }

    fn settle(&self) -> io::Result<u64> {
        self.file.sync_all()?;
        let bytes = self.file.metadata()?.len();
        if !self.overwrite {
            // A link, unlike a rename, never replaces a file that another call made meanwhile.
            match fs::hard_link(&self.partial, &self.at) {
                Ok(()) => return fs::remove_file(&self.partial).map(|()| bytes),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                // Some file systems have no links; there, looking first is the best there is.
                Err(_) if self.at.exists() => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => {}
            }
        }
        fs::rename(&self.partial, &self.at).map(|()| bytes)
    }
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
            let _ = fs::remove_file(&self.partial);
        }
    }
}
