//! Collects the lines of one file that match, with the lines around them.

use std::{collections::VecDeque, io};

use grep_searcher::{Searcher, Sink, SinkContext, SinkContextKind, SinkFinish, SinkMatch};
use tandem_sdk::prelude::*;

use crate::{limits::MAX_MATCH_BYTES, text};

/// What is given of the files that match.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Output {
    /// The lines that match.
    #[default]
    Lines,
    /// The files that have a match.
    Files,
    /// How many lines match in each file.
    Counts,
}

/// A line that matches, or several where the match goes over them.
#[output]
#[derive(Debug)]
pub(crate) struct Match {
    /// The file.
    path: String,
    /// The number of the (first) line, from 1.
    pub(crate) line: u64,
    /// The line, of a long one its start.
    text: String,
    /// The lines before it; one that was given already is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    before: Vec<String>,
    /// The lines after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
}

/// Collects the matches of one file.
pub(crate) struct Collect<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) path: &'a str,
    pub(crate) output: Output,
    /// Matches up to this line were given before.
    pub(crate) after_line: u64,
    pub(crate) room: usize,
    pub(crate) bytes_left: usize,
    pub(crate) found: Vec<Match>,
    pub(crate) before: VecDeque<String>,
    /// How many lines before a match are wanted.
    pub(crate) keep: usize,
    pub(crate) lines: u64,
    pub(crate) binary: bool,
    /// There are more matches than there is room for.
    pub(crate) more: bool,
    pub(crate) cancelled: bool,
}

fn shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches(['\n', '\r']);
    match text::cut(line, MAX_MATCH_BYTES) {
        all if all.len() == line.len() => all.to_owned(),
        cut => format!("{cut}… [{} bytes more]", line.len() - cut.len()),
    }
}

impl Sink for Collect<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        let line = found.line_number().unwrap_or(0);
        if line <= self.after_line {
            self.before.clear();
            return Ok(true);
        }
        self.lines += 1;
        if self.lines.is_multiple_of(1_000) && self.ctx.cancelled() {
            self.cancelled = true;
            return Ok(false);
        }
        match self.output {
            Output::Files => return Ok(false),
            Output::Counts => return Ok(true),
            Output::Lines => {}
        }
        if self.found.len() >= self.room || self.bytes_left == 0 {
            self.more = true;
            return Ok(false);
        }
        let text = shown(found.bytes());
        let before: Vec<_> = self.before.drain(..).collect();
        let bytes = text.len() + self.path.len() + before.iter().map(String::len).sum::<usize>();
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.found.push(Match { path: self.path.to_owned(), line, text, before, after: Vec::new() });
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        let line = shown(context.bytes());
        self.bytes_left = self.bytes_left.saturating_sub(line.len());
        match (context.kind(), self.found.last_mut()) {
            (SinkContextKind::After, Some(found)) => found.after.push(line),
            _ => self.before.push_back(line),
        }
        if self.before.len() > self.keep {
            self.before.pop_front();
        }
        Ok(true)
    }

    fn context_break(&mut self, _: &Searcher) -> io::Result<bool> {
        self.before.clear();
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> io::Result<bool> {
        self.binary = true;
        Ok(false)
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> io::Result<()> {
        self.binary |= finish.binary_byte_offset().is_some();
        Ok(())
    }
}
