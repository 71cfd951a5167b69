//! Full-text search over tools: an SQLite FTS5 index in memory, ranked by BM25 with weighted columns.
//!
//! One index belongs to one snapshot and is never written again. A query is at most [`MAX_QUERY_WORDS`] words, any of which may match.
//! Text without word boundaries (Chinese, Japanese, Korean) is indexed by character.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, params};
use serde_json::Value;

use crate::entry::Tool;

/// Each word costs a lookup and a merge: a query that pastes a whole text is cut instead of being charged to everybody.
const MAX_QUERY_WORDS: usize = 32;
/// Column weights as `bm25()` takes them. An agent that knows a word of the name wants that tool.
const CREATE: &str = "
    CREATE VIRTUAL TABLE tool USING fts5(
        name, title, category, description, parameters,
        content = '', tokenize = 'porter unicode61 remove_diacritics 2'
    );
    INSERT INTO tool(tool, rank) VALUES ('rank', 'bm25(6.0, 4.0, 2.0, 2.0, 1.0)');";

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
        let Some(expression) = expression(query) else { return Vec::new() };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        find(&connection, &expression).unwrap_or_else(|error| {
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
            "INSERT INTO tool(rowid, name, title, category, description, parameters) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
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
            ])?;
        }
    }
    transaction.commit()?;
    Ok(connection)
}

fn find(connection: &Connection, expression: &str) -> rusqlite::Result<Vec<(usize, f32)>> {
    let mut select =
        connection.prepare_cached("SELECT rowid, rank FROM tool WHERE tool MATCH ?1 ORDER BY rank, rowid")?;
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

/// The query as an FTS5 expression: each word quoted, so that none of it is syntax. Nothing where it has no word.
fn expression(query: &str) -> Option<String> {
    let words = words(query);
    let quoted: Vec<_> = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MAX_QUERY_WORDS)
        .map(|word| format!("\"{word}\""))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
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
    use super::{expression, words};

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
        assert_eq!(
            expression("csv NOT (a OR \"b\" NEAR/2*").as_deref(),
            Some(r#""csv" OR "NOT" OR "a" OR "OR" OR "b" OR "NEAR" OR "2""#)
        );
        for nothing in ["", "  ", "\0", "\"", "*", "()"] {
            assert_eq!(expression(nothing), None, "{nothing:?}");
        }
        let long = "w ".repeat(1000);
        assert_eq!(expression(&long).map(|e| e.matches("OR").count()), Some(super::MAX_QUERY_WORDS - 1));
    }
}
