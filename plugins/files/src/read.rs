//! Reads files: lines by number, from the start or the end, or bytes by offset.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tandem_sdk::prelude::*;

use crate::{
    limits::{MAX_CONTENT_BYTES, MAX_COUNTED_BYTES, MAX_CUT_LINES, MAX_LINE_BYTES, MAX_READ_FILES, MAX_SCANNED_BYTES},
    path::{Grants, Place},
    text::{self, Encoding, LineEnding, TextReader},
};

/// How the content of a file is given.
#[data]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// The text as it is.
    #[default]
    Text,
    /// Text with the number of each line and a tab before it.
    Numbered,
    /// The bytes, in base64.
    Base64,
}

/// Which part of a file is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range {
    pub(crate) offset: Option<i64>,
    pub(crate) limit: Option<u32>,
    pub(crate) byte_offset: Option<u64>,
    pub(crate) byte_limit: Option<u32>,
}

/// The content of a file, or a part of it.
#[output]
#[derive(Debug)]
pub(crate) struct FileContent {
    /// The file.
    pub(crate) path: String,
    /// The size of the whole file in bytes.
    pub(crate) bytes: u64,
    /// How `content` is given.
    pub(crate) format: Format,
    /// The content, or the part that was asked for.
    pub(crate) content: String,
    /// The encoding that the text was read by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) encoding: Option<String>,
    /// How its lines end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line_ending: Option<LineEnding>,
    /// The number of the first line in `content`, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_line: Option<u64>,
    /// The lines in `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lines: Option<u64>,
    /// The lines of the whole file; absent for files over 32 MiB that were not read to their end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_lines: Option<u64>,
    /// The `offset` of the next part; absent at the end of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_offset: Option<u64>,
    /// The `byte_offset` of the next part; absent at the end of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_byte_offset: Option<u64>,
    /// Numbers of lines over 16 KiB, of which only the start is given; read the rest by `byte_offset`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cut_lines: Vec<u64>,
}

/// One of several files: its content, or the error.
#[output]
#[derive(Debug)]
pub(crate) struct OneOfMany {
    /// The file, as it was asked for.
    path: String,
    /// Its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<FileContent>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Several files.
#[output]
#[derive(Debug)]
pub(crate) struct Contents {
    /// The files, in the order of `paths`.
    files: Vec<OneOfMany>,
    /// How many could not be read.
    failed: usize,
    /// Paths that the answer has no room for: ask for them again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remaining: Vec<String>,
}

/// Reads a file, or a part of it.
pub(crate) fn read(
    ctx: &Ctx,
    place: &Place<'_>,
    format: Format,
    encoding: Encoding,
    range: Range,
) -> Result<FileContent> {
    let by_bytes = range.byte_offset.is_some() || range.byte_limit.is_some();
    if by_bytes && (range.offset.is_some() || range.limit.is_some()) {
        return Err(Error::invalid_arguments(
            "give either `offset` and `limit` (lines) or `byte_offset` and `byte_limit` (bytes), not both",
        ));
    }
    match format {
        Format::Base64 if range.offset.is_some() || range.limit.is_some() => Err(Error::invalid_arguments(
            "`offset` and `limit` count lines, which `base64` has not: use `byte_offset` and `byte_limit`",
        )),
        Format::Base64 => read_bytes(place, range, None),
        Format::Numbered if by_bytes => Err(Error::invalid_arguments(
            "`byte_offset` and `byte_limit` do not go with `format` = `numbered`: use `offset` and `limit`, or `text`",
        )),
        Format::Text if by_bytes => read_bytes(place, range, Some(encoding)),
        _ => read_lines(ctx, place, format, encoding, range, MAX_CONTENT_BYTES),
    }
}

/// Reads several files; one that cannot be read does not keep the others away.
pub(crate) fn read_many(
    ctx: &Ctx,
    grants: &Grants,
    paths: Vec<String>,
    format: Format,
    limit: u32,
) -> Result<Contents> {
    if paths.is_empty() || paths.len() > MAX_READ_FILES {
        return Err(Error::invalid_arguments(format!("`paths` has {} files: give 1 to {MAX_READ_FILES}", paths.len())));
    }
    let mut contents = Contents { files: Vec::new(), failed: 0, remaining: Vec::new() };
    let mut left = MAX_CONTENT_BYTES;
    for path in paths {
        ctx.check()?;
        if left == 0 {
            contents.remaining.push(path);
            continue;
        }
        let read = grants.locate(&path).and_then(|place| match format {
            Format::Base64 => {
                read_bytes(&place, Range { byte_limit: u32::try_from(left).ok(), ..Range::default() }, None)
            }
            _ => {
                let range = Range { limit: Some(limit), ..Range::default() };
                read_lines(ctx, &place, format, Encoding::Auto, range, left)
            }
        });
        let (file, error) = match read {
            Ok(file) => {
                left = left.saturating_sub(file.content.len());
                (Some(file), None)
            }
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                contents.failed += 1;
                (None, Some(error.to_string()))
            }
        };
        contents.files.push(OneOfMany { path, file, error });
    }
    Ok(contents)
}

