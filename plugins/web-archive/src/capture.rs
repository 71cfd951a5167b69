//! Records of an archive that is written (WARC 1.1).

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha1::{Digest, Sha1};
use tandem_web_fetch::fetch::Fetched;

use crate::index::digest;

/// What the archive says of itself.
const INFO: &str = "software: tandem web-archive\r\nformat: WARC File Format 1.1\r\nconformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\nrobots: obey\r\n";

/// An archive that is written.
pub(crate) struct Writer<W: Write> {
    out: W,
    packed: bool,
    pub(crate) records: u64,
}

impl<W: Write> Writer<W> {
    /// Begins an archive, whose records are compressed by gzip if `packed`.
    pub(crate) fn begin(out: W, packed: bool, date: &str) -> io::Result<Self> {
        let mut writer = Self { out, packed, records: 0 };
        writer.record("warcinfo", date, None, "application/warc-fields", INFO.as_bytes(), None)?;
        Ok(writer)
    }

    /// Adds a page.
    pub(crate) fn page(&mut self, date: &str, page: &Fetched) -> io::Result<()> {
        let mut block = format!("HTTP/1.1 {} \r\n", page.status);
        for (name, value) in &page.headers {
            // The body is whole here, whatever parts it came in.
            if !matches!(name.as_str(), "transfer-encoding" | "content-length" | "connection") {
                block.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        block.push_str(&format!("content-length: {}\r\n\r\n", page.body.len()));
        let mut block = block.into_bytes();
        block.extend_from_slice(&page.body);
        let payload = digest(&page.body);
        self.record(
            "response",
            date,
            Some(page.url.as_str()),
            "application/http; msgtype=response",
            &block,
            Some(&payload),
        )
    }

    /// What was written to.
    pub(crate) fn finish(self) -> W {
        self.out
    }

    fn record(
        &mut self,
        kind: &str,
        date: &str,
        url: Option<&str>,
        content_type: &str,
        block: &[u8],
        payload: Option<&str>,
    ) -> io::Result<()> {
        self.records += 1;
        // Two archives of one page in one second have different records.
        let random = RandomState::new().hash_one(self.records).to_string();
        let id = id(&[kind, date, url.unwrap_or_default(), &random, &digest(block)]);
        let mut head =
            format!("WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{id}>\r\nWARC-Date: {date}\r\n");
        if let Some(url) = url {
            head.push_str(&format!("WARC-Target-URI: {url}\r\n"));
        }
        if let Some(payload) = payload {
            head.push_str(&format!("WARC-Payload-Digest: sha1:{payload}\r\n"));
        }
        head.push_str(&format!(
            "WARC-Block-Digest: sha1:{}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            digest(block),
            block.len()
        ));
        let parts = [head.as_bytes(), block, b"\r\n\r\n"];
        if !self.packed {
            return parts.iter().try_for_each(|part| self.out.write_all(part));
        }
        let mut member = GzEncoder::new(&mut self.out, Compression::default());
        parts.iter().try_for_each(|part| member.write_all(part))?;
        member.finish().map(drop)
    }
}

/// An identifier of what has these parts (RFC 9562, version 5 by its form).
fn id(parts: &[&str]) -> String {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes: Vec<u8> = hash.finalize().iter().copied().take(16).collect();
    for (index, byte) in bytes.iter_mut().enumerate() {
        match index {
            6 => *byte = (*byte & 0x0f) | 0x50,
            8 => *byte = (*byte & 0x3f) | 0x80,
            _ => {}
        }
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
