//! Search in the files of a revision.

use gix_object::{Kind, tree::EntryKind};
use regex::bytes::{Regex, RegexBuilder};
use tandem_sdk::prelude::*;

use crate::{
    commits,
    limits::{MAX_GREP_BYTES, MAX_LINE_BYTES, MAX_REGEX_BYTES, PROGRESS_STEPS},
    patch,
    repository::Repository,
    revision, trees,
};

/// A line that matches.
#[output]
#[derive(Debug)]
pub(crate) struct Match {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// Its text, cut at 500 bytes.
    pub text: String,
}

/// Lines that match, a page of them.
#[output]
#[derive(Debug)]
pub(crate) struct Matches {
    /// The commit that was searched.
    pub commit: String,
    /// The lines, by path.
    pub matches: Vec<Match>,
    /// How many files were searched for this page. Binary files, links and submodules are not.
    pub files_searched: usize,
    /// Give it as `cursor` for more; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What to search for.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub(crate) pattern: &'a str,
    pub(crate) literal: bool,
    pub(crate) ignore_case: bool,
    pub(crate) revision: &'a str,
    pub(crate) path: Option<&'a str>,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<&'a str>,
}

fn regex(query: &Query<'_>) -> Result<Regex> {
    let pattern = if query.literal { regex::escape(query.pattern) } else { query.pattern.to_owned() };
    RegexBuilder::new(&pattern).case_insensitive(query.ignore_case).size_limit(MAX_REGEX_BYTES).build().map_err(
        |error| {
            Error::invalid_arguments(format!(
                "`pattern` is not a regular expression: {error}; `literal` searches for it as it is"
            ))
        },
    )
}

/// The file and line after which the page begins.
fn position(cursor: Option<&str>) -> Result<(&str, usize)> {
    let Some(cursor) = cursor else { return Ok(("", 0)) };
    let parsed = cursor.split_once(':').and_then(|(line, path)| Some((path, line.parse().ok()?)));
    parsed.ok_or_else(|| Error::invalid_arguments("`cursor` is not the `next_cursor` of an answer"))
}

pub(crate) fn run(ctx: &Ctx, repository: &Repository, query: &Query<'_>) -> Result<Matches> {
    let regex = regex(query)?;
    let (after_path, after_line) = position(query.cursor)?;
    let filter = trees::tidy("path", query.path.unwrap_or_default())?;
    let commit = commits::read(repository, revision::commit(repository, "revision", query.revision)?)?;
    let node = crate::file::find(repository, commit.tree, &filter, query.revision)?;
    let mut files = std::collections::BTreeMap::new();
    if node.kind == EntryKind::Tree {
        trees::collect(repository, Some(node.id), &filter, 0, &mut files)?;
    } else {
        files.insert(filter, node);
    }
    let (mut matches, mut bytes, total) = (Vec::new(), 0_u64, files.len());
    let mut found =
        Matches { commit: commit.id.to_string(), matches: Vec::new(), files_searched: 0, next_cursor: None };
    for (path, node) in files {
        if path.as_str() < after_path || !matches!(node.kind, EntryKind::Blob | EntryKind::BlobExecutable) {
            continue;
        }
        ctx.check()?;
        if found.files_searched.is_multiple_of(PROGRESS_STEPS) {
            ctx.progress(found.files_searched as f64, Some(total as f64), "files searched");
        }
        let blob = repository.objects.find_kind(node.id, Kind::Blob)?;
        bytes += blob.data.len() as u64;
        if bytes > MAX_GREP_BYTES {
            return Err(Error::invalid_arguments(format!(
                "more than {MAX_GREP_BYTES} bytes would be searched: give a `path`"
            )));
        }
        if patch::is_binary(&blob.data) {
            continue;
        }
        found.files_searched += 1;
        let skip = if path == after_path { after_line } else { 0 };
        let text = blob.data.strip_suffix(b"\n").unwrap_or(&blob.data);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate().skip(skip) {
            if !regex.is_match(line) {
                continue;
            }
            if matches.len() == query.limit {
                found.next_cursor = matches.last().map(|last: &Match| format!("{}:{}", last.line, last.path));
                found.matches = matches;
                return Ok(found);
            }
            let cut = line.get(..MAX_LINE_BYTES).unwrap_or(line);
            matches.push(Match {
                path: path.clone(),
                line: index + 1,
                text: String::from_utf8_lossy(cut).into_owned(),
            });
        }
    }
    found.matches = matches;
    Ok(found)
}
