//! `web_download`: a file of the web into a granted folder.

use std::io::Read;

use tandem_sdk::prelude::*;
use tandem_web_fetch::request::{failed, header, request, target};
use tandem_web_fetch::{address, fetch, permission};
use url::Url;

use crate::limits::{DOWNLOAD_TIMEOUT, MAX_DOWNLOAD_BYTES};
use crate::place::NewFile;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Bytes between two reports of progress.
const REPORT_BYTES: u64 = 1 << 20;

/// A file that was downloaded.
#[output]
#[derive(Debug)]
pub struct Downloaded {
    /// Where it came from, after redirects.
    pub url: String,
    /// Where it is now.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its media type, as the server says; empty if it does not.
    pub content_type: String,
}

pub(crate) fn run(ctx: &Ctx, url: &str, path: &str, overwrite: bool) -> Result<Downloaded> {
    let url = address::parse("url", url)?;
    // A path that cannot be written costs no request.
    let file = NewFile::create(path, overwrite)?;
    let (url, stream) = open(ctx, url)?;
    let (content_type, _) = fetch::content_type(header(stream.headers(), "content-type").unwrap_or_default());
    let path = file.path.clone();
    let bytes = copy(ctx, &url, stream, file)?;
    Ok(Downloaded { url: url.to_string(), path, bytes, content_type })
}

/// The answer that is a success, through redirects.
fn open(ctx: &Ctx, url: Url) -> Result<(Url, http::Stream)> {
    let mut visited = vec![url];
    loop {
        ctx.check()?;
        let Some(url) = visited.last().cloned() else { return Err(Error::other("no URL")) };
        permission::check(&url)?;
        let sent = request("GET", &url).timeout(DOWNLOAD_TIMEOUT).open();
        let stream = sent.map_err(|error| failed(&url, &error))?;
        if (300..400).contains(&stream.status())
            && let Some(next) = target(&url, stream.headers())
        {
            fetch::follow(&mut visited, next)?;
            continue;
        }
        fetch::succeeded(&url, stream.status())?;
        return Ok((url, stream));
    }
}

fn copy(ctx: &Ctx, url: &Url, mut stream: http::Stream, mut file: NewFile) -> Result<u64> {
    let too_large = || Error::other(format!("{url} is larger than {MAX_DOWNLOAD_BYTES} bytes, the limit of this tool"));
    let packed = header(stream.headers(), "content-encoding").is_some_and(|coding| coding != "identity");
    let length = header(stream.headers(), "content-length").and_then(|length| length.trim().parse::<u64>().ok());
    let length = length.filter(|_| !packed);
    if length.is_some_and(|length| length > MAX_DOWNLOAD_BYTES) {
        return Err(too_large());
    }
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut bytes, mut reported) = (0_u64, 0_u64);
    loop {
        ctx.check()?;
        let read = stream.read(&mut chunk).context(format_args!("reading {url}"))?;
        let part = chunk.get(..read).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        bytes += part.len() as u64;
        if bytes > MAX_DOWNLOAD_BYTES {
            return Err(too_large());
        }
        file.write(part)?;
        if bytes - reported >= REPORT_BYTES {
            reported = bytes;
            ctx.progress(bytes as f64, length.map(|length| length as f64), "downloading");
        }
    }
    if let Some(length) = length.filter(|length| *length != bytes) {
        return Err(Error::unavailable(format!("{url} broke off: {bytes} of {length} bytes came; try again")));
    }
    file.finish()?;
    Ok(bytes)
}
