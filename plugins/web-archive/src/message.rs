//! The HTTP message in a record, and its body as it is meant.

use std::io::{BufRead, Read};

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use tandem_web_fetch::fetch::content_type;

use crate::limits::{MAX_HEAD_BYTES, MAX_PAGE_BYTES};
use crate::record::{Damage, Fields, Record, fields};

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) status: Option<u16>,
    pub(crate) fields: Fields,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message of a record: its head and body where it has an HTTP message, else its content as the body.
    pub(crate) fn of(record: &'a Record) -> Result<Self, Damage> {
        let plain = record.fields.get("content-type").unwrap_or_default().to_ascii_lowercase();
        if record.kind() != "response" || !plain.starts_with("application/http") {
            let fields = Fields(vec![("content-type".to_owned(), plain)]);
            return Ok(Self { status: None, fields, body: &record.block });
        }
        let (mut input, mut left) = (record.block.as_slice(), MAX_HEAD_BYTES);
        let mut status = Vec::new();
        input.by_ref().take(left).read_until(b'\n', &mut status)?;
        left = left.saturating_sub(status.len() as u64);
        let status = String::from_utf8_lossy(&status).into_owned();
        let mut words = status.split_ascii_whitespace();
        let (version, code) = (words.next().unwrap_or_default(), words.next().and_then(|code| code.parse().ok()));
        if !version.starts_with("HTTP/") || code.is_none() {
            return Err(Damage("its content is not an HTTP response".to_owned()));
        }
        let fields = fields(&mut input, &mut left)?;
        Ok(Self { status: code, fields, body: input })
    }

    /// The media type and charset that the server says.
    pub(crate) fn media_type(&self) -> (String, Option<String>) {
        content_type(self.fields.get("content-type").unwrap_or_default())
    }

    /// The bytes of the body as they were sent.
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.body
    }

    /// The body without its codings.
    pub(crate) fn body(&self) -> Result<Vec<u8>, Damage> {
        let chunked = self.fields.get("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        // Archives that were made from decoded answers keep the header: then the body stays as it is.
        let whole = if chunked { dechunk(self.body) } else { None }.unwrap_or_else(|| self.body.to_vec());
        let coding = self.fields.get("content-encoding").unwrap_or_default().trim().to_ascii_lowercase();
        let bound = MAX_PAGE_BYTES as u64 + 1;
        let mut body = Vec::new();
        match coding.as_str() {
            "gzip" | "x-gzip" if whole.starts_with(&[0x1f, 0x8b]) => {
                MultiGzDecoder::new(whole.as_slice()).take(bound).read_to_end(&mut body)?;
            }
            "deflate" if whole.first().is_some_and(|byte| byte & 0x0f == 8) => {
                ZlibDecoder::new(whole.as_slice()).take(bound).read_to_end(&mut body)?;
            }
            "br" | "zstd" | "compress" => return Err(Damage(format!("its encoding `{coding}` is not read"))),
            _ => body = whole,
        }
        if body.len() > MAX_PAGE_BYTES {
            return Err(Damage(format!("its body has more than {MAX_PAGE_BYTES} bytes")));
        }
        Ok(body)
    }
}

/// The chunks of a body together; none if it has none.
fn dechunk(mut input: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = input.iter().position(|byte| *byte == b'\n')?;
        let (head, rest) = (input.get(..end)?, input.get(end + 1..)?);
        let size = std::str::from_utf8(head).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(..size)?);
        let rest = rest.get(size..)?;
        input = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))?;
    }
}
