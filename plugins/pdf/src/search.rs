//! Search in the text of pages.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    fault::{Fault, Result},
    folded::Folded,
    limits::{MAX_NAMED, MAX_QUERY_CHARS},
    markup::{self, Form},
    meter::Meter,
    pages, pdf,
    walk::Walker,
};

/// A place where the text was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Match {
    /// The page, from 1.
    page: usize,
    /// The text around it, on one line; `…` where it was cut.
    snippet: String,
}

/// The places, a page of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Matches {
    /// The places in the order of the pages.
    matches: Vec<Match>,
    /// How many pages were searched for this answer.
    pages_searched: usize,
    /// How many of those have no text, as scans without text recognition.
    pages_without_text: usize,
    /// Pages of the document.
    total_pages: usize,
    /// What is wrong with pages, at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// Give it as `cursor` for more; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) pages: Option<&'a str>,
    pub(crate) match_case: bool,
    pub(crate) whole_words: bool,
    pub(crate) context: u32,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
}

/// Searches pages from the cursor on.
pub(crate) fn search(request: &Request<'_>, meter: &Meter<'_>) -> Result<Matches> {
    let query = query(request)?;
    let (start, mut skip) = position(request.cursor)?;
    let source = pdf::open("path", request.path, request.password)?;
    let ids = source.pages()?;
    let chosen = pages::choose("pages", request.pages, ids.len())?;
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let context = usize::try_from(request.context).unwrap_or(usize::MAX);
    let mut walker = Walker::new(&source, meter);
    let mut answer = Matches {
        matches: Vec::new(),
        pages_searched: 0,
        pages_without_text: 0,
        total_pages: ids.len(),
        problems: source.problems(),
        next_cursor: None,
    };
    for (at, &number) in chosen.iter().enumerate().skip(start) {
        meter.page(at, chosen.len())?;
        let Some(&id) = number.checked_sub(1).and_then(|index| ids.get(index)) else { continue };
        let found = walker.page(number, id)?;
        if found.damaged && answer.problems.len() < MAX_NAMED {
            answer.problems.push(format!("page {number}: its content is damaged: text may be missing"));
        }
        let text = Folded::new(&markup::write(found.pieces, Form::Text), !request.match_case);
        answer.pages_searched += 1;
        answer.pages_without_text += usize::from(text.text().trim().is_empty());
        for (index, place) in text.find(&query, request.whole_words).enumerate().skip(skip) {
            if answer.matches.len() >= limit {
                answer.next_cursor = Some(format!("{at}:{index}"));
                return Ok(answer);
            }
            answer.matches.push(Match { page: number, snippet: text.around(place, context) });
        }
        skip = 0;
    }
    Ok(answer)
}

/// The query in the form of the text.
fn query(request: &Request<'_>) -> Result<String> {
    let folded = Folded::new(request.query, !request.match_case).text().trim().to_owned();
    let chars = request.query.chars().count();
    if folded.is_empty() || chars > MAX_QUERY_CHARS {
        return Err(Fault::Argument(format!(
            "`query` is a text of 1 to {MAX_QUERY_CHARS} characters that are not all spaces, and has {chars}"
        )));
    }
    Ok(folded)
}

/// Where a cursor points: an index of the list of pages and a match on the page.
fn position(cursor: Option<&str>) -> Result<(usize, usize)> {
    let Some(cursor) = cursor else { return Ok((0, 0)) };
    let parts = cursor.split_once(':').and_then(|(page, index)| Some((page.parse().ok()?, index.parse().ok()?)));
    parts.ok_or_else(|| Fault::Argument("`cursor` is not the `next_cursor` of an answer of `pdf_search`".into()))
}
