//! Cuts a JSON file into the texts of its objects, holding one at a time.
//!
//! Only the shape is looked at here (brackets, strings, line ends); the objects are parsed by serde_json.

use std::io::{self, BufRead};

use super::limits::MAX_ROW_BYTES;
use crate::error::{Error, Result};

/// The objects of a JSON array or of JSON Lines.
pub(super) struct Elements<R> {
    input: R,
    path: String,
    lines: bool,
    state: State,
    /// The line that is being read.
    line: u64,
    /// The text of the current object.
    pub(super) text: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Before,
    First,
    AfterComma,
    AfterElement,
    Done,
}

impl<R: BufRead> Elements<R> {
    /// Objects of `input`: one a line, or those of an array.
    pub(super) fn new(input: R, path: &str, lines: bool) -> Self {
        Self { input, path: path.to_owned(), lines, state: State::Before, line: 1, text: Vec::new() }
    }

    pub(super) fn into_inner(self) -> R {
        self.input
    }

    /// Moves on to the next object; answers the line that it begins on, or none at the end.
    pub(super) fn advance(&mut self) -> Result<Option<u64>> {
        self.text.clear();
        if self.lines { self.next_line() } else { self.next_element() }
    }

    fn bad(&self, problem: impl Into<String>) -> Error {
        Error::bad_line(&self.path, self.line, "", problem)
    }

    fn too_long(&self) -> Error {
        self.bad(format!("the row is longer than {} MiB", MAX_ROW_BYTES >> 20))
    }

    fn next_line(&mut self) -> Result<Option<u64>> {
        loop {
            let begun = self.line;
            let mut limited = io::Read::take(&mut self.input, MAX_ROW_BYTES as u64 + 1);
            let n = limited.read_until(b'\n', &mut self.text).map_err(|error| Error::io(&self.path, error))?;
            if n == 0 {
                return Ok(None);
            }
            if n > MAX_ROW_BYTES {
                return Err(self.too_long());
            }
            self.line += 1;
            if begun == 1 && self.text.starts_with(b"\xEF\xBB\xBF") {
                self.text.drain(..3);
            }
            if !self.text.trim_ascii().is_empty() {
                return Ok(Some(begun));
            }
            self.text.clear();
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf().map_err(|error| Error::io(&self.path, error))?;
            let Some(&byte) = buffer.first() else { return Ok(None) };
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                // A byte order mark, which editors put before the array.
                0xEF | 0xBB | 0xBF if self.state == State::Before => {}
                _ => return Ok(Some(byte)),
            }
            self.input.consume(1);
        }
    }

    fn next_element(&mut self) -> Result<Option<u64>> {
        loop {
            let byte = self.peek()?;
            self.state = match (self.state, byte) {
                (State::Before, Some(b'[')) => State::First,
                (State::Before, _) => {
                    return Err(self.bad("expected an array of objects; use the format jsonl for one object a line"));
                }
                (State::First | State::AfterElement, Some(b']')) => State::Done,
                (State::AfterElement, Some(b',')) => State::AfterComma,
                (State::First | State::AfterComma, Some(b'{')) => {
                    self.state = State::AfterElement;
                    let begun = self.line;
                    return self.copy_object().map(|()| Some(begun));
                }
                (State::First | State::AfterComma, Some(_)) => {
                    return Err(self.bad("expected an object: every element of the array is a row"));
                }
                (State::AfterElement, Some(_)) => return Err(self.bad("expected `,` or `]` after a row")),
                (State::Done, None) => return Ok(None),
                (State::Done, Some(_)) => return Err(self.bad("there is more text after the end of the array")),
                (_, None) => return Err(self.bad("the file ends inside the array")),
            };
            self.input.consume(1);
        }
    }

    /// Copies one object, which the input stands before.
    fn copy_object(&mut self) -> Result<()> {
        let (mut depth, mut string, mut escaped) = (0_usize, false, false);
        loop {
            let buffer = self.input.fill_buf().map_err(|error| Error::io(&self.path, error))?;
            if buffer.is_empty() {
                return Err(self.bad("the file ends inside this row"));
            }
            let mut taken = 0;
            let mut closed = false;
            for &byte in buffer {
                taken += 1;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if string => escaped = true,
                    b'"' => string = !string,
                    b'\n' => self.line += 1,
                    _ if string => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                closed = depth == 0;
                if closed {
                    break;
                }
            }
            self.text.extend_from_slice(buffer.get(..taken).unwrap_or_default());
            self.input.consume(taken);
            if self.text.len() > MAX_ROW_BYTES {
                return Err(self.too_long());
            }
            if closed {
                return Ok(());
            }
        }
    }
}
