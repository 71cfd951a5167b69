//! `tools_result_grep`: where a regular expression matches in a result, line by line.

use std::time::{Duration, Instant};

use memchr::memchr_iter;
use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_router::CallError;
use tandem_types::Caller;

use super::{
    argument::{self, invalid},
    failure::failed,
    limits::{
        DEFAULT_MATCHES, MAX_AROUND, MAX_COMPILED, MAX_CONTEXT, MAX_FOUND, MAX_MATCH, MAX_MATCHES, OVERLAP, PIECE,
    },
    policy::ResultPolicy,
};

const TOOL: &str = "tools_result_grep";
/// How long one search may take: time of a thread that other calls wait for.
const MAX_TIME: Duration = Duration::from_secs(2);

/// What is to be found.
#[derive(Debug, Deserialize)]
pub(crate) struct Grep {
    result: String,
    pattern: String,
    #[serde(default)]
    ignore_case: bool,
    #[serde(default)]
    context: usize,
    max_matches: Option<usize>,
}

/// One match.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Match {
    /// Of the line, from 1 on.
    line: usize,
    /// Of the match, in bytes from the beginning.
    offset: usize,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    before: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Found {
    result: String,
    matches: Vec<Match>,
    total_bytes: usize,
    searched_bytes: usize,
    /// Why it ended before the end; absent where all was searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<&'static str>,
}

/// Searches a result.
///
/// # Errors
///
/// The result is not there for this caller, or the expression is wrong.
pub(crate) fn grep(policy: &ResultPolicy, caller: &Caller, wanted: &Grep) -> Result<Value, CallError> {
    let id = argument::id(TOOL, &wanted.result)?;
    let regex = RegexBuilder::new(&wanted.pattern)
        .case_insensitive(wanted.ignore_case)
        .multi_line(true)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| invalid(TOOL, "/pattern", error.to_string()))?;
    let content = policy.get(caller, id)?.content().map_err(failed)?;
    let most = wanted.max_matches.unwrap_or(DEFAULT_MATCHES).min(MAX_MATCHES);
    let mut search = Search {
        content: &content,
        ends: memchr_iter(b'\n', &content).collect(),
        context: wanted.context.min(MAX_CONTEXT),
        matches: Vec::new(),
        bytes: 0,
        until: Instant::now() + MAX_TIME,
    };
    let (searched_bytes, stopped) = search.run(&regex, most);
    let (matches, total_bytes) = (search.matches, content.len());
    let found = Found { result: id.to_string(), matches, total_bytes, searched_bytes, stopped };
    serde_json::to_value(found).map_err(|error| CallError::Internal(error.to_string()))
}

struct Search<'c> {
    content: &'c [u8],
    /// Where line feeds are.
    ends: Vec<usize>,
    context: usize,
    matches: Vec<Match>,
    /// Of the lines that were found.
    bytes: usize,
    until: Instant,
}

