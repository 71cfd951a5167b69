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

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    error::{Error, Result},
    format::Format,
    full,
};

/// Longer paths are refused before they reach the file system.
const MAX_PATH_BYTES: usize = 1_024;
/// A "not found" names this many neighbours at most.
const MAX_NEIGHBOURS: usize = 20;

/// Entries of a listing: as many as anybody reads.
const MAX_ENTRIES: usize = 500;
/// Entries of a folder that are looked at for a listing, which is sorted.
const MAX_LOOKED_AT: usize = 10_000;
/// Folders that one new file may bring with it.
const MAX_NEW_FOLDERS: usize = 8;

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Entry {
    /// Its path, as the other tools take it.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Its length in bytes; none of a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The format that its name stands for, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Listing {
    /// Its files and folders, by name.
    pub entries: Vec<Entry>,
    /// Whether there are more: list a folder below.
    pub truncated: bool,
}

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
        if self.is_folder(path) {
            return Err(self.not_a_file(path));
        }
        let (at, path) = self.resolve(path)?;
        let file = File::open(&at).map_err(|error| self.explain(&at, &path, error))?;
        let metadata = file.metadata().map_err(|error| Error::io(&path, error))?;
        if !metadata.is_file() {
            return Err(Error::invalid(format!("`{path}` is not a file")));
        }
        Ok(Opened { file, bytes: metadata.len(), path })
    }

    /// Whether there is a folder of this path.
    pub fn is_folder(&self, path: &str) -> bool {
        self.locate(path).is_ok_and(|(at, _)| at.is_dir())
    }

    /// Lists a folder, or the granted folders.
    pub fn list(&self, path: Option<&str>) -> Result<Listing> {
        let Some(path) = path.filter(|path| !path.trim_matches(['/', '.']).is_empty()) else {
            let entry = |name: &String| Entry { path: name.clone(), folder: true, bytes: None, format: None };
            return Ok(Listing { entries: self.granted.iter().map(entry).collect(), truncated: false });
        };
        let (at, path) = self.locate(path)?;
        let found = fs::read_dir(&at).map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory => Error::invalid(format!("`{path}` is a file and no folder")),
            _ => self.explain(&at, &path, error),
        })?;
        let mut names: Vec<String> = found
            .take(MAX_LOOKED_AT)
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        let truncated = names.len() > MAX_ENTRIES;
        // What a link leads out of the folder cannot be looked at, and is left out.
        let entry = |name: String| {
            let metadata = fs::metadata(at.join(&name)).ok()?;
            let folder = metadata.is_dir();
            let format = if folder { None } else { Format::of_name(&name) };
            Some(Entry { path: format!("{path}/{name}"), folder, bytes: (!folder).then_some(metadata.len()), format })
        };
        Ok(Listing { entries: names.into_iter().take(MAX_ENTRIES).filter_map(entry).collect(), truncated })
    }

    fn not_a_file(&self, path: &str) -> Error {
        let listing = self.list(Some(path)).map(|listing| listing.entries).unwrap_or_default();
        let names: Vec<_> = listing.iter().take(MAX_NEIGHBOURS).map(|entry| entry.path.as_str()).collect();
        let holds = if names.is_empty() { "it is empty".to_owned() } else { format!("it holds {}", names.join(", ")) };
        Error::invalid(format!("`{path}` is a folder: {holds}; `dataset_list` lists it with sizes"))
    }

    /// Makes the folders of a new file that are not there yet.
    fn make_folders(&self, at: &Path, path: &str) -> Result<()> {
        let Some(folder) = at.parent().filter(|folder| !folder.exists()) else { return Ok(()) };
        if folder.ancestors().take_while(|above| !above.exists()).count() > MAX_NEW_FOLDERS {
            return Err(Error::invalid(format!("`{path}` needs more than {MAX_NEW_FOLDERS} new folders")));
        }
        fs::create_dir_all(folder).map_err(|error| below(path, error))
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
        self.make_folders(&at, &path)?;
        // Random, so that two calls that write the same destination do not write the same file.
        let partial = at.with_file_name(format!(".{name}.{:016x}.partial", RandomState::new().hash_one(&path)));
        let file = File::create_new(&partial).map_err(|error| below(&path, error))?;
        Ok(NewFile { file, partial, at, path, overwrite, committed: false })
    }

    /// Where the file `path` is, and its tidy form.
    fn resolve(&self, path: &str) -> Result<(PathBuf, String)> {
        let (at, tidy) = self.locate(path)?;
        if tidy.contains('/') { Ok((at, tidy)) } else { Err(self.not_a_file(&tidy)) }
    }

    /// Where the file or folder `path` is, and its tidy form.
    fn locate(&self, path: &str) -> Result<(PathBuf, String)> {
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
        match parts.first() {
            Some(folder) if self.granted.iter().any(|name| name == folder) => {
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

/// A file or folder that cannot be made there.
fn below(path: &str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            Error::invalid(format!("`{path}` is below a file: choose another folder"))
        }
        _ => Error::io(path, error),
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
        let settled = self.settle().map_err(|error| full::named(error, &self.partial, 0));
        let bytes = settled.map_err(|error| match error.kind() {
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
        self.file.write(bytes).map_err(|error| full::named(error, &self.partial, bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| full::named(error, &self.partial, 0))
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
