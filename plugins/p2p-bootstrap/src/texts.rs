//! Texts of nodes: files of the granted directory, and granted variables.

use std::env::{self, VarError};
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path};

use tandem_sdk::prelude::*;

/// Longest text, in bytes: two thousand addresses, more than a host connects to.
const MAX_TEXT: u64 = 256 * 1024;

/// The variable that the manifest requests.
const REQUESTED: &str = "TANDEM_BOOTSTRAP";

/// Reads a file of `directory`.
///
/// # Errors
/// Paths that are not inside of the directory are [`Error::InvalidArguments`], as are files that are no text or too long.
pub(crate) fn file(directory: &Path, path: &str) -> Result<String> {
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !inside {
        return Err(Error::invalid_arguments(format!(
            "`{path}` is no path inside of the directory: write it without `/` in front and without `.` and `..`"
        )));
    }
    if !directory.is_dir() {
        return Err(Error::denied(
            "no directory `bootstrap` is granted: an operator gives this plugin one with `fs.bootstrap = { path = \"…\" }`",
        ));
    }
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Error::not_found(format!("there is no file `{path}` in the directory `bootstrap`")),
        ErrorKind::PermissionDenied => Error::denied(format!("`{path}` may not be read: {error}")),
        ErrorKind::InvalidData => Error::invalid_arguments(format!("`{path}` is not text in UTF-8")),
        _ => Error::other(format!("`{path}` cannot be read: {error}")),
    };
    let mut text = String::new();
    let opened = File::open(directory.join(path)).map_err(failed)?;
    // One byte more tells a text that is too long from one that just fits.
    let read = opened.take(MAX_TEXT + 1).read_to_string(&mut text).map_err(failed)?;
    bounded(text, read, path)
}

/// Reads an environment variable.
///
/// # Errors
/// [`Error::NotFound`] when it is not set for this plugin: one that was not granted looks the same from here.
pub(crate) fn variable(name: &str) -> Result<String> {
    let text = env::var(name).map_err(|error| match error {
        VarError::NotUnicode(_) => Error::invalid_arguments(format!("`{name}` is not text in UTF-8")),
        VarError::NotPresent if name == REQUESTED => Error::not_found(format!(
            "the variable `{name}` is not there: an operator sets it for the host and grants it to this plugin with \
             `env = [\"{name}\"]`"
        )),
        VarError::NotPresent => Error::not_found(format!(
            "the variable `{name}` is not there: an operator can grant this plugin only what its manifest requests, \
             which is `{REQUESTED}`"
        )),
    })?;
    let read = text.len();
    bounded(text, read, name)
}

fn bounded(text: String, bytes: usize, name: &str) -> Result<String> {
    if u64::try_from(bytes).is_ok_and(|bytes| bytes <= MAX_TEXT) {
        return Ok(text);
    }
    Err(Error::invalid_arguments(format!("`{name}` is longer than {MAX_TEXT} bytes: give fewer nodes")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure fails the test")]

    use std::fs;

    use super::*;

    fn kind(result: Result<String>) -> (&'static str, String) {
        match result.unwrap_err() {
            Error::InvalidArguments(message) => ("invalid arguments", message),
            Error::NotFound(message) => ("not found", message),
            Error::Denied(message) => ("denied", message),
            other => unreachable!("{other}"),
        }
    }

    #[test]
    fn a_file_is_read_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("more")).unwrap();
        fs::write(directory.path().join("more/a.txt"), "# none\n\n").unwrap();
        assert_eq!(file(directory.path(), "more/a.txt").unwrap(), "# none\n\n");
        let longest = "x".repeat(256 * 1024);
        fs::write(directory.path().join("longest"), &longest).unwrap();
        assert_eq!(file(directory.path(), "longest").unwrap(), longest);
    }

    #[test]
    fn paths_stay_inside_of_the_directory() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("bootstrap");
        fs::create_dir(&directory).unwrap();
        fs::write(parent.path().join("secret"), "s").unwrap();
        fs::write(directory.join("a"), "a").unwrap();
        let absolute = parent.path().join("secret");
        for path in ["../secret", "a/../../secret", "..", ".", "./a", "", absolute.to_str().unwrap()] {
            let (kind, message) = kind(file(&directory, path));
            assert_eq!(kind, "invalid arguments", "{path}: {message}");
        }
    }

    #[test]
    fn what_is_no_file_of_nodes_is_refused_by_its_name() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("binary"), [0xff, 0xfe]).unwrap();
        fs::write(directory.path().join("long"), "x".repeat(256 * 1024 + 1)).unwrap();
        let refused = |name| {
            let (kind, message) = kind(file(directory.path(), name));
            assert!(message.contains(&format!("`{name}`")), "{message}");
            kind
        };
        assert_eq!(refused("absent"), "not found");
        assert_eq!(refused("binary"), "invalid arguments");
        assert_eq!(refused("long"), "invalid arguments");
        let (kind, message) = kind(file(&directory.path().join("absent"), "a"));
        assert_eq!((kind, message.contains("fs.bootstrap")), ("denied", true), "{message}");
    }

    #[test]
    fn a_variable_that_is_not_there_names_the_grant() {
        let (kind, message) = kind(variable("TANDEM_BOOTSTRAP"));
        assert_eq!((kind, message.contains("env = [\"TANDEM_BOOTSTRAP\"]")), ("not found", true), "{message}");
        let (kind, message) = self::kind(variable("TANDEM_NOT_THERE"));
        assert_eq!((kind, message.contains("only what its manifest requests")), ("not found", true), "{message}");
        assert!(variable("PATH").is_ok());
    }
}