impl Search<'_> {
    /// How far it came, and why no further.
    fn run(&mut self, regex: &Regex, most: usize) -> (usize, Option<&'static str>) {
        for line in 0..=self.ends.len() {
            let Some((start, end)) = self.line(line) else { continue };
            let mut from = start;
            // A long line in pieces, so that the time is looked at between them.
            loop {
                if Instant::now() >= self.until {
                    return (from, Some("time"));
                }
                let piece = end.min(from + PIECE);
                let mut at = from;
                while let Some(found) = self.content.get(..piece).and_then(|text| regex.find_at(text, at)) {
                    // Found by looking at what is before the line alone.
                    if found.start() > end || (found.start() >= piece && piece < end) {
                        break;
                    }
                    if self.matches.len() == most {
                        return (found.start(), Some("max_matches"));
                    }
                    self.add(line, (start, end), (found.start(), found.end()));
                    if self.bytes > MAX_FOUND {
                        return (found.end(), Some("size"));
                    }
                    at = found.end().max(found.start() + 1);
                    if at > piece {
                        break;
                    }
                }
                if piece == end {
                    break;
                }
                from = at.max(piece - OVERLAP);
            }
        }
        (self.content.len(), None)
    }

    /// Where a line begins and ends; none after the last line feed, or beyond the end.
    fn line(&self, line: usize) -> Option<(usize, usize)> {
        let start = match line.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before)? + 1,
        };
        let end = self.ends.get(line).copied().unwrap_or(self.content.len());
        (start < self.content.len()).then_some((start, end))
    }

    fn add(&mut self, line: usize, (start, end): (usize, usize), (from, to): (usize, usize)) {
        let to = to.min(end);
        let shown = (start.max(from.saturating_sub(MAX_AROUND)), end.min(to.min(from + MAX_MATCH) + MAX_AROUND));
        let text = self.excerpt(shown, (start, end));
        let beside = |lines: std::ops::Range<usize>| -> Vec<String> {
            let shown = lines.filter_map(|line| self.line(line));
            shown.map(|(start, end)| self.excerpt((start, end.min(start + 2 * MAX_AROUND)), (start, end))).collect()
        };
        let before = beside(line.saturating_sub(self.context)..line);
        let after = beside(line + 1..line + 1 + self.context);
        self.bytes += text.len() + before.iter().chain(&after).map(String::len).sum::<usize>();
        self.matches.push(Match { line: line + 1, offset: from, text, before, after });
    }

    /// A part of a line, with marks where it is cut.
    fn excerpt(&self, (from, to): (usize, usize), (start, end): (usize, usize)) -> String {
        let text = String::from_utf8_lossy(self.content.get(from..to).unwrap_or_default());
        // A character that is cut at an end is none.
        let text = text.trim_matches('\u{fffd}').trim_end_matches('\r');
        let (before, after) = (if from > start { "…" } else { "" }, if to < end { "…" } else { "" });
        format!("{before}{text}{after}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::results::testing::{kept, policy};

    fn found(content: &[u8], wanted: Value) -> Value {
        let directory = tempfile::tempdir().unwrap();
        let policy = policy(directory.path());
        let mut wanted = wanted;
        wanted["result"] = kept(&policy, content, "text/plain").into();
        grep(&policy, &Caller::local(), &serde_json::from_value(wanted).unwrap()).unwrap()
    }

    #[test]
    fn matches_come_with_line_offset_and_context() {
        let text = b"one\ntwo\nthree\nfour\nfive two\n";
        let two = found(text, json!({"pattern": "^T.o$", "ignore_case": true, "context": 1}));
        let expected = json!([{"line": 2, "offset": 4, "text": "two", "before": ["one"], "after": ["three"]}]);
        assert_eq!((&two["matches"], two.get("stopped"), &two["searched_bytes"]), (&expected, None, &json!(28)));
        let both = found(text, json!({"pattern": "two", "max_matches": 1}));
        assert_eq!((both["matches"].as_array().unwrap().len(), &both["stopped"]), (1, &json!("max_matches")));
        let offsets = |found: &Value| -> Vec<u64> {
            found["matches"].as_array().unwrap().iter().map(|one| one["offset"].as_u64().unwrap()).collect()
        };
        assert_eq!(offsets(&found(text, json!({"pattern": "o"}))), [0, 6, 15, 26]);
        assert_eq!(offsets(&found(b"", json!({"pattern": "x*"}))), [] as [u64; 0]);
        assert_eq!(offsets(&found(b"a\n\nb", json!({"pattern": "^$"}))), [2]);
    }

    #[test]
    fn one_long_line_is_searched_in_pieces_and_shown_around_its_matches() {
        let mut text = vec![b'x'; 3 * PIECE];
        for at in [PIECE - 3, PIECE + 100, 2 * PIECE, 3 * PIECE - 6] {
            text[at..at + 6].copy_from_slice(b"needle");
        }
        let all = found(&text, json!({"pattern": "needle", "context": 3}));
        let matches = all["matches"].as_array().unwrap();
        let offsets: Vec<_> = matches.iter().map(|one| one["offset"].as_u64().unwrap() as usize).collect();
        assert_eq!(offsets, [PIECE - 3, PIECE + 100, 2 * PIECE, 3 * PIECE - 6]);
        let line = matches[0]["text"].as_str().unwrap();
        assert!(line.starts_with("…x") && line.ends_with("x…") && line.len() < 2 * MAX_AROUND + 20, "{line}");
        assert!(matches[3]["text"].as_str().unwrap().ends_with("needle"));
    }

    #[test]
    fn a_search_is_bounded() {
        let every = found(&vec![b'x'; 1 << 20], json!({"pattern": "x", "max_matches": MAX_MATCHES}));
        assert_eq!(
            (every["matches"].as_array().unwrap().len(), &every["stopped"]),
            (MAX_MATCHES, &json!("max_matches"))
        );
        let lines = b"0123456789\n".repeat(30_000);
        let large = found(&lines, json!({"pattern": "9", "context": MAX_CONTEXT, "max_matches": MAX_MATCHES}));
        assert!(large.to_string().len() < 2 * MAX_FOUND, "{}", large.to_string().len());
        let directory = tempfile::tempdir().unwrap();
        let policy = policy(directory.path());
        let result = kept(&policy, b"x", "text/plain");
        for wrong in ["(", "(x{1000}){1000}"] {
            let wanted = json!({"result": result, "pattern": wrong});
            let error = grep(&policy, &Caller::local(), &serde_json::from_value(wanted).unwrap()).unwrap_err();
            assert!(matches!(&error, CallError::InvalidArguments { .. }), "{error}");
        }
    }
}
