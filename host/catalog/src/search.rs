//! Full-text search over tools: an SQLite FTS5 index in memory, ranked by BM25 with weighted columns.
//!
//! One index belongs to one snapshot and is never written again. A query is at most [`MAX_QUERY_WORDS`] words, any of which may match;
//! tools that have more of them come first, words that mean about the same count less, and what is far behind the best is left out.
//! Text without word boundaries (Chinese, Japanese, Korean) is indexed by character.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, params};
use serde_json::Value;

use crate::entry::Tool;
use crate::plain_words::{is_function_word, synonyms};

/// Each word costs a lookup and a merge: a query that pastes a whole text is cut instead of being charged to everybody.
const MAX_QUERY_WORDS: usize = 32;
/// What a synonym counts, where the word itself is not there.
const SYNONYM: f32 = 0.5;
/// How much of a match a synonym is, when it is counted how many words of the query a tool has.
const SYNONYM_SHARE: f32 = 0.6;
/// Tools with less than this part of the best one's score are noise: they share a common word with the query.
pub(crate) const LEAST_SHARE: f32 = 0.25;
/// Column weights as `bm25()` takes them. An agent that knows a word of the name wants that tool.
const CREATE: &str = "
    CREATE VIRTUAL TABLE tool USING fts5(
        name, title, category, description, parameters, aliases,
        content = '', tokenize = 'porter unicode61 remove_diacritics 2'
    );
    INSERT INTO tool(tool, rank) VALUES ('rank', 'bm25(6.0, 4.0, 2.0, 2.0, 1.0, 4.0)');";

/// The index of one snapshot. A connection is not `Sync`, so searches take turns; each takes well under a millisecond.
pub(crate) struct Index(Option<Mutex<Connection>>);

impl Index {
    pub(crate) fn build(tools: &[Arc<Tool>]) -> Self {
        match build(tools) {
            Ok(connection) => Self(Some(Mutex::new(connection))),
            Err(error) => {
                tracing::error!(%error, "cannot build the tool search index; tools_search finds nothing");
                Self(None)
            }
        }
    }

    /// Positions of the tools that fit `query`, with their scores, best first.
    pub(crate) fn search(&self, query: &str) -> Vec<(usize, f32)> {
        let Some(connection) = &self.0 else { return Vec::new() };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        rank(&connection, &wanted(query)).unwrap_or_else(|error| {
            tracing::error!(%error, "tool search failed");
            Vec::new()
        })
    }
}

fn build(tools: &[Arc<Tool>]) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection.execute_batch(CREATE)?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare(
            "INSERT INTO tool(rowid, name, title, category, description, parameters, aliases)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (position, tool) in tools.iter().enumerate() {
            let descriptor = &tool.descriptor;
            insert.execute(params![
                i64::try_from(position).unwrap_or(i64::MAX),
                words(&descriptor.name),
                words(descriptor.title.as_deref().unwrap_or_default()),
                words(&tool.category),
                words(&descriptor.description),
                parameters(&descriptor.input_schema),
                tool.aliases.iter().map(|alias| words(alias.name.as_str()) + " ").collect::<String>(),
            ])?;
        }
    }
    transaction.commit()?;
    Ok(connection)
}

/// Ranks by the sum of what each word of the query counts, times the square of the share of words that a tool has.
fn rank(connection: &Connection, words: &[String]) -> rusqlite::Result<Vec<(usize, f32)>> {
    let mut totals: BTreeMap<usize, (f32, f32)> = BTreeMap::new();
    let says_nothing = words.iter().all(|word| is_function_word(word));
    for word in words {
        let mut counts: BTreeMap<usize, (f32, f32)> = BTreeMap::new();
        if says_nothing || !is_function_word(word) {
            for (tool, score) in find(connection, &quoted(std::slice::from_ref(word)))? {
                counts.insert(tool, (score, 1.0));
            }
        }
        let synonyms: Vec<String> = synonyms(word).map(str::to_owned).collect();
        if !synonyms.is_empty() {
            for (tool, score) in find(connection, &quoted(&synonyms))? {
                let (own, share) = counts.entry(tool).or_insert((0.0, SYNONYM_SHARE));
                (*own, *share) = (own.max(score * SYNONYM), share.max(SYNONYM_SHARE));
            }
        }
        for (tool, (score, share)) in counts {
            let total = totals.entry(tool).or_default();
            *total = (total.0 + score, total.1 + share);
        }
    }
    let words = words.len().max(1) as f32;
    let mut ranked: Vec<_> =
        totals.into_iter().map(|(tool, (score, had))| (tool, score * (had / words).powi(2))).collect();
    // Stable: tools that are as good stay in the order of their names.
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(ranked)
}

