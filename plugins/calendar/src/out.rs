//! Content lines that are written: escaped, folded, and of one property each whatever its text.

use tandem_sdk::{Error, Result};

/// Bytes of a line (RFC 5545, 3.1).
const MAX_OCTETS: usize = 75;

/// Lines of a calendar.
#[derive(Debug, Default)]
pub(crate) struct Out {
    text: String,
}

impl Out {
    /// A property whose value needs no escapes.
    pub(crate) fn line(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        for c in name.chars().chain([':']).chain(value.chars()) {
            if octets + c.len_utf8() > MAX_OCTETS {
                self.text.push_str("\r\n ");
                octets = 1;
            }
            self.text.push(c);
            octets += c.len_utf8();
        }
        self.text.push_str("\r\n");
    }

    /// A property of text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.line(name, &escaped(value));
    }

    pub(crate) fn push(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Text with its escapes.
pub(crate) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.replace("\r\n", "\n").replace('\r', "\n").chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            ';' => text.push_str("\\;"),
            ',' => text.push_str("\\,"),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
    text
}

/// The value of a parameter, in quotes, with the escapes of RFC 6868.
pub(crate) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('^', "^^").replace('"', "^'").replace('\n', "^n"))
}

/// Text of at most so many bytes, without control characters other than tabs and ends of lines.
pub(crate) fn checked<'a>(argument: &str, value: &'a str, most: usize) -> Result<&'a str> {
    if value.len() > most {
        return Err(Error::invalid_arguments(format!("`{argument}` has more than {most} bytes")));
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid_arguments(format!("`{argument}` has a control character: leave it out")));
    }
    Ok(value)
}

/// Text that stands in a value as it is.
pub(crate) fn plain<'a>(argument: &str, value: &'a str, most: usize) -> Result<&'a str> {
    let value = checked(argument, value.trim(), most)?;
    if value.is_empty() || value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid_arguments(format!("`{argument}` is empty or has spaces: give it in one word")));
    }
    Ok(value)
}
