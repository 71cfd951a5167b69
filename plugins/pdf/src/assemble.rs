//! New documents of the pages of others.

use lopdf::{Dictionary, Object, ObjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_granted_folders::{Folders, Location, NewFile};

use crate::{
    copier::{Copier, NewDocument},
    fault::{Fault, Result},
    finish,
    limits::{MAX_NEW_BYTES, MAX_PAGES, MAX_SOURCES},
    meter::Meter,
    pages,
    pdf::{self, Source},
};

/// Pages of one file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// The PDF file in a granted folder, as `data/report.pdf`.
    path: String,
    /// The pages in the order that they get, from 1, as `3,1-2`, `5-` or `last`; a page may be named more than once. All if not given.
    #[serde(default)]
    pages: Option<String>,
    /// By how many degrees these pages are turned clockwise: 0, 90, 180 or 270.
    #[serde(default)]
    rotate: i32,
    /// The password of an encrypted file.
    #[serde(default)]
    password: Option<String>,
}

/// The file that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Assembled {
    /// Its path.
    path: String,
    /// How many pages it has.
    pages: usize,
    /// Its size in bytes.
    bytes: u64,
    /// What the sources have and the new file does not: `bookmarks`, `form fields`, `layers`, `structure`, `attachments`, `encryption`.
    left_out: Vec<&'static str>,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) to: String,
    pub(crate) sources: Vec<Part>,
    pub(crate) overwrite: bool,
}

/// Makes a file of pages of others.
pub(crate) fn assemble(request: &Request, meter: &Meter<'_>) -> Result<Assembled> {
    if request.sources.is_empty() || request.sources.len() > MAX_SOURCES {
        return Err(Fault::Argument(format!(
            "`sources` has 1 to {MAX_SOURCES} files, and has {} here",
            request.sources.len()
        )));
    }
    let location = Folders::granted().locate("to", &request.to)?;
    NewFile::check("to", &location, request.overwrite)?;
    if let Some(part) = request.sources.iter().find(|part| ![0, 90, 180, 270].contains(&part.rotate)) {
        return Err(Fault::Argument(format!("`rotate` is 0, 90, 180 or 270 degrees, and not {}", part.rotate)));
    }
    let mut book = Book::new();
    for (at, part) in request.sources.iter().enumerate() {
        meter.step(at, request.sources.len())?;
        book.add(part, request.sources.len() == 1)?;
    }
    meter.step(request.sources.len(), request.sources.len())?;
    book.save(&location, request.overwrite)
}

/// A document in the making.
struct Book {
    new: NewDocument,
    pages: Vec<ObjectId>,
    bytes: u64,
    left_out: Vec<&'static str>,
}

impl Book {
    fn new() -> Self {
        let mut new = NewDocument::new(finish::RESERVED);
        new.document.version = "1.4".to_owned();
        Self { new, pages: Vec::new(), bytes: 0, left_out: Vec::new() }
    }

    fn add(&mut self, part: &Part, alone: bool) -> Result<()> {
        let source = pdf::open("sources", &part.path, part.password.as_deref())?;
        self.bytes = self.bytes.saturating_add(source.bytes);
        if self.bytes > MAX_NEW_BYTES {
            return Err(Fault::Limit(format!(
                "`sources` have more than {MAX_NEW_BYTES} bytes together, the bound of a new file"
            )));
        }
        let all = source.pages()?;
        let numbers = pages::choose("pages", part.pages.as_deref(), all.len())?;
        let id = |number: usize| number.checked_sub(1).and_then(|index| all.get(index)).copied();
        let chosen: Vec<_> = numbers.into_iter().filter_map(|number| Some((number, id(number)?))).collect();
        if self.pages.len().saturating_add(chosen.len()) > MAX_PAGES {
            return Err(Fault::Limit(format!("the new file has more than {MAX_PAGES} pages, the bound of a document")));
        }
        let mut copier = Copier::new(&source, &all);
        self.pages.extend(copier.pages(&mut self.new, finish::TREE, &chosen, i64::from(part.rotate))?);
        // Versions compare as text: each is of one digit, a point and one digit.
        if source.document.version.len() == 3 && source.document.version > self.new.document.version {
            self.new.document.version.clone_from(&source.document.version);
        }
        if alone {
            self.describe(&source);
        }
        self.note(&source);
        Ok(())
    }

    /// Keeps title, author and the like of the only source.
    fn describe(&mut self, source: &Source) {
        let stated = source.document.trailer.get_deref(b"Info", &source.document).and_then(Object::as_dict);
        let Ok(stated) = stated else { return };
        let mut kept = Dictionary::new();
        for key in [&b"Title"[..], b"Author", b"Subject", b"Keywords", b"Creator"] {
            if let Some(value @ Object::String(..)) = source.get(stated, key) {
                kept.set(key, value.clone());
            }
        }
        if !kept.is_empty() {
            self.new.document.trailer.set("Info", Object::Dictionary(kept));
        }
    }

    fn note(&mut self, source: &Source) {
        let Ok(catalog) = source.document.catalog() else { return };
        let names = source.get(catalog, b"Names").and_then(|names| names.as_dict().ok());
        let lost = [
            ("bookmarks", catalog.has(b"Outlines")),
            ("form fields", catalog.has(b"AcroForm")),
            ("layers", catalog.has(b"OCProperties")),
            ("structure", catalog.has(b"StructTreeRoot")),
            ("attachments", names.is_some_and(|names| names.has(b"EmbeddedFiles"))),
            ("encryption", source.encrypted),
        ];
        for (what, is) in lost {
            if is && !self.left_out.contains(&what) {
                self.left_out.push(what);
            }
        }
    }

    fn save(self, location: &Location, overwrite: bool) -> Result<Assembled> {
        if self.pages.is_empty() {
            return Err(Fault::Argument(
                "`sources`: the files have no pages, so that there is nothing to write".into(),
            ));
        }
        let bytes = finish::write(self.new.document, &self.pages, location, overwrite)?;
        Ok(Assembled { path: location.path.clone(), pages: self.pages.len(), bytes, left_out: self.left_out })
    }
}
