//! Text within its bounds.

use std::io::{self, Write};

use tandem_sdk::prelude::*;

use crate::limits::{MAX_MESSAGE_CHARS, MAX_OUTPUT_BYTES};

/// The text of an answer; refuses what is written beyond the bound.
#[derive(Debug, Default)]
pub(crate) struct Bounded(Vec<u8>);

impl Bounded {
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= MAX_OUTPUT_BYTES
    }

    /// The text, or the error where writing it failed.
    pub(crate) fn finish<E>(self, written: Result<(), E>, explain: impl FnOnce(E) -> Error) -> Result<String> {
        match written {
            Err(_) if self.is_full() => Err(too_long()),
            Err(error) => Err(explain(error)),
            Ok(()) => String::from_utf8(self.0).map_err(|error| Error::other(error.to_string())),
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MAX_OUTPUT_BYTES.saturating_sub(self.0.len());
        if room == 0 && !bytes.is_empty() {
            return Err(io::Error::other("the result is too long"));
        }
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.0.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn too_long() -> Error {
    Error::invalid_arguments(format!(
        "the result has more than {MAX_OUTPUT_BYTES} bytes: give a part of the data, selected with `json_query`"
    ))
}

/// The first characters of a message or a name, in which the data may stand.
pub(crate) fn short(message: impl std::fmt::Display) -> String {
    let message = message.to_string();
    match message.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message,
    }
}
