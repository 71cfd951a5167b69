//! `web_archive_dataset`: the pages of an index as rows.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::Duration;

use serde::Serialize;
use tandem_granted_folders::{FolderError, Folders, NewFile, open};
use tandem_sdk::prelude::*;

use crate::cdxj::Entry;
use crate::container::Archive;
use crate::limits::{MAX_DATASET_BYTES, MAX_EXPANDED_BYTES, MAX_INDEX_BYTES, RESERVE_MS};
use crate::page::Format;
use crate::record::Damage;
use crate::scan::Skipped;
use crate::{stamp, text};

/// Reasons that an answer shows.
const MAX_SHOWN: usize = 20;

/// A data set that was written.
#[output]
pub(crate) struct Dataset {
    /// Where it is: JSON Lines, one object for each page.
    path: String,
    /// Its rows.
    rows: u64,
    /// Its size in bytes.
    bytes: u64,
    /// Entries whose record has no text or could not be read.
    failed: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped>,
    /// The `cursor` for the rest, into another file; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    next_cursor: Option<String>,
}

/// What is extracted.
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) output: &'a str,
    pub(crate) text: bool,
    pub(crate) format: Format,
    pub(crate) contains: Option<&'a str>,
    pub(crate) media_type: Option<&'a str>,
    pub(crate) status: Option<u16>,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) overwrite: bool,
}

/// A row.
#[derive(Serialize)]
struct Row<'a> {
    url: &'a str,
    date: String,
    status: Option<u16>,
    media_type: Option<&'a str>,
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// The text of an index.
fn read(path: &str) -> Result<(String, String)> {
    let location = Folders::granted().locate("path", path).map_err(FolderError::into_tool_error)?;
    let (file, _) = open("path", &location).map_err(FolderError::into_tool_error)?;
    let mut text = String::new();
    let read = file.take(MAX_INDEX_BYTES as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| Error::invalid_arguments(format!("path: `{}` is not an index: {error}", location.path)))?;
    if text.len() > MAX_INDEX_BYTES {
        return Err(Error::invalid_arguments(format!(
            "path: `{}` has more than {MAX_INDEX_BYTES} bytes: split it",
            location.path
        )));
    }
    let folder = location.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    Ok((text, folder))
}

impl Request<'_> {
    fn wants(&self, entry: &Entry) -> bool {
        self.contains.is_none_or(|part| entry.url.contains(part))
            && self.media_type.is_none_or(|wanted| entry.mime.as_deref() == Some(wanted))
            && self.status.is_none_or(|wanted| entry.status() == Some(wanted))
    }
}

/// The archives that an index names, which are beside it.
struct Archives {
    folder: String,
    open: HashMap<String, Archive>,
}

impl Archives {
    /// Title and text of an entry.
    fn text(
        &mut self,
        entry: &Entry,
        format: Format,
    ) -> Result<std::result::Result<(Option<String>, String), Skipped>> {
        let offset = entry.offset().unwrap_or_default();
        let skipped = |reason: String| Ok(Err(Skipped { offset, url: Some(entry.url.clone()), reason }));
        let (Some(name), Some(offset)) = (&entry.filename, entry.offset()) else {
            return skipped("the index names no archive".to_owned());
        };
        if !self.open.contains_key(name) {
            // An index names one archive, or a few.
            const MAX_OPEN: usize = 64;
            if self.open.len() == MAX_OPEN {
                self.open.clear();
            }
            self.open.insert(name.clone(), Archive::open(&format!("{}/{name}", self.folder))?);
        }
        let Some(archive) = self.open.get_mut(name) else { return skipped("the archive is not open".to_owned()) };
        archive.seek("path", offset)?;
        let Some(located) = archive.next()? else { return skipped("the archive ends before it".to_owned()) };
        Ok(match text::of(&located, format, usize::MAX) {
            Ok(Some(text)) => Ok((text.title, text.text)),
            Ok(None) => return skipped("it is not text".to_owned()),
            Err(Damage(why)) => return skipped(why),
        })
    }

    fn expanded(&self) -> u64 {
        self.open.values().map(Archive::expanded).sum()
    }
}

pub(crate) fn run(ctx: &Ctx, request: &Request<'_>) -> Result<Dataset> {
    let location = Folders::granted().locate("output", request.output).map_err(FolderError::into_tool_error)?;
    let mut file = NewFile::create("output", &location, request.overwrite).map_err(FolderError::into_tool_error)?;
    let (index, folder) = read(request.path)?;
    let first = match request.cursor {
        None => 0,
        Some(cursor) => cursor.parse::<usize>().map_err(|_| {
            Error::invalid_arguments(format!("cursor: `{cursor}` is not the `next_cursor` of a call before"))
        })?,
    };
    let mut archives = Archives { folder, open: HashMap::new() };
    let (mut rows, mut bytes, mut failed, mut skipped, mut next_cursor) = (0, 0_u64, 0, Vec::new(), None);
    let total = index.lines().count();
    for (number, line) in index.lines().enumerate().skip(first) {
        ctx.check()?;
        let late = rows + failed > 0 && ctx.remaining() < Duration::from_millis(RESERVE_MS);
        if rows == u64::from(request.limit) || late || archives.expanded() > MAX_EXPANDED_BYTES / 2 {
            next_cursor = Some(number.to_string());
            break;
        }
        ctx.progress(number as f64, Some(total as f64), "entries");
        let entry = Entry::parse(line).map_err(|error| {
            Error::invalid_arguments(format!("path: `{}`, line {}: {error}", request.path, number + 1))
        })?;
        let Some(entry) = entry.filter(|entry| request.wants(entry)) else { continue };
        let (title, text) = match request.text.then(|| archives.text(&entry, request.format)).transpose()? {
            None => (None, None),
            Some(Ok((title, text))) => (title, Some(text)),
            Some(Err(why)) => {
                failed += 1;
                if skipped.len() < MAX_SHOWN {
                    skipped.push(why);
                }
                continue;
            }
        };
        let mut row = row(&entry, title, text)?;
        row.push('\n');
        bytes += row.len() as u64;
        if bytes > MAX_DATASET_BYTES {
            return Err(Error::invalid_arguments(format!(
                "limit: the data set has more than {MAX_DATASET_BYTES} bytes after {rows} rows: give a smaller `limit`"
            )));
        }
        file.write_all(row.as_bytes()).context(format_args!("writing {}", location.path))?;
        rows += 1;
    }
    let bytes = file.commit().map_err(FolderError::into_tool_error)?;
    Ok(Dataset { path: location.path, rows, bytes, failed, skipped, next_cursor })
}

fn row(entry: &Entry, title: Option<String>, text: Option<String>) -> Result<String> {
    let row = Row {
        url: &entry.url,
        date: stamp::date(&entry.timestamp),
        status: entry.status(),
        media_type: entry.mime.as_deref(),
        digest: entry.digest.as_deref(),
        title,
        text,
    };
    serde_json::to_string(&row).map_err(Error::other)
}
