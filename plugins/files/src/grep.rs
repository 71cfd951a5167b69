//! Searches the text of files with a regular expression.
//!
//! The engine has no backtracking: a search takes time in proportion to the text, whatever the expression. What could grow is
//! bounded: the expression, its nesting, its compiled form and the current line.

use std::{collections::VecDeque, io};

use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use tandem_sdk::prelude::*;

use crate::{
    globs::Globs,
    limits::{
        MAX_COMPILED_BYTES, MAX_CONTENT_BYTES, MAX_PATTERN_BYTES, MAX_PATTERN_NESTING, MAX_SEARCH_BUFFER,
        MAX_SEARCHED_BYTES, MAX_STATES_BYTES,
    },
    matches::{Collect, Match, Output},
    path::{Grants, Place},
    storage::{Kind, Source},
    walk::{Options, Skipped, Walk, is_zero},
};

/// Whether upper and lower case are alike.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Case {
    /// They differ.
    #[default]
    Sensitive,
    /// They are alike.
    Insensitive,
    /// They are alike unless the pattern has upper case.
    Smart,
}

/// A search.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) pattern: String,
    pub(crate) literal: bool,
    pub(crate) case: Case,
    pub(crate) word: bool,
    pub(crate) multiline: bool,
    pub(crate) glob: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) output: Output,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<String>,
}

/// How often a file matches.
#[output]
#[derive(Debug)]
pub(crate) struct Count {
    /// The file.
    path: String,
    /// Lines that match; of `files` not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<u64>,
}

/// Files that were not searched.
#[output]
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unsearched {
    /// Binary files.
    #[serde(skip_serializing_if = "is_zero")]
    binary: u64,
    /// Files with a line over 8 MiB; with `multiline` files over 8 MiB.
    #[serde(skip_serializing_if = "is_zero")]
    too_long: u64,
    /// Files that could not be read.
    #[serde(skip_serializing_if = "is_zero")]
    failed: u64,
}

/// What matches.
#[output]
#[derive(Debug, Default)]
pub(crate) struct Matches {
    /// Lines, with `output` = `lines`.
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<Match>>,
    /// Files, with `output` = `files` or `counts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<Count>>,
    /// How many files were searched in this call.
    searched: u64,
    /// Give it as `cursor` to go on; absent when all was searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Files that were not searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsearched: Option<Unsearched>,
    /// Entries that were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<Skipped>,
}

fn matcher(query: &Query) -> Result<RegexMatcher> {
    let pattern = &query.pattern;
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`pattern` has {} bytes: give 1 to {MAX_PATTERN_BYTES}",
            pattern.len()
        )));
    }
    let mut builder = RegexMatcherBuilder::new();
    builder
        .multi_line(true)
        .unicode(true)
        .fixed_strings(query.literal)
        .word(query.word)
        .case_insensitive(query.case == Case::Insensitive)
        .case_smart(query.case == Case::Smart)
        .nest_limit(MAX_PATTERN_NESTING)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_STATES_BYTES);
    if !query.multiline {
        builder.line_terminator(Some(b'\n')).crlf(true);
    }
    builder.build(pattern).map_err(|error| {
        Error::invalid_arguments(format!(
            "`pattern`: {error} (regular expressions of Rust: no look-around or back-references, at most {MAX_PATTERN_NESTING} levels and \
             {MAX_COMPILED_BYTES} bytes compiled; `literal` = true searches for the text as it is)"
        ))
    })
}

fn searcher(query: &Query) -> Searcher {
    let lines = query.output == Output::Lines;
    SearcherBuilder::new()
        // As the expression has it, or the search is refused.
        .line_terminator(if query.multiline { LineTerminator::default() } else { LineTerminator::crlf() })
        .line_number(true)
        .multi_line(query.multiline)
        .before_context(if lines { query.before } else { 0 })
        .after_context(if lines { query.after } else { 0 })
        .heap_limit(Some(MAX_SEARCH_BUFFER))
        .binary_detection(BinaryDetection::quit(0))
        .build()
}

/// The parts of a cursor: the file, and the line in it after which to go on; line 0 is the whole file, and none its end.
fn split_cursor(cursor: &str) -> Option<(&str, Option<u64>)> {
    let (path, line) = cursor.rsplit_once(':')?;
    Some((path, if line == "end" { None } else { Some(line.parse().ok()?) }))
}

struct Search<'a> {
    ctx: &'a Ctx,
    query: &'a Query,
    matcher: RegexMatcher,
    searcher: Searcher,
    matches: Vec<Match>,
    files: Vec<Count>,
    unsearched: Unsearched,
    bytes_left: usize,
    searched: u64,
    searched_bytes: u64,
    next_cursor: Option<String>,
}

