//! How a component carries operations: bytes that are read without parsing more than one of them.
//!
//! ```text
//! u32, little-endian   bytes of the first block
//! first block          a line for each tool: name, tab, JSON of its operation
//! second block         a line for each tool: name, tab, JSON of what clients see
//! ```
//!
//! JSON text has neither tabs nor line breaks outside of its escapes, and names of tools have none. A call reads the first block, of
//! which each line is short; the schemas, which are most of the bytes, are read when the component is packed and loaded.

use serde_json::value::RawValue;

use crate::{CAPACITY, Operation, Operations, Shown};

/// Operations as a component carries them, or the first block of them.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'b> {
    calls: &'b str,
    descriptors: &'b str,
}

/// Bytes at the beginning that say how long the first block is.
const HEAD: usize = 4;

/// Why operations cannot be carried, or bytes are not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// More than fits.
    #[error("the operations have {0} bytes; a component carries {CAPACITY}: import fewer of them with --include")]
    TooLarge(usize),
    /// A name that breaks a line.
    #[error("`{0}` is not the name of a tool")]
    Name(String),
    /// Not a bundle.
    #[error("the component's operations are damaged: {0}")]
    Malformed(&'static str),
    /// One of its lines is not JSON of the form.
    #[error("the component's operations are damaged: {0}")]
    Json(#[from] serde_json::Error),
}

impl<'b> Bundle<'b> {
    /// Writes operations.
    ///
    /// # Errors
    /// They are too large, or a name has a tab or a line break.
    pub fn encode(operations: &Operations) -> Result<Vec<u8>, BundleError> {
        let (mut calls, mut descriptors) = (String::new(), String::new());
        for (name, tool) in &operations.tools {
            if name.is_empty() || name.contains(['\t', '\n']) {
                return Err(BundleError::Name(name.clone()));
            }
            line(&mut calls, name, &serde_json::to_string(&tool.operation)?);
            line(&mut descriptors, name, &serde_json::to_string(&tool.shown())?);
        }
        let length = HEAD + calls.len() + descriptors.len();
        if length > CAPACITY {
            return Err(BundleError::TooLarge(length));
        }
        let first = u32::try_from(calls.len()).map_err(|_| BundleError::TooLarge(length))?;
        let mut bytes = first.to_le_bytes().to_vec();
        bytes.extend_from_slice(calls.as_bytes());
        bytes.extend_from_slice(descriptors.as_bytes());
        Ok(bytes)
    }

    /// Bytes of the head and the first block, by the bytes that begin with the head: what [`Bundle::operation`] needs.
    ///
    /// # Errors
    /// The head is not whole.
    pub fn first_block(bytes: &[u8]) -> Result<usize, BundleError> {
        let head = bytes.first_chunk::<HEAD>().ok_or(BundleError::Malformed("too short"))?;
        let length = usize::try_from(u32::from_le_bytes(*head)).map_err(|_| BundleError::Malformed("too long"))?;
        length.checked_add(HEAD).ok_or(BundleError::Malformed("too long"))
    }

    /// Reads what [`Bundle::encode`] wrote, or the first block of it.
    ///
    /// # Errors
    /// It is not a bundle.
    pub fn open(bytes: &'b [u8]) -> Result<Self, BundleError> {
        let first = Self::first_block(bytes)?;
        let (first, descriptors) = bytes.split_at_checked(first).ok_or(BundleError::Malformed("cut off"))?;
        let text = |bytes| str::from_utf8(bytes).map_err(|_| BundleError::Malformed("not UTF-8"));
        Ok(Self { calls: text(first.get(HEAD..).unwrap_or_default())?, descriptors: text(descriptors)? })
    }

    /// The operation of a tool, if there is one of this name.
    ///
    /// # Errors
    /// Its line is not an operation.
    pub fn operation(&self, name: &str) -> Result<Option<Operation>, BundleError> {
        let line = |line: &'b str| line.strip_prefix(name)?.strip_prefix('\t');
        self.calls.lines().find_map(line).map(serde_json::from_str).transpose().map_err(Into::into)
    }

    /// What clients see of each tool, by name.
    ///
    /// # Errors
    /// A line is not of the form.
    pub fn shown(&self) -> Result<Vec<(&'b str, Shown<&'b RawValue>)>, BundleError> {
        let line = |line: &'b str| {
            let (name, json) = line.split_once('\t').ok_or(BundleError::Malformed("a line without a name"))?;
            Ok((name, serde_json::from_str(json)?))
        };
        self.descriptors.lines().map(line).collect()
    }
}

fn line(block: &mut String, name: &str, json: &str) {
    block.push_str(name);
    block.push('\t');
    block.push_str(json);
    block.push('\n');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operations() -> Operations {
        let tool = |path: &str| {
            json!({
                "description": "It\thas\nlines.", "read_only": true, "destructive": false, "idempotent": true, "input": { "type": "object" },
                "operation": { "method": "GET", "server": "https://a.example.com", "path": path, "accept": "*/*" },
            })
        };
        serde_json::from_value(json!({ "source": "s", "tools": { "a": tool("/a"), "ab": tool("/ab") } })).unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_a_call_needs_the_first_block_alone() {
        let bytes = Bundle::encode(&operations()).unwrap();
        let whole = Bundle::open(&bytes).unwrap();
        let shown = whole.shown().unwrap();
        assert_eq!(shown.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["a", "ab"]);
        assert_eq!(
            (shown[0].1.description.as_str(), shown[0].1.input.get()),
            ("It\thas\nlines.", r#"{"type":"object"}"#)
        );
        let first = Bundle::first_block(&bytes).unwrap();
        let calls = Bundle::open(&bytes[..first]).unwrap();
        for (name, path) in [("a", Some("/a")), ("ab", Some("/ab")), ("b", None), ("abc", None)] {
            let found = calls.operation(name).unwrap();
            assert_eq!(found.as_ref().map(|operation| operation.path.as_str()), path);
        }
    }

    #[test]
    fn what_is_not_a_bundle_is_refused() {
        let bytes = Bundle::encode(&operations()).unwrap();
        let first = Bundle::first_block(&bytes).unwrap();
        for wrong in [&bytes[..0], &bytes[..3], &bytes[..first - 1], &[255; 8][..]] {
            assert!(Bundle::open(wrong).is_err());
        }
        let mut large = operations();
        large.tools.get_mut("a").unwrap().description = "x".repeat(CAPACITY);
        assert!(matches!(Bundle::encode(&large), Err(BundleError::TooLarge(_))));
        let tool = large.tools.remove("ab").unwrap();
        large.tools = [("a\tb".to_owned(), tool)].into();
        assert!(matches!(Bundle::encode(&large), Err(BundleError::Name(_))));
    }
}
