//! Documents in granted directories, and the parts of zipped ones.

use std::io::{Cursor, Read};

use tandem_granted_folders::{FolderError, Folders, open};
use tandem_sdk::prelude::*;
use zip::ZipArchive;

use crate::call::Call;
use crate::limits::{MAX_EXPANDED_BYTES, MAX_FILE_BYTES, MAX_PARTS};

/// A file's bytes, at most [`MAX_FILE_BYTES`].
pub(crate) fn read(path: &str) -> Result<Vec<u8>> {
    let location = Folders::granted().locate("path", path).map_err(FolderError::into_tool_error)?;
    let (file, _) = open("path", &location).map_err(FolderError::into_tool_error)?;
    let failed = |error: std::io::Error| Error::other(format!("path: `{path}` cannot be read: {error}"));
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::invalid_arguments(format!("path: `{path}` has more than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Text as UTF-8.
pub(crate) fn text(path: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        Error::invalid_arguments(format!(
            "path: `{path}` is not UTF-8 text: invalid byte at offset {}",
            error.utf8_error().valid_up_to()
        ))
    })
}

/// The part that a reference in a part of `folder` names: relative to it, or from the root.
pub(crate) fn resolve(folder: &str, target: &str) -> String {
    let mut names: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            _ => names.push(name),
        }
    }
    names.retain(|name| !name.is_empty());
    names.join("/")
}

/// A zipped document whose parts were all decompressed once, to know that they fit.
pub(crate) struct Package<'a> {
    path: &'a str,
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Package<'a> {
    pub(crate) fn open(call: Call<'_>, path: &'a str, bytes: &'a [u8]) -> Result<Self> {
        let damaged = |error: &dyn std::fmt::Display| {
            Error::invalid_arguments(format!("path: `{path}` is not a valid zipped document: {error}"))
        };
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        if archive.len() > MAX_PARTS {
            return Err(Error::invalid_arguments(format!(
                "path: `{path}` has {} parts; at most {MAX_PARTS} are read",
                archive.len()
            )));
        }
        let mut total = 0;
        for index in 0..archive.len() {
            call.check()?;
            let part = archive.by_index(index).map_err(|error| damaged(&error))?;
            let left = MAX_EXPANDED_BYTES + 1 - total;
            total += std::io::copy(&mut part.take(left), &mut std::io::sink()).map_err(|error| damaged(&error))?;
            if total > MAX_EXPANDED_BYTES {
                return Err(Error::invalid_arguments(format!(
                    "path: `{path}` expands to more than {MAX_EXPANDED_BYTES} bytes"
                )));
            }
        }
        Ok(Self { path, archive })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// Calls `visit` with the name and the content of each part.
    pub(crate) fn each(&mut self, mut visit: impl FnMut(&str, &mut dyn Read) -> Result<()>) -> Result<()> {
        let path = self.path;
        for index in 0..self.archive.len() {
            let damaged = |error: zip::result::ZipError| {
                Error::invalid_arguments(format!("path: `{path}` is not a valid zipped document: {error}"))
            };
            let part = self.archive.by_index(index).map_err(damaged)?;
            let name = part.name().map_err(damaged)?.into_owned();
            visit(&name, &mut part.take(MAX_EXPANDED_BYTES))?;
        }
        Ok(())
    }

    pub(crate) fn part(&mut self, name: &str) -> Result<String> {
        let path = self.path;
        let failed =
            |error: &dyn std::fmt::Display| Error::invalid_arguments(format!("path: `{path}`, part `{name}`: {error}"));
        let part = self.archive.by_name(name).map_err(|error| failed(&error))?;
        // Not twice what is needed, as growth would take.
        let mut text = String::with_capacity(part.size().min(MAX_EXPANDED_BYTES) as usize);
        part.take(MAX_EXPANDED_BYTES).read_to_string(&mut text).map_err(|error| failed(&error))?;
        Ok(text)
    }
}
