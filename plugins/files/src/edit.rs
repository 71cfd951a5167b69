//! Replaces text in a file, and shows what changed.

use tandem_sdk::prelude::*;

use crate::{
    limits::{MAX_DIFF_BYTES, MAX_DIFF_WORK, MAX_EDITED_BYTES, MAX_REPLACEMENTS},
    path::{Grants, Place},
    replace::{self, NewFile, Over, Version},
    text,
};

/// Places that an error names.
const MAX_NAMED: usize = 10;

/// What was edited.
#[output]
#[derive(Debug)]
pub(crate) struct Edited {
    /// The file.
    path: String,
    /// How many times the text was replaced.
    replaced: usize,
    /// What changed, as a unified diff; absent where comparing would take too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    /// Whether the file was written; false for a `dry_run`.
    written: bool,
}

/// A text file that was read to be changed.
#[derive(Debug)]
pub(crate) struct Original {
    pub(crate) text: String,
    pub(crate) version: Version,
}

/// Reads a whole file of UTF-8 text.
pub(crate) fn read_original(place: &Place<'_>) -> Result<Original> {
    let mut source = place.open()?;
    replace::check(place, Over::File)?;
    if source.bytes > MAX_EDITED_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`{}` has {} bytes; files of at most {MAX_EDITED_BYTES} can be edited",
            place.path, source.bytes
        )));
    }
    let version = Version::new(source.bytes, source.modified);
    let bytes = source.read_up_to(&place.path, usize::try_from(source.bytes).unwrap_or(usize::MAX))?;
    if text::is_binary(&bytes) {
        return Err(Error::invalid_arguments(format!(
            "`{}` is binary, or UTF-16, and not UTF-8 text: replace the whole file with `files_write`",
            place.path
        )));
    }
    Ok(Original { text: text::utf8(&place.path, bytes, 1)?, version })
}

/// Replaces `old` by `new`, which must be there `count` times.
pub(crate) fn edit(grants: &Grants, path: &str, old: &str, new: &str, count: usize, dry_run: bool) -> Result<Edited> {
    let place = if dry_run { grants.locate(path)? } else { grants.locate_to_change(path)? };
    if old.is_empty() {
        return Err(Error::invalid_arguments(
            "`old` is empty: give the text to replace; `files_write` with `mode` = `append` adds to the end",
        ));
    }
    if old == new {
        return Err(Error::invalid_arguments("`old` and `new` are the same: nothing would change"));
    }
    let original = read_original(&place)?;
    let (old, new) = with_line_endings(&original.text, old, new);
    let found: Vec<usize> = original.text.match_indices(&old).map(|(at, _)| at).take(MAX_REPLACEMENTS + 1).collect();
    if found.len() > MAX_REPLACEMENTS {
        return Err(Error::invalid_arguments(format!(
            "`old` is there more than {MAX_REPLACEMENTS} times, which is the most that one edit replaces: give a longer `old`"
        )));
    }
    if found.is_empty() {
        return Err(not_there(&place, &original.text, &old));
    }
    if found.len() != count {
        return Err(other_count(&place, &original.text, &found, count));
    }
    let edited = original.text.replace(&old, &new);
    if edited.len() as u64 > MAX_EDITED_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`{}` would have {} bytes; files of at most {MAX_EDITED_BYTES} can be edited",
            place.path,
            edited.len()
        )));
    }
    let changed = found.len() * (old.lines().count() + new.lines().count() + 1);
    let diff = diff(&place.path, &original.text, &edited, changed);
    if !dry_run {
        let mut file = NewFile::new(&place, Over::Version(original.version))?;
        file.write(edited.as_bytes())?;
        file.commit()?;
    }
    Ok(Edited { path: place.path, replaced: found.len(), diff, written: !dry_run })
}

/// `old` and `new` with the line endings of the file, where it has only `\r\n` and they have only `\n`.
fn with_line_endings(text: &str, old: &str, new: &str) -> (String, String) {
    let converts = text::line_ending(text.as_bytes()) == Some(text::LineEnding::Crlf) && !old.contains('\r');
    if converts && !new.contains('\r') {
        (old.replace('\n', "\r\n"), new.replace('\n', "\r\n"))
    } else {
        (old.to_owned(), new.to_owned())
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn other_count(place: &Place<'_>, text: &str, found: &[usize], count: usize) -> Error {
    let lines: Vec<_> = found.iter().take(MAX_NAMED).map(|at| line_of(text, *at).to_string()).collect();
    let more = if found.len() > lines.len() { ", …" } else { "" };
    Error::invalid_arguments(format!(
        "`old` is {} times in `{}` (lines {}{more}) and not {count} times: give more of the text around the one that is meant, or \
         `count` = {} to replace all",
        found.len(),
        place.path,
        lines.join(", "),
        found.len()
    ))
}

/// Says what is like `old` in the file: the same lines with other white space, or its first line.
fn not_there(place: &Place<'_>, text: &str, old: &str) -> Error {
    let wanted: Vec<&str> = old.trim().lines().map(str::trim).collect();
    let lines: Vec<&str> = text.lines().collect();
    let alike = lines
        .windows(wanted.len().max(1))
        .position(|window| window.iter().zip(&wanted).all(|(line, wanted)| line.trim() == *wanted));
    let first = wanted.iter().find(|line| !line.is_empty()).copied().unwrap_or_default();
    let near = lines.iter().position(|line| !first.is_empty() && line.contains(first));
    let hint = match (alike, near) {
        (Some(at), _) => format!(
            "lines {} to {} differ from it only in white space: copy them as they are, with `files_read`",
            at + 1,
            at + wanted.len()
        ),
        (None, Some(at)) => format!("line {} has its first line, and the text after it differs", at + 1),
        (None, None) => "read it with `files_read`, or look for a part with `files_grep`".to_owned(),
    };
    Error::not_found(format!("`old` is not in `{}`: {hint}", place.path))
}

/// A unified diff; none where comparing `changed` lines would take too long.
pub(crate) fn diff(path: &str, old: &str, new: &str, changed: usize) -> Option<String> {
    let lines = old.lines().count() + new.lines().count();
    if lines.saturating_mul(changed) > MAX_DIFF_WORK {
        return None;
    }
    let mut options = diffy::DiffOptions::new();
    options.set_original_filename(format!("a/{path}")).set_modified_filename(format!("b/{path}"));
    let patch = options.create_patch(old, new);
    let diff = diffy::PatchFormatter::new().suppress_blank_empty(false).fmt_patch(&patch).to_string();
    let cut = text::cut(&diff, MAX_DIFF_BYTES);
    Some(if cut.len() < diff.len() { format!("{cut}\n… [{} bytes more]\n", diff.len() - cut.len()) } else { diff })
}
