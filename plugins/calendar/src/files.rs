//! Files in granted directories. The sandbox refuses what leaves them on its own, symbolic links included; the checks here are
//! for the message.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use tandem_sdk::{Error, Result};
use wasip2::filesystem::preopens::get_directories;

use crate::limits::{MAX_FILE_BYTES, MAX_NEIGHBOURS, MAX_PATH_BYTES};

/// A file of at most [`MAX_FILE_BYTES`].
pub(crate) fn read(path: &str) -> Result<Vec<u8>> {
    let at = locate(path)?;
    let file = File::open(&at).map_err(|error| failed(path, &at, error))?;
    let metadata = file.metadata().map_err(|error| failed(path, &at, error))?;
    if !metadata.is_file() {
        return Err(Error::invalid_arguments(format!("`path`: `{path}` is not a file{}", beside(&at))));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(path, &at, error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`path`: `{path}` has more than {MAX_FILE_BYTES} bytes, which is the most that is read: split the calendar"
        )));
    }
    Ok(bytes)
}

/// Whether there is something.
pub(crate) fn exists(path: &str) -> Result<bool> {
    Ok(locate(path)?.exists())
}

/// Writes a file under a temporary name and renames it when it is complete, so that no reader sees half of one.
pub(crate) fn write(path: &str, bytes: &[u8], replace: bool) -> Result<()> {
    let at = locate(path)?;
    let name = at.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if at.is_dir() {
        return Err(Error::invalid_arguments(format!("`path`: `{path}` is a directory: add the name of a file")));
    }
    // Random, so that two calls that write the same file do not write the same partial one.
    let partial = at.with_file_name(format!(".{name}.{:016x}.partial", RandomState::new().hash_one(path)));
    let written = settle(&partial, &at, bytes, replace);
    if written.is_err() {
        // Nothing more can be done where even this fails; the name tells what the rest is.
        let _ = fs::remove_file(&partial);
    }
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => taken(path),
        _ => failed(path, &at, error),
    })
}

fn settle(partial: &Path, at: &Path, bytes: &[u8], replace: bool) -> io::Result<()> {
    let mut file = File::create_new(partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    if !replace {
        // A link, unlike a rename, never replaces a file that another call made meanwhile.
        match fs::hard_link(partial, at) {
            Ok(()) => return fs::remove_file(partial),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // Some file systems have no links; there, looking first is the best there is.
            Err(_) if at.exists() => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => {}
        }
    }
    fs::rename(partial, at)
}

/// That a file is there which may not be changed.
pub(crate) fn taken(path: &str) -> Error {
    Error::invalid_arguments(format!(
        "`path`: `{path}` exists and was not changed: give `if_exists` as `replace` or `add`, or another name"
    ))
}

fn granted() -> Vec<String> {
    let mut names: Vec<String> =
        get_directories().into_iter().map(|(_, name)| name.trim_matches('/').to_owned()).collect();
    names.sort();
    names
}

fn locate(path: &str) -> Result<PathBuf> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains(['\0', '\\']) {
        return Err(Error::invalid_arguments(format!(
            "`path` has 1 to {MAX_PATH_BYTES} bytes and `/` between its parts, as `calendars/team.ics`"
        )));
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let granted = granted();
    let known = parts.first().is_some_and(|first| granted.iter().any(|name| name == first));
    if !known || parts.contains(&"..") {
        let names: Vec<String> = granted.iter().map(|name| format!("`{name}/`")).collect();
        return Err(Error::denied(match names.as_slice() {
            [] => format!("`path`: `{path}` cannot be used: no directory is granted; the operator has to grant one"),
            names => format!(
                "`path`: `{path}` is in no granted directory: begin with {}, and do not use `..`",
                names.join(" or ")
            ),
        }));
    }
    if parts.len() < 2 {
        return Err(Error::invalid_arguments(format!("`path`: `{path}` is a directory: add the name of a file")));
    }
    Ok(Path::new("/").join(parts.join("/")))
}

fn failed(path: &str, at: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::not_found(format!("`path`: there is no `{path}`{}", beside(at))),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::denied(format!(
            "`path`: `{path}` may not be used so: its directory is granted read-only, or not at all"
        )),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::other(format!("`path`: there is no room for `{path}`: delete files, or ask the operator for more"))
        }
        _ => Error::other(format!("`path`: `{path}`: {error}")),
    }
}

/// What is in the directory of a missing file.
fn beside(at: &Path) -> String {
    let directory = if at.is_dir() { Some(at) } else { at.parent() };
    let mut names: Vec<String> = directory
        .and_then(|directory| fs::read_dir(directory).ok())
        .into_iter()
        .flatten()
        .take(1_000)
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names.truncate(MAX_NEIGHBOURS);
    if names.is_empty() { String::new() } else { format!("; in its directory: {}", names.join(", ")) }
}