fn read_bytes(place: &Place<'_>, range: Range, encoding: Option<Encoding>) -> Result<FileContent> {
    let mut source = place.open()?;
    let bytes = source.bytes;
    let offset = range.byte_offset.unwrap_or(0);
    if offset > bytes {
        return Err(Error::invalid_arguments(format!("`byte_offset` is {offset}; `{}` has {bytes} bytes", place.path)));
    }
    let limit = range.byte_limit.map_or(MAX_CONTENT_BYTES, |limit| limit as usize).min(MAX_CONTENT_BYTES);
    // A part of text has room for a whole character, so that the next part begins further on.
    let limit = if encoding.is_some() { limit.max(4) } else { limit };
    source.seek(offset);
    let mut taken = source.read_up_to(&place.path, limit)?;
    let mut end = offset + taken.len() as u64;
    let content = match encoding {
        None => STANDARD.encode(&taken),
        Some(Encoding::Auto | Encoding::Utf8) => {
            // A character that the part begins or ends in the middle of is left to its neighbours.
            let begun =
                if offset == 0 { 0 } else { taken.iter().take_while(|byte| **byte & 0xC0 == 0x80).take(3).count() };
            taken.drain(..begun);
            if let Err(error) = std::str::from_utf8(&taken)
                && error.error_len().is_none()
                && end < bytes
            {
                end -= (taken.len() - error.valid_up_to()) as u64;
                taken.truncate(error.valid_up_to());
            }
            text::utf8(&place.path, taken, 1)?
        }
        Some(_) => {
            return Err(Error::invalid_arguments(
                "a part by `byte_offset` can be given as text only of UTF-8: use `format` = `base64`, or `offset` and `limit`",
            ));
        }
    };
    Ok(FileContent {
        path: place.path.clone(),
        bytes,
        format: if encoding.is_some() { Format::Text } else { Format::Base64 },
        content,
        encoding: encoding.map(|_| "utf-8".to_owned()),
        line_ending: None,
        first_line: None,
        lines: None,
        total_lines: None,
        next_offset: None,
        next_byte_offset: (end < bytes).then_some(end),
        cut_lines: Vec::new(),
    })
}

/// The lines that are collected while a file passes by.
struct Window {
    first: u64,
    /// The line after the last one that is wanted.
    until: u64,
    room: usize,
    kept: Vec<u8>,
    /// The line that is passing by, and how many of its bytes were kept and left out.
    line: u64,
    in_line: usize,
    cut: usize,
    cut_lines: Vec<u64>,
    /// Whether the current line has any bytes.
    begun: bool,
}

impl Window {
    fn wants(&self) -> bool {
        self.line >= self.first && self.line < self.until
    }

    /// Takes bytes of one line, of which `ends` says whether they end it.
    fn take(&mut self, bytes: &[u8], ends: bool) {
        if self.wants() {
            let body = if ends { bytes.strip_suffix(b"\n").unwrap_or(bytes) } else { bytes };
            let room = MAX_LINE_BYTES.saturating_sub(self.in_line);
            let shown = if self.cut == 0 { body.len().min(room) } else { 0 };
            self.kept.extend(body.get(..shown).unwrap_or_default());
            self.in_line += shown;
            self.cut += body.len() - shown;
            if ends {
                self.end_line(true);
            }
            if self.kept.len() >= self.room {
                self.until = self.until.min(self.line + 1);
            }
        }
        self.begun = !ends && (self.begun || !bytes.is_empty());
        if ends {
            self.line += 1;
        }
    }

