//! The map of a font from its codes to text (`ToUnicode`).
//!
//! Broken maps are usual: what cannot be read of one is left out, and the codes of it stay unknown.

use std::collections::HashMap;

use lopdf::{Object, content::Content};

use crate::{limits::MAX_CMAP_ENTRIES, pdf::utf16};

/// From code to text.
#[derive(Debug, Default)]
pub(crate) struct UnicodeMap {
    texts: HashMap<u32, String>,
    /// Whether codes of one byte are in it, and of two.
    widths: [bool; 2],
}

/// Codes that the map of a simple font can have at most.
const LAST_CODE: u32 = 0xffff;

impl UnicodeMap {
    /// Reads a map: it has the syntax of a content stream.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        for operation in Content::decode_iter(bytes) {
            let Ok(operation) = operation else { break };
            let operands = operation.operands.as_slice();
            match operation.operator.as_str() {
                "endcodespacerange" => map.code_spaces(operands),
                "endbfchar" => map.characters(operands),
                "endbfrange" => map.ranges(operands),
                _ => {}
            }
            if map.texts.len() >= MAX_CMAP_ENTRIES {
                break;
            }
        }
        map
    }

    pub(crate) fn get(&self, code: u32) -> Option<&str> {
        self.texts.get(&code).map(String::as_str)
    }

    /// Whether all of its codes are of one byte.
    pub(crate) fn one_byte(&self) -> bool {
        matches!(self.widths, [true, false])
    }

    fn code_spaces(&mut self, operands: &[Object]) {
        for operand in operands {
            match operand.as_str() {
                Ok([_]) => self.widths[0] = true,
                Ok([_, _]) => self.widths[1] = true,
                _ => {}
            }
        }
    }

    fn characters(&mut self, operands: &[Object]) {
        for [code, text] in operands.as_chunks::<2>().0 {
            if let (Some(code), Ok(text)) = (code_of(code), text.as_str()) {
                self.put(code, utf16(text));
            }
        }
    }

    fn ranges(&mut self, operands: &[Object]) {
        for [first, last, texts] in operands.as_chunks::<3>().0 {
            let (Some(first), Some(last)) = (code_of(first), code_of(last)) else { continue };
            match texts {
                Object::Array(texts) => {
                    for (code, text) in (first..=last).zip(texts) {
                        if let Ok(text) = text.as_str() {
                            self.put(code, utf16(text));
                        }
                    }
                }
                Object::String(text, _) => self.run(first, last, &utf16(text)),
                _ => {}
            }
        }
    }

    /// A range whose texts follow each other: the last character counts on.
    fn run(&mut self, first: u32, last: u32, text: &str) {
        let Some(end) = text.chars().next_back() else { return };
        let before = text.strip_suffix(end).unwrap_or_default();
        for code in first..=last {
            let next = u32::from(end).checked_add(code - first).and_then(char::from_u32);
            let Some(next) = next else { continue };
            if !self.put(code, format!("{before}{next}")) {
                return;
            }
        }
    }

    fn put(&mut self, code: u32, text: String) -> bool {
        if self.texts.len() >= MAX_CMAP_ENTRIES {
            return false;
        }
        if code <= LAST_CODE && !text.is_empty() {
            self.texts.insert(code, text);
        }
        true
    }
}

/// The code that a string of up to four bytes is.
fn code_of(object: &Object) -> Option<u32> {
    let bytes = object.as_str().ok().filter(|bytes| (1..=4).contains(&bytes.len()))?;
    let code = bytes.iter().fold(0, |code, &byte| (code << 8) | u32::from(byte));
    (code <= LAST_CODE).then_some(code)
}
