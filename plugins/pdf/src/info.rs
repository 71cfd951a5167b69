//! What a document is.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, ObjectId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    fault::Result,
    pdf::{self, Source, text_of},
};

/// Points of a millimetre.
const MILLIMETRE: f32 = 72.0 / 25.4;
/// Sizes of pages that an answer names.
const MAX_SIZES: usize = 20;
/// The longest version, as `1.7`.
const MAX_VERSION_CHARS: usize = 8;

/// Pages of one size.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Size {
    /// Width as shown, in points (1/72 inch).
    width: f32,
    /// Height as shown, in points.
    height: f32,
    /// The name of the size, as `A4`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    /// How many pages have it.
    pages: usize,
    /// The first of them.
    first_page: usize,
}

/// What a document is.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Info {
    /// The version of PDF, as `1.7`.
    version: String,
    /// The file's size in bytes.
    bytes: u64,
    /// Whether the file is encrypted. If it needs a password that was not given, nothing more is told.
    encrypted: bool,
    /// How many pages there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<usize>,
    /// Title, author, subject, keywords, creator, producer and dates, as far as the file has them.
    metadata: BTreeMap<String, String>,
    /// The sizes of pages, at most 20.
    sizes: Vec<Size>,
    /// Whether there are bookmarks: see `pdf_outline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_outline: Option<bool>,
    /// Whether there are form fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_form: Option<bool>,
    /// Whether the document has a structure for assistive technology.
    #[serde(skip_serializing_if = "Option::is_none")]
    tagged: Option<bool>,
    /// What is wrong with the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

/// Tells what a document is.
pub(crate) fn info(path: &str, password: Option<&str>) -> Result<Info> {
    let source = pdf::open("path", path, password)?;
    let version = source.document.version.chars().take(MAX_VERSION_CHARS).collect();
    let mut info = Info { version, bytes: source.bytes, encrypted: source.encrypted, ..Info::default() };
    if source.locked() {
        info.problems.push("it needs a `password`, which was not given".into());
        return Ok(info);
    }
    let pages = source.pages()?;
    info.pages = Some(pages.len());
    info.sizes = sizes(&source, &pages);
    if let Ok(entries) = source.document.trailer.get_deref(b"Info", &source.document).and_then(Object::as_dict) {
        info.metadata = metadata(&source, entries);
    }
    if let Ok(catalog) = source.document.catalog() {
        let outline = dictionary(&source, catalog, b"Outlines");
        info.has_outline = Some(outline.is_some_and(|outline| outline.has(b"First")));
        info.has_form = Some(dictionary(&source, catalog, b"AcroForm").is_some());
        info.tagged = Some(dictionary(&source, catalog, b"MarkInfo").is_some_and(|marks| {
            source.get(marks, b"Marked").is_some_and(|marked| matches!(marked, Object::Boolean(true)))
        }));
        let stated = dictionary(&source, catalog, b"Pages").and_then(|root| source.get(root, b"Count")?.as_i64().ok());
        if let Some(stated) = stated.filter(|stated| usize::try_from(*stated) != Ok(pages.len())) {
            info.problems.push(format!("the file claims {stated} pages and has {}", pages.len()));
        }
    }
    let missing = pages.iter().filter(|page| source.document.get_dictionary(**page).is_err()).count();
    if missing > 0 {
        info.problems.push(format!("{missing} of the pages cannot be read"));
    }
    info.problems.extend(source.problems());
    Ok(info)
}

fn dictionary<'a>(source: &'a Source, within: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
    source.get(within, key)?.as_dict().ok()
}

/// The entries that the format knows, under plain names.
fn metadata(source: &Source, entries: &Dictionary) -> BTreeMap<String, String> {
    let keys: [(&[u8], &str); 8] = [
        (b"Title", "title"),
        (b"Author", "author"),
        (b"Subject", "subject"),
        (b"Keywords", "keywords"),
        (b"Creator", "creator"),
        (b"Producer", "producer"),
        (b"CreationDate", "created"),
        (b"ModDate", "modified"),
    ];
    let found = keys.iter().filter_map(|(key, name)| {
        let text = text_of(source.get(entries, key)?)?;
        let text = if key.ends_with(b"Date") { date(&text).unwrap_or(text) } else { text };
        (!text.is_empty()).then(|| ((*name).to_owned(), text))
    });
    found.collect()
}

/// `D:20260131120000+01'00'` in the form of RFC 3339; without a zone where the file has none.
fn date(text: &str) -> Option<String> {
    let digits: &str = text.strip_prefix("D:").unwrap_or(text);
    let part = |from: usize, to: usize, other: &'static str| {
        digits.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(other)
    };
    let year = digits.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (month, day) = (part(4, 6, "01"), part(6, 8, "01"));
    let (hour, minute, second) = (part(8, 10, "00"), part(10, 12, "00"), part(12, 14, "00"));
    let zone = match digits.get(14..).unwrap_or_default() {
        "" => String::new(),
        zone if zone.starts_with('Z') => "Z".to_owned(),
        zone => {
            let hours = zone.get(1..3).filter(|_| zone.starts_with(['+', '-']))?;
            let minutes = zone.get(4..6).unwrap_or("00");
            format!("{}{hours}:{minutes}", zone.get(..1)?)
        }
    };
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"))
}

/// Width and height of a page as it is shown.
fn size(source: &Source, page: ObjectId) -> Option<(f32, f32)> {
    let shown = source.inherited(page, b"CropBox").or_else(|| source.inherited(page, b"MediaBox"))?;
    let numbers = source.numbers(shown.as_array().ok()?);
    let [left, bottom, right, top] = *numbers.as_slice() else { return None };
    let (width, height) = ((right - left).abs(), (top - bottom).abs());
    let turn = source.inherited(page, b"Rotate").and_then(|turn| turn.as_i64().ok()).unwrap_or(0);
    let round = |points: f32| (points * 10.0).round() / 10.0;
    Some(if turn.rem_euclid(180) == 90 { (round(height), round(width)) } else { (round(width), round(height)) })
}

fn sizes(source: &Source, pages: &[ObjectId]) -> Vec<Size> {
    let mut sizes: Vec<Size> = Vec::new();
    for (number, page) in (1..).zip(pages) {
        let Some((width, height)) = size(source, *page) else { continue };
        let same = |known: &&mut Size| (known.width - width).abs() < 0.5 && (known.height - height).abs() < 0.5;
        if let Some(known) = sizes.iter_mut().find(same) {
            known.pages += 1;
        } else if sizes.len() < MAX_SIZES {
            sizes.push(Size { width, height, name: name(width, height), pages: 1, first_page: number });
        }
    }
    sizes
}

/// The name of a size, in either orientation.
fn name(width: f32, height: f32) -> Option<&'static str> {
    let names = [
        ("A3", 297.0, 420.0),
        ("A4", 210.0, 297.0),
        ("A5", 148.0, 210.0),
        ("Letter", 215.9, 279.4),
        ("Legal", 215.9, 355.6),
    ];
    let (short, long) = (width.min(height), width.max(height));
    let near = |points: f32, millimetres: f32| (points - millimetres * MILLIMETRE).abs() < 2.0;
    names.iter().find(|(_, w, h)| near(short, *w) && near(long, *h)).map(|(name, ..)| *name)
}
