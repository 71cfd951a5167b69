//! Ids of requests: what may be one, and where it stands in a message that is too long to be kept.

use rmcp::model::RequestId;

use super::{limits::MAX_ID, refused::Refused};

/// The id that a JSON text is.
pub(super) fn parse(json: &str) -> Result<RequestId, Refused> {
    // With its quotes, and with what is escaped in it.
    if json.len() > 2 + 6 * MAX_ID {
        return Err(Refused::invalid(None, "`id` must not be longer than 1 KiB"));
    }
    match serde_json::from_str(json) {
        Ok(id) if is_short(&id) => Ok(id),
        Ok(_) => Err(Refused::invalid(None, "`id` must not be longer than 1 KiB")),
        Err(_) => Err(Refused::invalid(None, "`id` must be a string or an integer of 64 bits")),
    }
}

/// Whether an id may be kept and repeated.
pub(crate) fn is_short(id: &RequestId) -> bool {
    !matches!(id, RequestId::String(text) if text.len() > MAX_ID)
}

/// Looks for the id of a message that goes by in pieces and is not kept. It may stand before or behind the parameters.
#[derive(Debug, Default)]
pub(crate) struct IdFinder {
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// The text of the key or value that goes by at the top level, as far as it can be of use.
    word: Vec<u8>,
    /// The last key at the top level, once its value is due.
    is_id: bool,
    found: Option<RequestId>,
}

impl IdFinder {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// The id, if there was one at the top level.
    pub(crate) fn found(self) -> Option<RequestId> {
        self.found
    }

    fn step(&mut self, byte: u8) {
        if self.in_text {
            self.keep(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.keep(byte);
            }
            b'{' | b'[' => {
                self.word.clear();
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => {
                self.end_value();
                self.depth = self.depth.saturating_sub(1);
                self.word.clear();
            }
            b':' if self.depth == 1 => {
                self.is_id = self.word == b"\"id\"";
                self.word.clear();
            }
            b',' => self.end_value(),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.word.len() <= 2 + 6 * MAX_ID {
            self.word.push(byte);
        }
    }

    fn end_value(&mut self) {
        if self.depth != 1 {
            return;
        }
        if std::mem::take(&mut self.is_id) {
            self.found = std::str::from_utf8(&self.word).ok().and_then(|word| parse(word).ok());
        }
        self.word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<RequestId> {
        let mut finder = IdFinder::default();
        // In pieces, as it comes from a pipe.
        text.as_bytes().chunks(3).for_each(|piece| finder.feed(piece));
        finder.found()
    }

    #[test]
    fn the_id_is_found_wherever_it_stands() {
        let params = r#""params":{"id":5,"a":["id",{"id":6}],"t":"\",\"id\":7}"}"#;
        for id in ["1", "-4", "\"big5\"", "\"a\\\"b\"", "\"\\u0041\""] {
            let wanted: RequestId = serde_json::from_str(id).unwrap();
            for text in [
                format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m",{params}}}"#),
                format!(r#"{{"method":"m",{params},"jsonrpc":"2.0", "id" : {id} }}"#),
            ] {
                assert_eq!(find(&text), Some(wanted.clone()), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in [
            r#"{"params":{"id":5}}"#,
            r#"{"id":null}"#,
            r#"{"id":{"x":1}}"#,
            r#"{"id":[1]}"#,
            r#"["id",1]"#,
            r#"{"method":"id","x":1}"#,
            "garbage",
            "",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
