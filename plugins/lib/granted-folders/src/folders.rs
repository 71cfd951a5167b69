//! The granted folders, and what is in them.

use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use tandem_sdk::Error;

/// Bytes of a path that a caller gives: longer ones are no names of files, and errors repeat them.
pub const MAX_PATH_BYTES: usize = 1_024;
/// Neighbours that a "not found" looks through for the nearest name: a folder may hold millions.
pub const MAX_NEIGHBOURS: usize = 1_000;
/// Names that a "not found" tells where none is near.
const MAX_SHOWN: usize = 10;
/// A name is near from this Jaro-Winkler similarity on.
const NEAR: f64 = 0.75;

/// Why a path is not used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It is no path of a file, or leads to something of another kind.
    #[error("{0}")]
    Argument(String),
    /// Nothing is there.
    #[error("{0}")]
    NotFound(String),
    /// It is in no granted folder.
    #[error("{0}")]
    Denied(String),
    /// The file system failed.
    #[error("`{path}`: {error}")]
    Io {
        /// The path as callers know it.
        path: String,
        /// What the file system says.
        #[source]
        error: io::Error,
    },
}

impl FolderError {
    /// The same as an error of a tool, of its kind.
    #[must_use]
    pub fn into_tool_error(self) -> Error {
        match self {
            Self::Argument(text) => Error::invalid_arguments(text),
            Self::NotFound(text) => Error::not_found(text),
            Self::Denied(text) => Error::denied(text),
            Self::Io { .. } => Error::other(self),
        }
    }
}

/// The granted folders.
#[derive(Debug, Clone)]
pub struct Folders {
    granted: Vec<String>,
}

/// Where a file or folder is.
#[derive(Debug, Clone)]
pub struct Location {
    /// For the file system.
    pub at: PathBuf,
    /// For the caller: tidy, without a slash at the end.
    pub path: String,
}

impl Location {
    /// The last part of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder that it is in; none of a granted folder.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (above, _) = self.path.rsplit_once('/')?;
        Some(Self { at: self.at.parent()?.to_owned(), path: above.to_owned() })
    }

    /// What is below it.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        Self { at: self.at.join(name), path: format!("{}/{name}", self.path) }
    }
}

impl Folders {
    /// The folders that this call may use.
    #[must_use]
    pub fn granted() -> Self {
        let mut granted = preopened();
        granted.sort();
        Self { granted }
    }

    /// Where `path`, the value of `argument`, is.
    ///
    /// # Errors
    /// When it is no path, or is in no granted folder.
    pub fn locate(&self, argument: &str, path: &str) -> Result<Location, FolderError> {
        if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains('\\') || path.contains(char::is_control) {
            return Err(FolderError::Argument(format!(
                "`{argument}` is a path of 1 to {MAX_PATH_BYTES} bytes with `/` between its parts, as `data/report.pdf`"
            )));
        }
        let mut parts = Vec::new();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(part) => parts.push(part.to_string_lossy()),
                Component::RootDir | Component::CurDir => {}
                Component::ParentDir | Component::Prefix(_) => return Err(self.outside(argument, path)),
            }
        }
        match parts.first() {
            Some(folder) if self.granted.iter().any(|name| name == folder) => {
                let tidy = parts.join("/");
                Ok(Location { at: Path::new("/").join(&tidy), path: tidy })
            }
            _ => Err(self.outside(argument, path)),
        }
    }

    fn outside(&self, argument: &str, path: &str) -> FolderError {
        FolderError::Denied(match self.granted.as_slice() {
            [] => format!("`{argument}`: `{path}` cannot be used: no folder is granted; the operator has to grant one"),
            granted => format!(
                "`{argument}`: `{path}` is in no granted folder: begin the path with {}",
                granted.iter().map(|name| format!("`{name}/`")).collect::<Vec<_>>().join(" or ")
            ),
        })
    }
}

/// The folders that the sandbox was given; they stand at the root of its file system.
#[cfg(target_arch = "wasm32")]
fn preopened() -> Vec<String> {
    let preopened = wasip2::filesystem::preopens::get_directories();
    preopened.into_iter().map(|(_, name)| name.trim_start_matches('/').to_owned()).collect()
}

/// Outside of a sandbox nothing is granted.
#[cfg(not(target_arch = "wasm32"))]
fn preopened() -> Vec<String> {
    Vec::new()
}

/// Opens the file at a location; tells its length.
///
/// # Errors
/// When it is missing, is a folder, or cannot be opened.
pub fn open(argument: &str, location: &Location) -> Result<(File, u64), FolderError> {
    let file = File::open(&location.at).map_err(|error| missing(argument, location, error))?;
    let metadata = file.metadata().map_err(|error| failed(location, error))?;
    if metadata.is_file() {
        return Ok((file, metadata.len()));
    }
    let inside = shown(&location.at);
    Err(FolderError::Argument(format!(
        "`{argument}`: `{}` is a folder and not a file; it holds {inside}",
        location.path
    )))
}

pub(crate) fn failed(location: &Location, error: io::Error) -> FolderError {
    FolderError::Io { path: location.path.clone(), error }
}

/// Why a path cannot be opened; where it is missing, what is near.
pub fn missing(argument: &str, location: &Location, error: io::Error) -> FolderError {
    if error.kind() != io::ErrorKind::NotFound {
        return failed(location, error);
    }
    let near = location.parent().map_or(String::new(), |folder| {
        let names = names(&folder.at);
        let nearest = names
            .iter()
            .map(|name| (strsim::jaro_winkler(name, location.name()), name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(score, _)| *score > NEAR);
        match nearest {
            Some((_, name)) => format!("; the nearest is `{}/{name}`", folder.path),
            None => format!("; `{}` holds {}", folder.path, shown(&folder.at)),
        }
    });
    FolderError::NotFound(format!("`{argument}`: there is no `{}`{near}", location.path))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MAX_NEIGHBOURS);
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

fn shown(folder: &Path) -> String {
    let names = names(folder);
    let first = names.iter().take(MAX_SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "nothing".to_owned(),
        all if all > MAX_SHOWN => format!("{first} and others"),
        _ => first,
    }
}
