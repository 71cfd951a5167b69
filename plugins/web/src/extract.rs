//! `web_extract`: rows of a page by CSS selectors.

use serde_json::Map;
use tandem_html_text::scraper::{ElementRef, Selector};
use tandem_html_text::{Page, text};
use tandem_sdk::prelude::*;
use tandem_web_fetch::{address, fetch};

use crate::limits::{MAX_ANSWER_BYTES, MAX_FIELDS, MAX_VALUE_BYTES, MAX_VALUES};
use crate::{page, pager};

/// One field of the rows.
#[input]
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in the rows, as `price`.
    pub name: String,
    /// What holds it within the row, as `span.price`; the row itself if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The attribute to take, as `href`; the text if not given. Addresses are made absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// True takes all matches as a list; else the first, or null.
    #[serde(default)]
    pub all: bool,
}

/// Rows of a page.
#[output]
#[derive(Debug)]
pub struct Rows {
    /// Where the page came from, after redirects.
    pub url: String,
    /// Each with its fields.
    pub rows: Vec<Map<String, Value>>,
    /// How many rows the page has.
    pub total: usize,
    /// The `cursor` for the rest; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}

/// What is asked for.
pub(crate) struct Request<'a> {
    pub(crate) row: Option<&'a str>,
    pub(crate) fields: Vec<Field>,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

/// A field with its selector read.
struct Column {
    field: Field,
    selector: Option<Selector>,
}

pub(crate) fn run(ctx: &Ctx, url: &str, request: Request<'_>) -> Result<Rows> {
    let url = address::parse("url", url)?;
    let row = page::selector("row", request.row.unwrap_or("html"))?;
    let columns = columns(request.fields, request.row.is_some())?;
    let fetched = fetch::get(ctx, url)?;
    let page = page::parse(&fetched)?;
    let elements: Vec<_> = page.html.select(&row).collect();
    if elements.is_empty() {
        return Err(Error::not_found(format!(
            "{} has no element that matches `row` `{}`; `web_fetch` with `format` `html` shows the page",
            fetched.url,
            request.row.unwrap_or("html")
        )));
    }
    let slice = pager::slice(elements.len(), request.limit, request.cursor)?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for element in elements.iter().take(slice.end).skip(slice.start) {
        ctx.check()?;
        let row = columns.iter().map(|column| (column.field.name.clone(), value(&page, *element, column, &mut bytes)));
        rows.push(row.collect());
        if bytes > MAX_ANSWER_BYTES {
            return Err(Error::invalid_arguments(format!(
                "the rows have more than {MAX_ANSWER_BYTES} bytes of values: give a smaller `limit`, or narrower selectors"
            )));
        }
    }
    Ok(Rows { url: fetched.url.to_string(), rows, total: elements.len(), next_cursor: slice.next_cursor })
}

/// The fields with their selectors read. Without fields: the text of each row, or of the page what says what it is.
fn columns(fields: Vec<Field>, has_row: bool) -> Result<Vec<Column>> {
    let fields = match (fields.is_empty(), has_row) {
        (false, _) => fields,
        (true, true) => vec![usual("text", None, None, false)],
        (true, false) => vec![
            usual("title", Some("title"), None, false),
            usual("description", Some("meta[name=description]"), Some("content"), false),
            usual("canonical", Some("link[rel=canonical]"), Some("href"), false),
            usual("headings", Some("h1, h2"), None, true),
        ],
    };
    if fields.len() > MAX_FIELDS {
        return Err(Error::invalid_arguments(format!("`fields` has {}, the limit is {MAX_FIELDS}", fields.len())));
    }
    let mut names = std::collections::HashSet::new();
    let mut columns = Vec::new();
    for (number, field) in fields.into_iter().enumerate() {
        if field.name.is_empty() || !names.insert(field.name.clone()) {
            return Err(Error::invalid_arguments(format!(
                "`fields[{number}].name` `{}` must not be empty, and no other field may have it",
                field.name
            )));
        }
        let argument = format!("fields[{number}].selector");
        let selector = field.selector.as_deref().map(|css| page::selector(&argument, css)).transpose()?;
        columns.push(Column { field, selector });
    }
    Ok(columns)
}

fn usual(name: &str, selector: Option<&str>, attribute: Option<&str>, all: bool) -> Field {
    Field { name: name.to_owned(), selector: selector.map(str::to_owned), attribute: attribute.map(str::to_owned), all }
}

fn value(page: &Page, row: ElementRef<'_>, column: &Column, bytes: &mut usize) -> Value {
    let mut single = |element| {
        let value = content(page, element, column.field.attribute.as_deref())?;
        *bytes += value.len();
        Some(Value::String(value))
    };
    match &column.selector {
        None if column.field.all => Value::Array(single(row).into_iter().collect()),
        None => single(row).unwrap_or_default(),
        Some(selector) if column.field.all => {
            Value::Array(row.select(selector).filter_map(&mut single).take(MAX_VALUES).collect())
        }
        Some(selector) => row.select(selector).find_map(&mut single).unwrap_or_default(),
    }
}

/// The text or the attribute of an element, cut where a value ends.
fn content(page: &Page, element: ElementRef<'_>, attribute: Option<&str>) -> Option<String> {
    let mut value = match attribute {
        None => text::plain(element),
        Some(name) => {
            let value = element.attr(name)?.trim();
            let is_address = matches!(name, "href" | "src" | "action" | "poster" | "cite");
            if is_address { page.resolve(value) } else { value.to_owned() }
        }
    };
    if value.len() > MAX_VALUE_BYTES {
        let cut = (0..=MAX_VALUE_BYTES).rev().find(|at| value.is_char_boundary(*at)).unwrap_or_default();
        value.truncate(cut);
    }
    Some(value)
}
