//! One record of a WARC file.

use std::io::{BufRead, Read};

use crate::limits::{MAX_BLOCK_BYTES, MAX_FIELDS, MAX_HEAD_BYTES};

/// Why a record cannot be read.
#[derive(Debug)]
pub(crate) struct Damage(pub(crate) String);

impl<E: std::error::Error> From<E> for Damage {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Named fields, in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// The first of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// A record.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) fields: Fields,
    /// Its content, as far as it is kept.
    pub(crate) block: Vec<u8>,
    /// Bytes of its whole content.
    pub(crate) block_bytes: u64,
}

impl Record {
    /// Its type, as `response`.
    pub(crate) fn kind(&self) -> &str {
        self.fields.get("warc-type").unwrap_or_default()
    }

    /// The address that it is about.
    pub(crate) fn url(&self) -> Option<&str> {
        // Older writers put it into angle brackets.
        self.fields.get("warc-target-uri").map(|url| url.trim_start_matches('<').trim_end_matches('>'))
    }

    pub(crate) fn date(&self) -> &str {
        self.fields.get("warc-date").unwrap_or_default()
    }

    /// Whether all of its content is kept.
    pub(crate) fn is_whole(&self) -> bool {
        self.block.len() as u64 == self.block_bytes
    }
}

/// A line without its end; none at the end of the input. `left` is what the head may still take.
fn line(input: &mut impl BufRead, left: &mut u64) -> Result<Option<String>, Damage> {
    let mut bytes = Vec::new();
    let read = input.by_ref().take(*left).read_until(b'\n', &mut bytes)? as u64;
    *left -= read;
    match bytes.as_slice() {
        [] if *left == 0 => Err(Damage(format!("its head has more than {MAX_HEAD_BYTES} bytes"))),
        [] => Ok(None),
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => Ok(Some(String::from_utf8_lossy(text).into_owned())),
        _ if *left == 0 => Err(Damage(format!("its head has more than {MAX_HEAD_BYTES} bytes"))),
        _ => Err(Damage("it ends within its head".to_owned())),
    }
}

/// Lines of `Name: value` up to an empty one.
pub(crate) fn fields(input: &mut impl BufRead, left: &mut u64) -> Result<Fields, Damage> {
    let mut fields: Vec<(String, String)> = Vec::new();
    loop {
        let Some(line) = line(input, left)? else { return Err(Damage("it ends within its head".to_owned())) };
        if line.is_empty() {
            return Ok(Fields(fields));
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(Damage(format!("a line of its head has no `:`: `{}`", shown(&line))));
        };
        if fields.len() == MAX_FIELDS {
            return Err(Damage(format!("its head has more than {MAX_FIELDS} fields")));
        }
        fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// The beginning of a text, for errors.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Reads a record: the version, the head, the content, and the two line ends behind it. None at the end of the input.
pub(crate) fn read(input: &mut impl BufRead) -> Result<Option<Record>, Damage> {
    let mut left = MAX_HEAD_BYTES;
    let Some(version) = line(input, &mut left)? else { return Ok(None) };
    if !version.starts_with("WARC/") {
        return Err(Damage(format!("a record begins with `WARC/1.0` or `WARC/1.1`, here is `{}`", shown(&version))));
    }
    let fields = fields(input, &mut left)?;
    let claimed = fields.get("content-length").unwrap_or_default();
    let claimed: u64 =
        claimed.parse().map_err(|_| Damage(format!("its `Content-Length` is not a length: `{}`", shown(claimed))))?;
    let mut block = Vec::new();
    input.by_ref().take(claimed.min(MAX_BLOCK_BYTES)).read_to_end(&mut block)?;
    let rest = claimed - block.len() as u64;
    let passed = std::io::copy(&mut input.by_ref().take(rest), &mut std::io::sink())?;
    if passed < rest {
        let there = block.len() as u64 + passed;
        return Err(Damage(format!("its `Content-Length` says {claimed} bytes, {there} are there")));
    }
    end(input, claimed)?;
    Ok(Some(Record { fields, block, block_bytes: claimed }))
}

/// The line ends behind a content: some writers leave out those of the last record.
fn end(input: &mut impl BufRead, claimed: u64) -> Result<(), Damage> {
    let mut behind = Vec::new();
    input.by_ref().take(4).read_to_end(&mut behind)?;
    match behind.as_slice() {
        b"\r\n\r\n" | b"" => Ok(()),
        _ => Err(Damage(format!("its `Content-Length` says {claimed} bytes, but its content does not end there"))),
    }
}