fn find(connection: &Connection, expression: &str) -> rusqlite::Result<Vec<(usize, f32)>> {
    let mut select = connection.prepare_cached("SELECT rowid, rank FROM tool WHERE tool MATCH ?1")?;
    let rows = select.query_map([expression], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?)))?;
    rows.map(|row| row.map(|(position, rank)| (usize::try_from(position).unwrap_or(usize::MAX), -rank as f32)))
        .collect()
}

/// The names of parameters, and what their schemas say of them.
fn parameters(schema: &Value) -> String {
    let mut text = String::new();
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        text.push_str(&words(name));
        text.push(' ');
        text.push_str(&words(schema.get("description").and_then(Value::as_str).unwrap_or_default()));
        text.push(' ');
    }
    text
}

/// The words of a query that say something of a tool, each once; all of them where none does.
fn wanted(query: &str) -> Vec<String> {
    let words = words(query);
    let mut wanted: Vec<String> = Vec::new();
    for word in words.split_whitespace().take(MAX_QUERY_WORDS) {
        if wanted.iter().all(|other| !other.eq_ignore_ascii_case(word)) {
            wanted.push(word.to_owned());
        }
    }
    let says_something = |word: &String| !is_function_word(word) || synonyms(word).next().is_some();
    if wanted.iter().any(says_something) {
        wanted.retain(says_something);
    }
    wanted
}

/// An FTS5 expression of words, any of which may match: each quoted, so that none of it is syntax.
fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" OR ")
}

/// Text as it is indexed and asked for: `dataset_load`, `dataset.load` and `datasetLoad` are two words each, and a character of a
/// script that is written without spaces is one.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 8);
    let mut lower = false;
    for c in text.chars() {
        if is_unspaced(c) || (lower && c.is_uppercase()) {
            words.push(' ');
        }
        words.push(if c.is_alphanumeric() { c } else { ' ' });
        if is_unspaced(c) {
            words.push(' ');
        }
        lower = c.is_lowercase() || c.is_numeric();
    }
    words
}

/// Kana, ideographs (also those beyond the first plane) and Hangul.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::{quoted, wanted, words};

    #[test]
    fn names_are_split_into_their_words() {
        for name in ["dataset_load", "dataset.load", "dataset-load"] {
            assert_eq!(words(name), "dataset load");
        }
        assert_eq!(words("datasetLoad"), "dataset Load");
        assert_eq!(words("HTTPGet sha256Sum"), "HTTPGet sha256 Sum");
        assert_eq!(words("数据").split_whitespace().collect::<Vec<_>>(), ["数", "据"]);
    }

    #[test]
    fn a_query_is_words_and_never_syntax() {
        let all = wanted("csv NOT (a OR \"b\" NEAR/2* or csv");
        assert_eq!(all, ["csv", "NOT", "b", "NEAR", "2"]);
        assert_eq!(quoted(&all[..2]), r#""csv" OR "NOT""#);
        assert_eq!(wanted("which files are there"), ["which", "files", "there"]);
        assert_eq!(wanted("is it"), ["is", "it"], "where there is nothing else");
        for nothing in ["", "  ", "\0", "\"", "*", "()"] {
            assert!(wanted(nothing).is_empty(), "{nothing:?}");
        }
        assert!(wanted(&(0..1000).map(|i| format!("w{i} ")).collect::<String>()).len() <= super::MAX_QUERY_WORDS);
    }
}
