//! Places in granted directories: where a repository is, and what its files may name. The sandbox refuses what leaves the
//! directory on its own, symbolic links included; the checks here are for the message.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use tandem_sdk::prelude::*;

use crate::limits::MAX_PATH_BYTES;

/// The names of the granted directories.
fn granted() -> Vec<String> {
    #[cfg(target_arch = "wasm32")]
    let names = wasip2::filesystem::preopens::get_directories()
        .into_iter()
        .map(|(_, name)| name.trim_start_matches('/').to_owned())
        .collect();
    #[cfg(not(target_arch = "wasm32"))]
    let names = Vec::new();
    names
}

/// Where `path` is: a granted directory's name comes first.
pub(crate) fn locate(path: &str) -> Result<PathBuf> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains(['\0', '\\']) {
        return Err(Error::invalid_arguments(format!(
            "`repo`: a path has 1 to {MAX_PATH_BYTES} bytes and `/` between its parts, as `repos/project`"
        )));
    }
    within_grants(&Path::new("/").join(path)).ok_or_else(|| outside(path))
}

fn outside(path: &str) -> Error {
    let names: Vec<_> = granted().iter().map(|name| format!("`{name}/`")).collect();
    Error::denied(match names.as_slice() {
        [] => format!(
            "`{path}` cannot be used: no directory is granted; the operator can grant one with \
             `fs.repos = {{ path = \"…\" }}` in [grants.git]"
        ),
        names => format!("`{path}` is in no granted directory: begin the path with {}", names.join(" or ")),
    })
}

/// An absolute path without `.` and `..`, if it is in a granted directory.
fn within_grants(path: &Path) -> Option<PathBuf> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part),
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::CurDir => {}
            Component::Prefix(_) => return None,
        }
    }
    let first = parts.first()?.to_str()?;
    granted().iter().any(|name| name == first).then(|| {
        let mut absolute = PathBuf::from("/");
        absolute.extend(parts);
        absolute
    })
}

/// What a file of the repository names, relative to `base`. An absolute path is of the machine's own file system, which is not
/// seen here.
pub(crate) fn relative(base: &Path, named: &str) -> Option<PathBuf> {
    if Path::new(named).is_absolute() { None } else { within_grants(&base.join(named)) }
}

/// A place as callers name it.
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches('/').to_owned()
}

/// The error for what the file system said of `path`.
pub(crate) fn failed(path: &Path, error: &io::Error) -> Error {
    let path = shown(path);
    match error.kind() {
        io::ErrorKind::NotFound => Error::not_found(format!("there is no `{path}`")),
        io::ErrorKind::PermissionDenied => Error::denied(format!(
            "`{path}` cannot be used: it leads out of its granted directory, or the directory is granted read-only"
        )),
        io::ErrorKind::ReadOnlyFilesystem => {
            Error::denied(format!("`{path}` cannot be written: the directory is granted read-only"))
        }
        _ => Error::other(format!("`{path}`: {error}")),
    }
}

/// A whole file of at most `limit` bytes, or none where there is none.
pub(crate) fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(path, &error)),
    };
    let mut bytes = Vec::new();
    match file.take(limit + 1).read_to_end(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => return Ok(None),
        read => read.map_err(|error| failed(path, &error))?,
    };
    if bytes.len() as u64 > limit {
        return Err(Error::failed(format!("`{}` is longer than {limit} bytes, which are read at most", shown(path))));
    }
    Ok(Some(bytes))
}

/// The text of a small file, without what surrounds it.
pub(crate) fn line_if_there(path: &Path, limit: u64) -> Result<Option<String>> {
    Ok(read_if_there(path, limit)?.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// The entries of a directory by name, with whether each is a directory itself; none where there is none.
pub(crate) fn list(path: &Path, limit: usize) -> Result<Vec<(String, bool)>> {
    let Ok(found) = fs::read_dir(path) else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for entry in found {
        let entry = entry.map_err(|error| failed(path, &error))?;
        let directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        entries.push((entry.file_name().to_string_lossy().into_owned(), directory));
        if entries.len() > limit {
            return Err(Error::failed(format!("`{}` has more than {limit} entries", shown(path))));
        }
    }
    entries.sort();
    Ok(entries)
}
