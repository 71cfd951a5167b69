//! The characters of a body: byte order mark, header, `<meta>`, or a guess between UTF-8 and windows-1252.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Bytes in which a `<meta charset>` is looked for, as the HTML standard has it.
const PRESCAN_BYTES: usize = 1024;

/// The text of a body. What is malformed becomes U+FFFD.
#[must_use]
pub fn decode(body: &[u8], charset: Option<&str>) -> String {
    let named = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let guess = || if std::str::from_utf8(body).is_ok() { UTF_8 } else { WINDOWS_1252 };
    let encoding = named.or_else(|| declared(body)).unwrap_or_else(guess);
    // A byte order mark wins.
    encoding.decode(body).0.into_owned()
}

/// The encoding that a `charset=` or an XML declaration near the beginning names.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..PRESCAN_BYTES).unwrap_or(body);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let key = if head.trim_start().starts_with("<?xml") { "encoding=" } else { "charset=" };
    let (_, value) = head.split_once(key)?;
    let value = value.trim_start_matches(['"', '\'', ' ']);
    let label = value.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | ';' | '/' | '?')).next()?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // What could be read as ASCII so far is not UTF-16.
    Some(encoding.output_encoding())
}
