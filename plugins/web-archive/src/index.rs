//! `web_archive_index`: an index of an archive, as the tools of web archives read it (CDXJ).

use std::io::Write;

use data_encoding::BASE32;
use sha1::{Digest, Sha1};
use tandem_granted_folders::{FolderError, Folders, NewFile};
use tandem_sdk::prelude::*;

use crate::cdxj::Entry;
use crate::container::{Archive, Located};
use crate::limits::{MAX_INDEX_BYTES, MAX_LINES};
use crate::message::Message;
use crate::{stamp, surt};

/// An index that was written.
#[output]
pub(crate) struct Indexed {
    /// Where it is.
    path: String,
    /// Its lines: one for each response, resource and revisit.
    entries: u64,
    /// Its size in bytes.
    bytes: u64,
    /// Records of the archive, others included.
    records: u64,
}

/// The SHA-1 of bytes as archives write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    BASE32.encode(&Sha1::digest(bytes))
}

/// The line of a record; none if it is of a type that is not indexed.
fn line(archive: &str, located: &Located) -> Result<Option<String>> {
    let record = &located.record;
    let (Some(url), "response" | "resource" | "revisit") = (record.url(), record.kind()) else { return Ok(None) };
    let message = Message::of(record).ok();
    let media_type = match record.kind() {
        "revisit" => Some("warc/revisit".to_owned()),
        _ => message.as_ref().map(|message| message.media_type().0).filter(|kind| !kind.is_empty()),
    };
    let known = record.fields.get("warc-payload-digest").map(str::to_owned);
    let own =
        || message.as_ref().filter(|_| record.is_whole()).map(|message| format!("sha1:{}", digest(message.raw())));
    let entry = Entry {
        url: url.to_owned(),
        mime: media_type,
        status: message.as_ref().and_then(|message| message.status).map(|status| status.to_string()),
        digest: known.or_else(own),
        length: Some(located.length.to_string()),
        offset: Some(located.offset.to_string()),
        filename: Some(archive.rsplit('/').next().unwrap_or(archive).to_owned()),
        timestamp: String::new(),
    };
    let json = serde_json::to_string(&entry).map_err(Error::other)?;
    Ok(Some(format!("{} {} {json}\n", surt::key(url), stamp::digits(record.date()))))
}

pub(crate) fn run(ctx: &Ctx, path: &str, output: &str, overwrite: bool) -> Result<Indexed> {
    let location = Folders::granted().locate("output", output).map_err(FolderError::into_tool_error)?;
    NewFile::check("output", &location, overwrite).map_err(FolderError::into_tool_error)?;
    let mut archive = Archive::open(path)?;
    let (mut lines, mut bytes, mut records) = (Vec::new(), 0, 0);
    while let Some(located) = archive.next()? {
        ctx.check()?;
        ctx.progress(archive.at() as f64, Some(archive.bytes() as f64), "bytes");
        records += 1;
        let Some(line) = line(&archive.path, &located)? else { continue };
        bytes += line.len();
        lines.push(line);
        if lines.len() > MAX_LINES || bytes > MAX_INDEX_BYTES {
            return Err(Error::invalid_arguments(format!(
                "path: `{}` has more than {MAX_LINES} pages, or its index more than {MAX_INDEX_BYTES} bytes: split it",
                archive.path
            )));
        }
    }
    lines.sort_unstable();
    let mut file = NewFile::create("output", &location, overwrite).map_err(FolderError::into_tool_error)?;
    for line in &lines {
        file.write_all(line.as_bytes()).context(format_args!("writing {output}"))?;
    }
    let bytes = file.commit().map_err(FolderError::into_tool_error)?;
    Ok(Indexed { path: location.path, entries: lines.len() as u64, bytes, records })
}
