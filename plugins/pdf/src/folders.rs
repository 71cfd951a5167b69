//! Paths in granted folders, and nothing else.
//!
//! A path names a granted folder first (`data/report.pdf`). The sandbox refuses others on its own, symbolic links
//! included: the check here is for the message.

use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_NEIGHBOURS, MAX_PATH_BYTES},
};

/// Names that a "not found" tells where none is near.
const MAX_SHOWN: usize = 10;
/// A name is near from this Jaro-Winkler similarity on.
const NEAR: f64 = 0.75;

/// The granted folders.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    granted: Vec<String>,
}

/// Where a file or folder is.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    /// For the file system.
    pub(crate) at: PathBuf,
    /// For the caller: tidy, without a slash at the end.
    pub(crate) path: String,
}

impl Location {
    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder that it is in; none of a granted folder.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (above, _) = self.path.rsplit_once('/')?;
        Some(Self { at: self.at.parent()?.to_owned(), path: above.to_owned() })
    }

    /// What is below it.
    pub(crate) fn join(&self, name: &str) -> Self {
        Self { at: self.at.join(name), path: format!("{}/{name}", self.path) }
    }
}

impl Folders {
    /// The folders that this call may use.
    pub(crate) fn granted() -> Self {
        let mut granted = preopened();
        granted.sort();
        Self { granted }
    }

    /// Where `path`, the value of `argument`, is.
    pub(crate) fn locate(&self, argument: &str, path: &str) -> Result<Location> {
        if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains('\\') || path.contains(char::is_control) {
            return Err(Fault::Argument(format!(
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

    fn outside(&self, argument: &str, path: &str) -> Fault {
        Fault::Denied(match self.granted.as_slice() {
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
pub(crate) fn open(argument: &str, location: &Location) -> Result<(File, u64)> {
    let file = File::open(&location.at).map_err(|error| missing(argument, location, error))?;
    let metadata = file.metadata().map_err(|error| Fault::io(&location.path, error))?;
    if metadata.is_file() {
        return Ok((file, metadata.len()));
    }
    let inside = shown(&location.at);
    Err(Fault::Argument(format!("`{argument}`: `{}` is a folder and not a file; it holds {inside}", location.path)))
}

/// Why a path cannot be opened; where it is missing, what is near.
pub(crate) fn missing(argument: &str, location: &Location, error: io::Error) -> Fault {
    if error.kind() != io::ErrorKind::NotFound {
        return Fault::io(&location.path, error);
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
    Fault::NotFound(format!("`{argument}`: there is no `{}`{near}", location.path))
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
