//! How CSV files are written that are not as usual, and the bytes of their encodings as UTF-8.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::notation::Notation;
use crate::{
    error::{Error, Result},
    meter::Counted,
    text,
    types::DataType,
    value::Value,
};

/// What stands for "no value" in columns of numbers, dates or booleans, where the caller names no words.
pub(super) const NULL_WORDS: [&str; 6] = ["NA", "N/A", "n/a", "#N/A", "NULL", "null"];
/// Words that a caller may name.
const MAX_WORDS: usize = 32;
/// What is decoded at once.
const CHUNK: usize = 32 << 10;

/// How a csv or tsv file is written, where it is not as usual.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Whether the first line names the columns; true if not given.
    #[serde(default)]
    pub header: Option<bool>,
    /// Names of the columns, instead of those of the first line; `column_1` and so on where there is none.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// The character between cells, as `;`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: Option<String>,
    /// The character around cells; empty for none.
    #[serde(default)]
    #[schemars(length(max = 1))]
    pub quote: Option<String>,
    /// Words for null in every column, as `["NA", "-"]`; if not given, `NA`, `NULL` and the like in columns that are not text.
    #[serde(default)]
    pub nulls: Option<Vec<String>>,
    /// The decimal sign, as `,` in `1,5`; `.` if not given.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub decimal: Option<String>,
    /// The sign between groups of digits, as `.` in `1.234,5`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub thousands: Option<String>,
    /// The encoding; if not given, that of a byte order mark, or `utf-8`.
    #[serde(default)]
    pub encoding: Option<Encoding>,
}

/// The encoding of a text file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(transform = crate::schema::names_only)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "latin1")]
    Latin1,
    /// The usual encoding of Windows in western Europe.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// UTF-16, of the byte order that it begins with, or else little-endian.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// A dialect that was checked.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) header: bool,
    pub(super) names: Option<Vec<String>>,
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    pub(super) nulls: Option<Vec<String>>,
    pub(super) notation: Option<Notation>,
    pub(super) encoding: Option<Encoding>,
}

impl Settings {
    /// The dialect, with `delimiter` where it has none.
    pub(super) fn new(dialect: Option<&Dialect>, delimiter: u8) -> Result<Self> {
        let dialect = dialect.cloned().unwrap_or_default();
        let one = |name: &str, text: &str| match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(*byte),
            _ => Err(Error::invalid(format!("`{name}` of `csv` is one ASCII character"))),
        };
        if dialect.nulls.as_ref().is_some_and(|words| words.len() > MAX_WORDS) {
            return Err(Error::invalid(format!("`nulls` of `csv` has at most {MAX_WORDS} words")));
        }
        let delimiter = dialect.delimiter.as_deref().map_or(Ok(delimiter), |text| one("delimiter", text))?;
        let quote = match dialect.quote.as_deref() {
            None => Some(b'"'),
            Some("") => None,
            Some(text) => Some(one("quote", text)?),
        };
        if quote == Some(delimiter) {
            return Err(Error::invalid("`delimiter` and `quote` of `csv` are the same"));
        }
        Ok(Self {
            header: dialect.header.unwrap_or(true),
            names: dialect.columns,
            delimiter,
            quote,
            nulls: dialect.nulls,
            notation: Notation::new(dialect.decimal.as_deref(), dialect.thousands.as_deref())?,
            encoding: dialect.encoding,
        })
    }
}

impl Settings {
    /// What a cell looks like, if it is not text.
    pub(super) fn guess(&self, cell: &str) -> Option<Value> {
        self.notation.map_or_else(|| text::guess(cell), |notation| notation.guess(cell))
    }

    /// The value of a cell in a column of this type, if it has one.
    pub(super) fn parse(&self, cell: &str, wanted: DataType) -> Option<Value> {
        self.notation.map_or_else(|| text::parse(cell, wanted), |notation| notation.parse(cell, wanted))
    }
}