impl Search<'_> {
    /// Searches a file, and tells whether to go on.
    fn file(&mut self, place: &Place<'_>, after_line: u64) -> Result<bool> {
        let Ok(source) = place.open() else {
            self.unsearched.failed += 1;
            return Ok(true);
        };
        if self.searched > 0 && self.searched_bytes + source.bytes > MAX_SEARCHED_BYTES {
            self.next_cursor = Some(format!("{}:{after_line}", place.path));
            return Ok(false);
        }
        let bytes = source.bytes;
        self.searched_bytes += bytes;
        self.searched += 1;
        if self.searched.is_multiple_of(200) {
            self.ctx.progress(self.searched as f64, None, format!("{} files", self.searched));
        }
        let mut sink = Collect {
            ctx: self.ctx,
            path: &place.path,
            output: self.query.output,
            after_line,
            room: self.query.limit.saturating_sub(self.matches.len()),
            bytes_left: self.bytes_left,
            found: Vec::new(),
            before: VecDeque::new(),
            keep: self.query.before,
            lines: 0,
            binary: false,
            more: false,
            cancelled: false,
        };
        let done = self.searcher.search_reader(&self.matcher, Watched { source, ctx: self.ctx }, &mut sink);
        if sink.cancelled || self.ctx.cancelled() {
            return Err(Error::Cancelled);
        }
        if sink.binary {
            self.unsearched.binary += 1;
            return Ok(true);
        }
        if done.is_err() {
            let long = bytes > MAX_SEARCH_BUFFER as u64;
            *(if long { &mut self.unsearched.too_long } else { &mut self.unsearched.failed }) += 1;
        }
        let (lines, more) = (sink.lines, sink.more);
        self.bytes_left = sink.bytes_left;
        let last = sink.found.last().map(|found| found.line);
        self.matches.extend(sink.found);
        if more {
            self.next_cursor = Some(format!("{}:{}", place.path, last.unwrap_or(after_line)));
            return Ok(false);
        }
        if lines > 0 && self.query.output != Output::Lines {
            let counted = self.query.output == Output::Counts;
            self.files.push(Count { path: place.path.clone(), lines: counted.then_some(lines) });
            if self.files.len() == self.query.limit {
                self.next_cursor = Some(format!("{}:end", place.path));
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A file whose reading ends when the call is given up.
struct Watched<'a> {
    source: Source,
    ctx: &'a Ctx,
}

impl io::Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ctx.cancelled() { Ok(0) } else { self.source.read(buffer) }
    }
}

/// Searches a file, or the files below a directory or below all granted ones.
pub(crate) fn search(
    ctx: &Ctx,
    grants: &Grants,
    path: Option<&str>,
    query: &Query,
    options: Options,
) -> Result<Matches> {
    let (glob, exclude) = (Globs::new("glob", &query.glob, false)?, Globs::new("exclude", &query.exclude, false)?);
    let mut search = Search {
        ctx,
        query,
        matcher: matcher(query)?,
        searcher: searcher(query),
        matches: Vec::new(),
        files: Vec::new(),
        unsearched: Unsearched::default(),
        bytes_left: MAX_CONTENT_BYTES,
        searched: 0,
        searched_bytes: 0,
        next_cursor: None,
    };
    let cursor = query.cursor.as_deref().map(|cursor| {
        split_cursor(cursor).ok_or_else(|| {
            Error::invalid_arguments(format!(
                "`cursor` is `{cursor}`: give the `next_cursor` of the call before, or leave it out"
            ))
        })
    });
    let cursor = cursor.transpose()?;
    let mut skipped = Skipped::default();
    let start = path.map(|path| grants.locate(path)).transpose()?;
    let begun = match cursor {
        Some((file, Some(line))) => search.file(&grants.locate(file)?, line)?,
        _ => true,
    };
    let is_file =
        start.as_ref().map(|start| start.stat(true)).transpose()?.is_some_and(|stat| stat.kind != Kind::Directory);
    if let Some(file) = start.filter(|_| is_file) {
        if cursor.is_none() {
            file.open()?;
            search.file(&file, 0)?;
        }
    } else if begun {
        let mut walk = Walk::new(ctx, grants, path, options, cursor.map(|(file, _)| file))?;
        while let Some(visit) = walk.next()? {
            let (name, below, path) = (visit.place.name(), Walk::below(&visit), &visit.place.path);
            let wanted = visit.kind == Kind::File
                && glob.as_ref().is_none_or(|globs| globs.fit(name, below, path))
                && !exclude.as_ref().is_some_and(|globs| globs.fit(name, below, path));
            if wanted && !search.file(&visit.place, 0)? {
                break;
            }
        }
        skipped = walk.skipped;
        search.next_cursor = search.next_cursor.or(walk.stopped_at.map(|path| format!("{path}:end")));
    }
    let lines = query.output == Output::Lines;
    Ok(Matches {
        matches: lines.then_some(search.matches),
        files: (!lines).then_some(search.files),
        searched: search.searched,
        next_cursor: search.next_cursor,
        unsearched: (search.unsearched != Unsearched::default()).then_some(search.unsearched),
        skipped: skipped.some(),
    })
}
