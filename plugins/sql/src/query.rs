//! Queries.

use std::io::BufWriter;

use graphitesql::Value;
use serde_json::Value as Json;
use tandem_granted_folders::{Folders, Location, NewFile};
use tandem_sdk::prelude::*;

use crate::{
    bind::{self, Given},
    fault::{Fault, Result},
    limits::{MAX_OUTPUT_ROWS, MAX_RESULT_BYTES},
    render,
    source::{Answer, Data},
    statement::{self, Checked},
};

/// How rows are returned.
#[data]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Arrays of values.
    #[default]
    Json,
    /// One table in markdown.
    Markdown,
}

/// The rows of a query.
#[output]
#[derive(Debug)]
pub(crate) struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a value for each column; absent in other forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Vec<Json>>>,
    /// The rows as a table, for `format` = `markdown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
    /// The file that was written, for `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Rows that are returned or were written.
    pub row_count: u64,
    /// Whether the query has more rows: raise `limit`, narrow it, or use `output`.
    pub more: bool,
}

/// What a query asks for.
pub(crate) struct Request {
    pub(crate) sql: String,
    pub(crate) data: Data,
    pub(crate) given: Given,
    pub(crate) limit: u32,
    pub(crate) form: Form,
    pub(crate) output: Option<String>,
    pub(crate) overwrite: bool,
}

/// Runs it.
pub(crate) fn run(ctx: &Ctx, request: Request) -> Result<Rows> {
    let checked = statement::check("sql", &request.sql)?;
    statement::only_query(&checked)?;
    let params = bind::bind(&checked.params, &request.given)?;
    let most = if request.output.is_some() { MAX_OUTPUT_ROWS } else { request.limit };
    let output = request.output.as_deref().map(place).transpose()?;
    let mut source = request.data.open(ctx)?;
    source.prepare(&checked.text)?;
    let answer = source.query(&statement::with_limit(&checked, most.saturating_add(1)), &params)?;
    match output {
        Some(location) => write(&location, request.overwrite, answer),
        None => shown(answer, request.limit, request.form),
    }
}

/// Whether `checked` is one query; what it is bound to.
pub(crate) fn checked(sql: &str) -> Result<Checked> {
    let checked = statement::check("sql", sql)?;
    statement::only_query(&checked)?;
    Ok(checked)
}

fn shown(mut answer: Answer, limit: u32, form: Form) -> Result<Rows> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut more = answer.rows.len() > limit;
    answer.rows.truncate(limit);
    let mut total = 0;
    let mut rows: Vec<Vec<Json>> = Vec::new();
    for row in answer.rows {
        total += row.iter().map(render::bytes).sum::<usize>();
        if total > MAX_RESULT_BYTES && rows.is_empty() {
            return Err(Fault::Limit(format!(
                "the first row has more than {MAX_RESULT_BYTES} bytes, the bound of an answer; shorten values with substr(), or use `output`"
            )));
        }
        if total > MAX_RESULT_BYTES {
            more = true;
            break;
        }
        rows.push(row.into_iter().map(render::json).collect());
    }
    let row_count = rows.len() as u64;
    let markdown = (form == Form::Markdown).then(|| render::markdown(&answer.columns, &rows));
    let rows = (form == Form::Json).then_some(rows);
    Ok(Rows { columns: answer.columns, rows, markdown, output: None, row_count, more })
}

fn place(path: &str) -> Result<Location> {
    let lower = path.to_lowercase();
    if ![".csv", ".jsonl", ".ndjson"].iter().any(|ending| lower.ends_with(ending)) {
        return Err(Fault::Argument(format!("`output`: `{path}` ends in `.csv` or `.jsonl`, which is the format")));
    }
    Ok(Folders::granted().locate("output", path)?)
}

/// The file is begun when the rows are there: a query that the host ends at a limit leaves nothing behind.
fn write(location: &Location, overwrite: bool, answer: Answer) -> Result<Rows> {
    let row_count = answer.rows.len() as u64;
    if row_count > u64::from(MAX_OUTPUT_ROWS) {
        return Err(Fault::Limit(format!(
            "the query has more than {MAX_OUTPUT_ROWS} rows, the bound of a file; add a LIMIT"
        )));
    }
    let columns = answer.columns;
    let rows: Vec<Vec<Value>> = answer.rows;
    let path = location.path.clone();
    let mut file = NewFile::create("output", location, overwrite)?;
    let to = BufWriter::new(&mut file);
    if path.to_lowercase().ends_with(".csv") {
        render::write_csv(to, &path, &columns, rows)?;
    } else {
        render::write_lines(to, &path, &columns, rows)?;
    }
    file.commit()?;
    Ok(Rows { columns, rows: None, markdown: None, output: Some(path), row_count, more: false })
}