/// A file as UTF-8.
pub(super) struct Decoded {
    file: Counted<File>,
    encoding: Encoding,
    big_endian: bool,
    /// Bytes that are no whole character yet.
    rest: Vec<u8>,
    /// A first half of a pair of UTF-16.
    high: Option<u16>,
    text: Vec<u8>,
    at: usize,
}

impl Decoded {
    /// A file from its beginning. Without an encoding it is UTF-16 where it begins so, or else UTF-8.
    pub(super) fn new(mut file: Counted<File>, wanted: Option<Encoding>) -> io::Result<Self> {
        let mut mark = [0; 2];
        file.get_mut().rewind()?;
        let n = file.get_mut().read(&mut mark)?;
        let marked = n == 2 && matches!(mark, [0xff, 0xfe] | [0xfe, 0xff]);
        let encoding = wanted.unwrap_or(if marked { Encoding::Utf16 } else { Encoding::Utf8 });
        let big_endian = mark == [0xfe, 0xff];
        let mut decoded = Self { file, encoding, big_endian, rest: Vec::new(), high: None, text: Vec::new(), at: 0 };
        decoded.rewind()?;
        Ok(decoded)
    }

    pub(super) fn rewind(&mut self) -> io::Result<()> {
        (self.high, self.at) = (None, 0);
        self.rest.clear();
        self.text.clear();
        self.file.get_mut().rewind()
    }

    /// Goes to a byte of the text.
    pub(super) fn seek(&mut self, start: u64) -> io::Result<()> {
        if self.encoding == Encoding::Utf8 {
            return self.file.get_mut().seek(SeekFrom::Start(start)).map(|_| ());
        }
        self.rewind()?;
        io::copy(&mut self.by_ref().take(start), &mut io::sink()).map(|_| ())
    }

    pub(super) fn into_inner(self) -> Counted<File> {
        self.file
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.at, self.text) = (0, Vec::with_capacity(CHUNK * 2));
        let mut bytes = std::mem::take(&mut self.rest);
        let before = bytes.len();
        bytes.resize(before + CHUNK, 0);
        let n = self.file.read(bytes.get_mut(before..).unwrap_or_default())?;
        bytes.truncate(before + n);
        match self.encoding {
            Encoding::Utf8 => self.text = bytes,
            Encoding::Latin1 => bytes.iter().for_each(|byte| self.push(char::from(*byte))),
            Encoding::Windows1252 => bytes.iter().for_each(|byte| self.push(windows_1252(*byte))),
            Encoding::Utf16 => {
                let (pairs, rest) = bytes.as_chunks::<2>();
                if n == 0 && !(rest.is_empty() && self.high.is_none()) {
                    return Err(cut_short());
                }
                self.rest = rest.to_vec();
                for pair in pairs {
                    let unit = if self.big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
                    self.unit(unit)?;
                }
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: u16) -> io::Result<()> {
        match (self.high.take(), unit) {
            (None, 0xd800..=0xdbff) => self.high = Some(unit),
            // The mark of the byte order is not text.
            (None, 0xfeff) => {}
            (high, unit) => {
                let units = high.into_iter().chain([unit]);
                let c = char::decode_utf16(units).next().and_then(std::result::Result::ok).ok_or_else(cut_short)?;
                self.push(c);
            }
        }
        Ok(())
    }

    fn push(&mut self, c: char) {
        self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the text is not UTF-16")
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.encoding == Encoding::Utf8 {
            return self.file.read(buffer);
        }
        while self.at >= self.text.len() {
            let before = self.rest.len();
            self.fill()?;
            if self.text.is_empty() && self.rest.len() <= before && self.high.is_none() {
                return Ok(0);
            }
        }
        let ready = self.text.get(self.at..).unwrap_or_default();
        let n = ready.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(ready) {
            *to = *from;
        }
        self.at += n;
        Ok(n)
    }
}

/// The character of a byte, as the WHATWG's encoding standard has it.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
        '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}',
        '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}',
        '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    let high = byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at)));
    high.copied().unwrap_or(char::from(byte))
}
