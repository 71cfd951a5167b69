//! Writes whole files, and makes directories.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tandem_sdk::prelude::*;

use crate::{
    limits::{CHUNK, MAX_APPENDED_BYTES, MAX_WRITTEN_BYTES},
    path::Grants,
    replace::{self, NewFile, Over, Version},
    storage::Kind,
};

/// How `content` is given.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Given {
    /// Text, written as UTF-8.
    #[default]
    Text,
    /// Bytes in base64.
    Base64,
}

/// What happens to a file that is there.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// It is kept, and the call fails.
    #[default]
    Create,
    /// It is replaced.
    Replace,
    /// The content is added to its end.
    Append,
}

/// What was written.
#[output]
#[derive(Debug)]
pub(crate) struct WrittenFile {
    /// The file.
    path: String,
    /// Its size in bytes now.
    bytes: u64,
    /// Whether it is new.
    created: bool,
}

/// A directory that is there now.
#[output]
#[derive(Debug)]
pub(crate) struct MadeDirectory {
    /// The directory.
    path: String,
    /// Whether it is new.
    created: bool,
}

/// Writes a file.
pub(crate) fn write(
    ctx: &Ctx,
    grants: &Grants,
    path: &str,
    content: String,
    given: Given,
    mode: Mode,
) -> Result<WrittenFile> {
    let place = grants.locate_to_change(path)?;
    let content = match given {
        Given::Text => content.into_bytes(),
        Given::Base64 => STANDARD.decode(content.trim_ascii()).map_err(|error| {
            Error::invalid_arguments(format!("`content` is not base64 (RFC 4648, with padding): {error}"))
        })?,
    };
    if content.len() > MAX_WRITTEN_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`content` has {} bytes; one call writes at most {MAX_WRITTEN_BYTES}: write the rest with `mode` = `append`",
            content.len()
        )));
    }
    let there = match mode {
        Mode::Create => replace::check(&place, Over::Nothing)?,
        Mode::Replace | Mode::Append => replace::check(&place, Over::File)?,
    };
    let source = if there && mode == Mode::Append { Some(place.open()?) } else { None };
    let over = match (&source, mode) {
        (Some(source), _) => Over::Version(Version::new(source.bytes, source.modified)),
        (None, Mode::Replace) => Over::File,
        (None, _) => Over::Nothing,
    };
    if let Some(source) = source.as_ref().filter(|source| source.bytes > MAX_APPENDED_BYTES) {
        return Err(Error::invalid_arguments(format!(
            "`{}` has {} bytes; at most {MAX_APPENDED_BYTES} can be appended to, since the file is copied: begin another file",
            place.path, source.bytes
        )));
    }
    let mut file = NewFile::new(&place, over)?;
    if let Some(mut source) = source {
        loop {
            ctx.check()?;
            let bytes = source.read_up_to(&place.path, CHUNK)?;
            if bytes.is_empty() {
                break;
            }
            file.write(&bytes)?;
        }
    }
    file.write(&content)?;
    let bytes = file.commit()?;
    Ok(WrittenFile { path: place.path, bytes, created: !there })
}

/// Makes a directory, and those above it. An existing one is not an error.
pub(crate) fn make_directory(grants: &Grants, path: &str) -> Result<MadeDirectory> {
    let place = grants.locate_to_change(path)?;
    if place.look(true)?.is_some_and(|stat| stat.kind != Kind::Directory) {
        return Err(Error::invalid_arguments(format!("`{}` is a file: choose another name", place.path)));
    }
    let made = replace::make_directories(&place)?;
    Ok(MadeDirectory { path: place.path, created: !made.is_empty() })
}