    fn end_line(&mut self, terminated: bool) {
        if self.cut > 0 {
            // What was cut may have been cut within a character.
            let valid = match std::str::from_utf8(&self.kept) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => self.kept.len(),
            };
            self.kept.truncate(valid);
            self.kept.extend(format!("… [{} bytes more]", self.cut).into_bytes());
            if self.cut_lines.len() < MAX_CUT_LINES {
                self.cut_lines.push(self.line);
            }
        }
        if terminated {
            self.kept.push(b'\n');
        }
        (self.in_line, self.cut) = (0, 0);
    }
}

fn read_lines(
    ctx: &Ctx,
    place: &Place<'_>,
    format: Format,
    encoding: Encoding,
    range: Range,
    room: usize,
) -> Result<FileContent> {
    let bytes = place.stat(true)?.bytes;
    let limit = u64::from(range.limit.unwrap_or(2_000));
    let first = match range.offset {
        None | Some(0) => 1,
        Some(offset) if offset > 0 => offset.unsigned_abs(),
        Some(back) => (count_lines(ctx, place, encoding)? + 1).saturating_sub(back.unsigned_abs()).max(1),
    };
    let mut reader = TextReader::open(place, encoding)?;
    let mut window = Window {
        first,
        until: first.saturating_add(limit),
        room,
        kept: Vec::new(),
        line: 1,
        in_line: 0,
        cut: 0,
        cut_lines: Vec::new(),
        begun: false,
    };
    let complete = pass(ctx, place, &mut reader, &mut window, bytes <= MAX_COUNTED_BYTES)?;
    if complete && window.begun && window.wants() {
        window.end_line(false);
    }
    let total = if window.begun { window.line } else { window.line - 1 };
    if complete && first > total && first > 1 {
        return Err(Error::invalid_arguments(format!("`offset` is {first}; `{}` has {total} lines", place.path)));
    }
    let end = window.until.min(total + 1);
    let content = text::utf8(&place.path, window.kept, first)?;
    Ok(FileContent {
        path: place.path.clone(),
        bytes,
        format,
        line_ending: text::line_ending(content.as_bytes()),
        content: if format == Format::Numbered { numbered(&content, first) } else { content },
        encoding: Some(reader.encoding.to_lowercase()),
        first_line: Some(first),
        lines: Some(end.saturating_sub(first)),
        total_lines: complete.then_some(total),
        next_offset: (!complete || end <= total).then_some(end),
        next_byte_offset: None,
        cut_lines: window.cut_lines,
    })
}

/// Passes a file by the window, and tells whether it was passed to its end. Without `count` it stops behind the window.
fn pass(ctx: &Ctx, place: &Place<'_>, reader: &mut TextReader, window: &mut Window, count: bool) -> Result<bool> {
    let mut passed = 0;
    loop {
        ctx.check()?;
        let chunk = reader.next().map_err(|error| Error::other(format!("`{}`: {error}", place.path)))?;
        if chunk.is_empty() {
            return Ok(true);
        }
        passed += chunk.len() as u64;
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            window.take(part, part.ends_with(b"\n"));
        }
        if window.line >= window.until && !count {
            return Ok(false);
        }
        if passed > MAX_SCANNED_BYTES {
            return Err(Error::invalid_arguments(format!(
                "`{}`: line {} is beyond the first {MAX_SCANNED_BYTES} bytes, which is how far lines are counted: use `byte_offset`",
                place.path, window.first
            )));
        }
    }
}

fn count_lines(ctx: &Ctx, place: &Place<'_>, encoding: Encoding) -> Result<u64> {
    let mut reader = TextReader::open(place, encoding)?;
    let mut window = Window {
        first: u64::MAX,
        until: u64::MAX,
        room: 0,
        kept: Vec::new(),
        line: 1,
        in_line: 0,
        cut: 0,
        cut_lines: Vec::new(),
        begun: false,
    };
    pass(ctx, place, &mut reader, &mut window, true)?;
    Ok(if window.begun { window.line } else { window.line - 1 })
}

fn numbered(text: &str, first: u64) -> String {
    (first..).zip(text.lines()).map(|(number, line)| format!("{number:>6}\t{line}\n")).collect()
}
