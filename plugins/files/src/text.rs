//! Text in files: its encoding, its lines, and bytes that are no text.

use std::io::{self, Read};

use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use tandem_sdk::prelude::*;

use crate::{limits::CHUNK, path::Place, storage::Source};

/// Bytes at the start by which binary files are distinguished from text.
const SNIFFED: usize = 8 << 10;

/// How the text of a file is encoded.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Encoding {
    /// UTF-16 where the file begins with a byte order mark, else UTF-8.
    #[default]
    Auto,
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, little-endian.
    #[serde(rename = "utf-16le")]
    Utf16le,
    /// UTF-16, big-endian.
    #[serde(rename = "utf-16be")]
    Utf16be,
    /// Western European; also for ISO 8859-1.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// Central European.
    #[serde(rename = "iso-8859-2")]
    Iso88592,
    /// Western European with the euro sign.
    #[serde(rename = "iso-8859-15")]
    Iso885915,
    /// Cyrillic.
    #[serde(rename = "windows-1251")]
    Windows1251,
    /// Cyrillic.
    Koi8R,
    /// Japanese.
    ShiftJis,
    /// Japanese.
    EucJp,
    /// Chinese, also for GBK.
    Gb18030,
    /// Chinese.
    Big5,
    /// Korean.
    EucKr,
}

impl Encoding {
    fn decoder(self) -> Option<&'static encoding_rs::Encoding> {
        Some(match self {
            Self::Auto | Self::Utf8 => return None,
            Self::Utf16le => encoding_rs::UTF_16LE,
            Self::Utf16be => encoding_rs::UTF_16BE,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
            Self::Iso88592 => encoding_rs::ISO_8859_2,
            Self::Iso885915 => encoding_rs::ISO_8859_15,
            Self::Windows1251 => encoding_rs::WINDOWS_1251,
            Self::Koi8R => encoding_rs::KOI8_R,
            Self::ShiftJis => encoding_rs::SHIFT_JIS,
            Self::EucJp => encoding_rs::EUC_JP,
            Self::Gb18030 => encoding_rs::GB18030,
            Self::Big5 => encoding_rs::BIG5,
            Self::EucKr => encoding_rs::EUC_KR,
        })
    }
}

/// How the lines of a text end.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LineEnding {
    /// `\n`.
    Lf,
    /// `\r\n`.
    Crlf,
    /// Both.
    Mixed,
}

/// How the lines of `text` end; none where there is but one, without an end.
pub(crate) fn line_ending(text: &[u8]) -> Option<LineEnding> {
    let all = text.iter().filter(|byte| **byte == b'\n').count();
    let crlf = text.windows(2).filter(|pair| *pair == b"\r\n").count();
    match (all, crlf) {
        (0, _) => None,
        (_, 0) => Some(LineEnding::Lf),
        (all, crlf) if all == crlf => Some(LineEnding::Crlf),
        _ => Some(LineEnding::Mixed),
    }
}

/// The name of the encoding that a byte order mark at the start tells.
pub(crate) fn by_mark(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xEF, 0xBB, 0xBF, ..] => Some("utf-8-bom"),
        [0xFF, 0xFE, ..] => Some("utf-16le"),
        [0xFE, 0xFF, ..] => Some("utf-16be"),
        _ => None,
    }
}

/// Whether these first bytes of a file are no text in UTF-8 or an encoding like ASCII.
pub(crate) fn is_binary(start: &[u8]) -> bool {
    start.contains(&0)
}

/// The text of a file as UTF-8, in parts.
pub(crate) struct TextReader {
    decoded: DecodeReaderBytes<Source, Vec<u8>>,
    buffer: Vec<u8>,
    pub(crate) encoding: &'static str,
}

impl TextReader {
    /// Opens a file as text; refuses one that is binary.
    pub(crate) fn open(place: &Place<'_>, encoding: Encoding) -> Result<Self> {
        let mut source = place.open()?;
        let start = source.read_up_to(&place.path, SNIFFED)?;
        source.seek(0);
        let mark = by_mark(&start);
        let decoder = encoding.decoder();
        if decoder.is_none() && mark.is_none_or(|mark| mark == "utf-8-bom") && is_binary(&start) {
            return Err(binary(&place.path, &start));
        }
        let name = match (decoder, mark) {
            (_, Some("utf-8-bom")) => "utf-8",
            (_, Some(mark)) => mark,
            (Some(decoder), None) => decoder.name(),
            (None, None) => "utf-8",
        };
        let decoded = DecodeReaderBytesBuilder::new()
            .encoding(decoder)
            .utf8_passthru(true)
            .strip_bom(true)
            .bom_override(true)
            .build_with_buffer(source, vec![0; CHUNK])
            .map_err(|error| Error::other(format!("`{}`: {error}", place.path)))?;
        Ok(Self { decoded, buffer: vec![0; CHUNK], encoding: name })
    }

    /// The next part of the text; empty at the end.
    pub(crate) fn next(&mut self) -> io::Result<&[u8]> {
        let read = self.decoded.read(&mut self.buffer)?;
        Ok(self.buffer.get(..read).unwrap_or_default())
    }
}

fn binary(path: &str, start: &[u8]) -> Error {
    let kind = infer::get(start).map_or_else(|| "binary".to_owned(), |kind| format!("of type {}", kind.mime_type()));
    Error::invalid_arguments(format!(
        "`{path}` is {kind} and not text: read it with `format` = `base64`, or look at it with `files_detect`; UTF-16 without a byte \
         order mark needs `encoding`"
    ))
}

/// The text of these bytes of `path`; an error names the line. `first_line` is the number of the first line that they hold.
pub(crate) fn utf8(path: &str, bytes: Vec<u8>, first_line: u64) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = first_line + bytes.iter().take(at).filter(|byte| **byte == b'\n').count() as u64;
        let byte = bytes.get(at).copied().unwrap_or_default();
        Error::invalid_arguments(format!(
            "`{path}`, line {line}: byte 0x{byte:02X} is not UTF-8: give its `encoding`, as `windows-1252`, or `format` = `base64`"
        ))
    })
}

/// Cuts a text to so many bytes at most, between characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}
