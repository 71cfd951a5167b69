//! Rows of a file for plugins that index: read page by page by `dataset_load`, as the same caller.
//!
//! **Promises.** Whatever format, path and grant hold for `dataset_load` hold here; nothing is read twice in two ways. Rows come in
//! the order of the file, and what was handed on is told, so that a call can be continued.
//!
//! **Bounds.** [`MAX_ROWS`] rows a call, in pages of [`PAGE_ROWS`].

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_sdk::{Ctx, Error, Result, invoke};

/// Rows that one call takes from a file; the answer says where to go on. As many as a call's time suffices for.
pub const MAX_ROWS: u64 = 20_000;
/// Rows of a page: what one change of a collection may have.
const PAGE_ROWS: u64 = 1000;

/// A file and how it is read.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path, in a folder that the dataset plugin is granted.
    pub path: String,
    /// As `dataset_load` takes it.
    pub format: Option<String>,
    /// As `dataset_load` takes it.
    pub csv: Option<Map<String, Value>>,
    /// The first row, from 0.
    pub offset: u64,
}

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// How many rows were handed on.
    pub rows: u64,
    /// Where to go on; none at the end of the file.
    pub next_offset: Option<u64>,
}

#[derive(Deserialize)]
struct Page {
    rows: Vec<Map<String, Value>>,
    total_rows: u64,
}

/// Hands on the rows of a file, with the number of the first one of each page.
///
/// # Errors
/// What `dataset_load` or `take` says; rows of earlier pages are taken by then.
pub fn each_page(
    ctx: &Ctx,
    file: &File,
    mut take: impl FnMut(u64, Vec<Map<String, Value>>) -> Result<()>,
) -> Result<Read> {
    let mut rows = 0;
    loop {
        ctx.check()?;
        let offset = file.offset.saturating_add(rows);
        let page = page(file, offset, PAGE_ROWS.min(MAX_ROWS - rows))?;
        let count = page.rows.len() as u64;
        if count > 0 {
            take(offset, page.rows)
                .map_err(|error| error.context(format_args!("from row {offset} of `{}`", file.path)))?;
        }
        rows += count;
        let next = offset.saturating_add(count);
        ctx.progress(next as f64, Some(page.total_rows as f64), "rows");
        if count == 0 || next >= page.total_rows {
            return Ok(Read { rows, next_offset: None });
        }
        if rows >= MAX_ROWS {
            return Ok(Read { rows, next_offset: Some(next) });
        }
    }
}

fn page(file: &File, offset: u64, limit: u64) -> Result<Page> {
    let mut arguments = json!({"path": file.path, "offset": offset, "limit": limit});
    if let Some(arguments) = arguments.as_object_mut() {
        arguments.extend(file.format.clone().map(|format| ("format".to_owned(), format.into())));
        arguments.extend(file.csv.clone().map(|csv| ("csv".to_owned(), csv.into())));
    }
    let output = invoke::call_tool("dataset_load", &arguments).map_err(|error| match error {
        invoke::Error::NotFound(_) => Error::not_found(
            "files are read by `dataset_load` of the plugin `dataset`, which this host does not serve you",
        ),
        other => Error::from(other).context(format_args!("reading `{}`", file.path)),
    })?;
    if output.is_error {
        return Err(Error::invalid_arguments(output.text()));
    }
    let structured = output.structured.unwrap_or_default();
    serde_json::from_str(&structured).map_err(|error| Error::other(format!("`dataset_load` answered no page: {error}")))
}

/// The name of a row: the value of its column `id`, or its number in the file.
///
/// # Errors
/// When the column is not there, or holds nothing that is a name.
pub fn id_of(row: &Map<String, Value>, column: Option<&str>, number: u64) -> Result<String> {
    let Some(column) = column else { return Ok(number.to_string()) };
    match row.get(column) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(value) => {
            let found = if value.is_null() { "null" } else { "no text or number" };
            Err(Error::invalid_arguments(format!(
                "row {number} has {found} in `{column}`, the column of ids: name a column that each row fills, or leave `id` out \
                 to number the rows"
            )))
        }
        None => {
            let names: Vec<_> = row.keys().map(String::as_str).collect();
            Err(Error::invalid_arguments(format!(
                "there is no column `{column}` for the ids: the columns are {}",
                names.join(", ")
            )))
        }
    }
}
