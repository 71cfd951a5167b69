//! Files of granted directories, read whole.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path};

use tandem_sdk::prelude::*;

use crate::limits::{MAX_INPUT_BYTES, MAX_NEIGHBOURS, MAX_PATH_BYTES};

/// The text of a file, whose path is the value of `argument`.
pub(crate) fn read(argument: &str, path: &str) -> Result<String> {
    let tidy = locate(argument, path)?;
    let at = Path::new("/").join(&tidy);
    let file = fs::File::open(&at).map_err(|error| explain(&at, &tidy, &error))?;
    let metadata = file.metadata().map_err(|error| Error::other(format!("`{tidy}`: {error}")))?;
    if metadata.is_dir() {
        return Err(Error::invalid_arguments(format!("`{tidy}` is a directory: name a file")));
    }
    if metadata.len() > MAX_INPUT_BYTES as u64 {
        return Err(Error::invalid_arguments(format!(
            "`{tidy}` has {} bytes; at most {MAX_INPUT_BYTES} are read",
            metadata.len()
        )));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed: the file may have grown.
    file.take(MAX_INPUT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::other(format!("`{tidy}`: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        Error::invalid_arguments(format!("`{tidy}` is not UTF-8 text: byte {byte} is not valid"))
    })
}

fn locate(argument: &str, path: &str) -> Result<String> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains(['\0', '\\']) {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` has 1 to {MAX_PATH_BYTES} bytes and `/` between its parts, as `data/orders.json`"
        )));
    }
    let granted = granted();
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(outside(argument, path, &granted)),
        }
    }
    match parts.first() {
        Some(first) if granted.iter().any(|name| name == first) => Ok(parts.join("/")),
        _ => Err(outside(argument, path, &granted)),
    }
}

fn outside(argument: &str, path: &str, granted: &[String]) -> Error {
    if granted.is_empty() {
        return Error::denied(format!(
            "`{argument}`: `{path}` cannot be read: no directory is granted; give the data in the call"
        ));
    }
    let names: Vec<_> = granted.iter().map(|name| format!("`{name}/`")).collect();
    Error::denied(format!(
        "`{argument}`: `{path}` is in no granted directory: begin the path with {}",
        names.join(" or ")
    ))
}

fn explain(at: &Path, path: &str, error: &std::io::Error) -> Error {
    if error.kind() != ErrorKind::NotFound {
        return Error::other(format!("`{path}`: {error}"));
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
    let beside = if names.is_empty() { String::new() } else { format!("; beside it: {}", names.join(", ")) };
    Error::not_found(format!("there is no `{path}`{beside}"))
}

/// The directories that the sandbox was given; they stand at the root of its file system.
#[cfg(target_arch = "wasm32")]
fn granted() -> Vec<String> {
    let given = wasip2::filesystem::preopens::get_directories();
    given.into_iter().map(|(_, name)| name.trim_start_matches('/').to_owned()).collect()
}

/// Outside of a sandbox nothing is granted.
#[cfg(not(target_arch = "wasm32"))]
fn granted() -> Vec<String> {
    Vec::new()
}
