//! The text that a call is about: given, or in a file.

use std::io::Read;

use tandem_granted_folders::{self as folders, Folders};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_INLINE_BYTES, MAX_TEXT_BYTES},
};

/// A text and where it is from.
pub(crate) struct Source {
    pub(crate) text: String,
    /// Its path, where it is a file.
    pub(crate) path: Option<String>,
}

impl Source {
    /// Whether it is Markdown by its name.
    pub(crate) fn is_markdown(&self) -> bool {
        let ending = self.path.as_deref().and_then(|path| path.rsplit_once('.')).map(|(_, ending)| ending);
        ending.is_some_and(|ending| ["md", "markdown", "mdx"].contains(&ending.to_ascii_lowercase().as_str()))
    }

    /// The one of `text` and `path` that is given.
    pub(crate) fn read(text: Option<String>, path: Option<&str>, folders: &Folders) -> Result<Self> {
        match (text, path) {
            (Some(text), None) if text.len() > MAX_INLINE_BYTES => Err(Fault::Limit(format!(
                "`text` has {} bytes and may have {MAX_INLINE_BYTES}: write it to a file and give its `path`",
                text.len()
            ))),
            (Some(text), None) => Ok(Self { text, path: None }),
            (None, Some(path)) => file(path, folders),
            (Some(_), Some(_)) => Err(Fault::argument("`text` and `path` are both given: give one of them")),
            (None, None) => Err(Fault::argument("neither `text` nor `path` is given: give one of them")),
        }
    }
}

fn file(path: &str, folders: &Folders) -> Result<Source> {
    let location = folders.locate("path", path)?;
    let (file, length) = folders::open("path", &location)?;
    let path = location.path;
    if length > MAX_TEXT_BYTES {
        return Err(Fault::limit(
            &path,
            format_args!("it has {length} bytes and a text at most {MAX_TEXT_BYTES}: split it"),
        ));
    }
    let mut bytes = Vec::new();
    file.take(MAX_TEXT_BYTES).read_to_end(&mut bytes).map_err(|error| Fault::io(&path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Fault::damaged(
            &path,
            format_args!("it is not text in UTF-8 at byte {at}: convert it with `convert_file` first"),
        )
    })?;
    Ok(Source { text, path: Some(path) })
}
