//! Content lines (RFC 5545, 3.1): folded lines put together, with name, parameters and value.

use std::borrow::Cow;

use tandem_sdk::{Error, Result};

use crate::limits::{MAX_LINE_BYTES, MAX_PARAMETERS};

/// A property.
#[derive(Debug)]
pub(crate) struct Line {
    /// The number of its first line in the file, from 1.
    pub(crate) number: u64,
    /// Its name in upper case.
    pub(crate) name: String,
    /// Its parameters; the names are in upper case, several values stand with `,` between them.
    pub(crate) parameters: Vec<(String, String)>,
    /// Its value as it is written.
    pub(crate) value: String,
    /// Whether it is longer than [`MAX_LINE_BYTES`], and the rest was left out.
    pub(crate) cut: bool,
}

impl Line {
    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A line that is not `NAME:value`.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) number: u64,
    pub(crate) why: &'static str,
}

/// The lines of a file.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Lines<'a> {
    /// Of bytes, with or without a byte order mark.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes), number: 0 }
    }

    /// The next line that is not empty. What is not UTF-8 is an error.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Line, Malformed>>> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let number = self.number + 1;
            let (bytes, cut) = self.unfolded();
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let text = utf8(number, &bytes, cut)?;
            return Ok(Some(parse(number, text, cut).map_err(|why| Malformed { number, why })));
        }
    }

    /// One line with those that continue it, as bytes: a fold may be inside of a character.
    fn unfolded(&mut self) -> (Cow<'a, [u8]>, bool) {
        let first = self.physical();
        let mut cut = first.len() > MAX_LINE_BYTES;
        let mut line = Cow::Borrowed(first.get(..MAX_LINE_BYTES).unwrap_or(first));
        while let Some(b' ' | b'\t') = self.rest.first() {
            let more = self.physical().get(1..).unwrap_or_default();
            let room = MAX_LINE_BYTES.saturating_sub(line.len());
            cut |= more.len() > room;
            line.to_mut().extend_from_slice(more.get(..room).unwrap_or(more));
        }
        (line, cut)
    }

    fn physical(&mut self) -> &'a [u8] {
        self.number += 1;
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end.and_then(|end| self.rest.split_at_checked(end)) {
            Some((line, rest)) => (line, rest.get(1..).unwrap_or_default()),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

fn utf8(number: u64, bytes: &[u8], cut: bool) -> Result<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // The bound may be inside of a character.
        Err(error) if cut && error.error_len().is_none() => {
            Ok(bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default())
        }
        Err(error) => Err(Error::invalid_arguments(format!(
            "line {number} is not UTF-8 (byte {} of it): iCalendar files are UTF-8, convert the file first",
            error.valid_up_to() + 1
        ))),
    }
}

fn parse(number: u64, text: &str, cut: bool) -> Result<Line, &'static str> {
    let end = text.find([':', ';']).ok_or("it has no `:`")?;
    let (name, mut rest) = text.split_at(end);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err("it does not begin with the name of a property");
    }
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let (name, after) = after.split_once('=').ok_or("it has a parameter without `=`")?;
        let (value, after) = values(after)?;
        if parameters.len() >= MAX_PARAMETERS {
            return Err("it has more than 32 parameters");
        }
        parameters.push((name.trim().to_ascii_uppercase(), value));
        rest = after;
    }
    let value = rest.strip_prefix(':').ok_or("it has no `:`")?.to_owned();
    Ok(Line { number, name: name.to_ascii_uppercase(), parameters, value, cut })
}

/// The values of a parameter, and what is behind them.
fn values(text: &str) -> Result<(String, &str), &'static str> {
    let (mut values, mut rest) = (String::new(), text);
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = quoted.split_once('"').ok_or("it has a quote that does not end")?;
            values.push_str(&uncircumflexed(value));
            rest = after;
        } else {
            let (value, after) = rest.split_at(rest.find([',', ';', ':']).ok_or("it has no `:`")?);
            values.push_str(&uncircumflexed(value));
            rest = after;
        }
        match rest.strip_prefix(',') {
            Some(after) => {
                values.push(',');
                rest = after;
            }
            None => return Ok((values, rest)),
        }
    }
}

/// Without the escapes of RFC 6868.
fn uncircumflexed(text: &str) -> String {
    if !text.contains('^') {
        return text.to_owned();
    }
    let (mut plain, mut escaped) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        match (escaped, c) {
            (false, '^') => {
                escaped = true;
                continue;
            }
            (true, 'n') => plain.push('\n'),
            (true, '^') => plain.push('^'),
            (true, '\'') => plain.push('"'),
            (true, other) => plain.extend(['^', other]),
            (false, other) => plain.push(other),
        }
        escaped = false;
    }
    if escaped {
        plain.push('^');
    }
    plain
}
