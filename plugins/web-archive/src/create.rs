//! `web_archive_create`: pages of the web as an archive.

use std::time::Duration;

use tandem_granted_folders::{FolderError, Folders, NewFile};
use tandem_sdk::prelude::*;
use tandem_web_fetch::{address, fetch};

use crate::capture::Writer;
use crate::limits::{MAX_URLS, RESERVE_MS};
use crate::stamp;

/// A page that is in the archive, or why it is not.
#[output]
pub(crate) struct Archived {
    /// As it was asked for.
    requested: String,
    /// Where it came from, after redirects.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    url: Option<String>,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    media_type: Option<String>,
    /// Bytes of its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    bytes: Option<u64>,
    /// Why it is not in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    error: Option<String>,
}

/// An archive that was created.
#[output]
pub(crate) struct Created {
    /// Where it is.
    path: String,
    /// Its size in bytes.
    bytes: u64,
    /// Its records: one for itself, and one for each page.
    records: u64,
    /// The pages in the order in which they were asked for.
    pages: Vec<Archived>,
    /// Pages for which there was no time: archive them in another call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remaining: Vec<String>,
}

pub(crate) fn run(ctx: &Ctx, urls: Vec<String>, output: &str, overwrite: bool) -> Result<Created> {
    if urls.len() > MAX_URLS {
        return Err(Error::invalid_arguments(format!("more: {} pages; at most {MAX_URLS} in one call", urls.len())));
    }
    let parsed = urls.iter().map(|url| address::parse("url", url)).collect::<Result<Vec<_>>>()?;
    let packed = match output.to_ascii_lowercase() {
        name if name.ends_with(".warc.gz") => true,
        name if name.ends_with(".warc") => false,
        _ => {
            return Err(Error::invalid_arguments(format!("output: `{output}` ends with neither .warc.gz nor .warc")));
        }
    };
    let location = Folders::granted().locate("output", output).map_err(FolderError::into_tool_error)?;
    let file = NewFile::create("output", &location, overwrite).map_err(FolderError::into_tool_error)?;
    let failed = |error: std::io::Error| Error::other(format!("output: `{}`: {error}", location.path));
    let mut writer = Writer::begin(file, packed, &stamp::now()?).map_err(failed)?;
    let (mut pages, mut remaining, total) = (Vec::new(), Vec::new(), urls.len() as f64);
    let mut last = None;
    for (requested, url) in urls.into_iter().zip(parsed) {
        ctx.check()?;
        if !pages.is_empty() && ctx.remaining() < Duration::from_millis(RESERVE_MS) {
            remaining.push(requested);
            continue;
        }
        ctx.progress(pages.len() as f64, Some(total), &requested);
        let date = stamp::now()?;
        let page = match fetch::get(ctx, url) {
            Ok(page) => {
                writer.page(&date, &page).map_err(failed)?;
                let (url, bytes) = (Some(page.url.to_string()), Some(page.body.len() as u64));
                Archived { requested, url, media_type: Some(page.media_type), bytes, error: None }
            }
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                let text = error.to_string();
                last = Some(error);
                Archived { requested, url: None, media_type: None, bytes: None, error: Some(text) }
            }
        };
        pages.push(page);
    }
    let records = writer.records;
    match last {
        // Nothing is left of an archive without a page; its error is that of the last page.
        Some(error) if records == 1 => return Err(error),
        _ => {}
    }
    let bytes = writer.finish().commit().map_err(FolderError::into_tool_error)?;
    Ok(Created { path: location.path, bytes, records, pages, remaining })
}
