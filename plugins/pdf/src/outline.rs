//! The bookmarks of a document.

use std::collections::HashSet;

use lopdf::{Dictionary, Object, ObjectId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    destinations::Destinations,
    fault::{Fault, Result},
    limits::{MAX_BOOKMARK_DEPTH, MAX_BOOKMARKS, MAX_NAMED},
    pdf::{self, Source, text_of},
};

/// A bookmark.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Bookmark {
    /// Its text.
    title: String,
    /// How deep it is: 1 for a chapter, 2 for a section of it.
    level: usize,
    /// The page that it leads to, from 1; absent where it leads to none of this document.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<usize>,
    /// The address or file that it leads to, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
}

/// The bookmarks, a page of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Outline {
    /// The bookmarks in their order; none where the document has no outline.
    bookmarks: Vec<Bookmark>,
    /// How many there are in all.
    total: usize,
    /// What is wrong with the outline, at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// Give it as `cursor` for more; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists bookmarks from the cursor on.
pub(crate) fn outline(path: &str, password: Option<&str>, limit: u32, cursor: Option<&str>) -> Result<Outline> {
    let start = match cursor {
        None => 0,
        Some(cursor) => cursor
            .parse::<usize>()
            .map_err(|_| Fault::Argument("`cursor` is not the `next_cursor` of an answer of `pdf_outline`".into()))?,
    };
    let source = pdf::open("path", path, password)?;
    source.unlocked()?;
    let destinations = Destinations::new(&source)?;
    let mut list = List { source: &source, found: Vec::new(), seen: HashSet::new(), problems: source.problems() };
    list.read()?;
    let total = list.found.len();
    let end = start.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX));
    let page = list.found.iter().skip(start).take(end.saturating_sub(start));
    let bookmarks = page.map(|(level, entry)| {
        let target = destinations.target(entry);
        let title = source.get(entry, b"Title").and_then(text_of).unwrap_or_default();
        Bookmark { title, level: *level, page: target.page, uri: target.uri }
    });
    Ok(Outline {
        bookmarks: bookmarks.collect(),
        total,
        problems: list.problems,
        next_cursor: (end < total).then(|| end.to_string()),
    })
}

struct List<'a> {
    source: &'a Source,
    found: Vec<(usize, &'a Dictionary)>,
    seen: HashSet<ObjectId>,
    problems: Vec<String>,
}

impl<'a> List<'a> {
    fn read(&mut self) -> Result<()> {
        let Ok(catalog) = self.source.document.catalog() else { return Ok(()) };
        let Some(Ok(root)) = self.source.get(catalog, b"Outlines").map(Object::as_dict) else { return Ok(()) };
        // What comes after each entry whose children are being listed.
        let mut later: Vec<Option<ObjectId>> = Vec::new();
        let mut next = reference(root, b"First");
        loop {
            let Some(id) = next else {
                match later.pop() {
                    Some(sibling) => next = sibling,
                    None => return Ok(()),
                }
                continue;
            };
            next = None;
            if !self.seen.insert(id) {
                self.problem(format!("object {} is in the outline twice: a loop, which was left", id.0));
                continue;
            }
            let Ok(entry) = self.source.document.get_dictionary(id) else {
                self.problem(format!("object {} of the outline is missing", id.0));
                continue;
            };
            self.add(later.len() + 1, entry)?;
            next = reference(entry, b"Next");
            if let Some(child) = reference(entry, b"First") {
                later.push(next);
                next = Some(child);
            }
        }
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_NAMED {
            self.problems.push(problem);
        }
    }

    fn add(&mut self, level: usize, entry: &'a Dictionary) -> Result<()> {
        if self.found.len() >= MAX_BOOKMARKS || level > MAX_BOOKMARK_DEPTH {
            return Err(Fault::Limit(format!(
                "`{}` has more than {MAX_BOOKMARKS} bookmarks, or more than {MAX_BOOKMARK_DEPTH} levels of them, the bounds of an outline",
                self.source.path
            )));
        }
        self.found.push((level, entry));
        Ok(())
    }
}

fn reference(dictionary: &Dictionary, key: &[u8]) -> Option<ObjectId> {
    dictionary.get(key).ok()?.as_reference().ok()
}
