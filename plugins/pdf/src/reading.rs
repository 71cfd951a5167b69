//! The text of pages.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    fault::{Fault, Result},
    limits::MAX_NAMED,
    markup::{self, Form},
    meter::Meter,
    pages, pdf,
    walk::Walker,
};

/// The text of one page.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PageText {
    /// Its number, from 1.
    page: usize,
    /// Its text; empty where the page has none, as a scan without text recognition.
    text: String,
}

/// The text of the pages.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Text {
    /// The pages in the order asked for.
    pages: Vec<PageText>,
    /// Pages of the document.
    total_pages: usize,
    /// Characters whose meaning the fonts do not tell; each is `U+FFFD` in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_characters: Option<u64>,
    /// What is wrong with pages, at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// The `cursor` of the next part; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) pages: Option<&'a str>,
    pub(crate) format: Form,
    pub(crate) max_length: u32,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
}

/// Reads the text of pages from the cursor on.
pub(crate) fn read(request: &Request<'_>, meter: &Meter<'_>) -> Result<Text> {
    let (start, mut skip) = position(request.cursor)?;
    let source = pdf::open("path", request.path, request.password)?;
    let ids = source.pages()?;
    let chosen = pages::choose("pages", request.pages, ids.len())?;
    let mut room = usize::try_from(request.max_length).unwrap_or(usize::MAX);
    let mut walker = Walker::new(&source, meter);
    let mut answer = Text {
        pages: Vec::new(),
        total_pages: ids.len(),
        unknown_characters: None,
        problems: source.problems(),
        next_cursor: None,
    };
    let mut unknown = 0_u64;
    for (at, &number) in chosen.iter().enumerate().skip(start) {
        if room == 0 {
            answer.next_cursor = Some(format!("{at}:0"));
            break;
        }
        meter.page(at, chosen.len())?;
        let Some(&id) = number.checked_sub(1).and_then(|index| ids.get(index)) else { continue };
        let found = walker.page(number, id)?;
        unknown = unknown.saturating_add(found.unknown);
        if found.damaged && answer.problems.len() < MAX_NAMED {
            answer.problems.push(format!("page {number}: its content is damaged: text may be missing"));
        }
        let whole = markup::write(found.pieces, request.format);
        let text: String = whole.chars().skip(skip).take(room).collect();
        let count = text.chars().count();
        room -= count;
        let end = skip.saturating_add(count);
        answer.pages.push(PageText { page: number, text });
        if whole.chars().nth(end).is_some() {
            answer.next_cursor = Some(format!("{at}:{end}"));
            break;
        }
        skip = 0;
    }
    answer.unknown_characters = (unknown > 0).then_some(unknown);
    Ok(answer)
}

/// Where a cursor points: an index of the list of pages and a character of the page.
fn position(cursor: Option<&str>) -> Result<(usize, usize)> {
    let Some(cursor) = cursor else { return Ok((0, 0)) };
    let parts = cursor.split_once(':').and_then(|(page, char)| Some((page.parse().ok()?, char.parse().ok()?)));
    parts.ok_or_else(|| Fault::Argument("`cursor` is not the `next_cursor` of an answer of `pdf_text`".into()))
}
