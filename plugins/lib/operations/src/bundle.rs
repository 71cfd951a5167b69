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

/// Operations as a component carries them.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'b> {
    calls: &'b str,
    descriptors: &'b str,
}

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
        let length = 4 + calls.len() + descriptors.len();
        if length > CAPACITY {
            return Err(BundleError::TooLarge(length));
        }
        let first = u32::try_from(calls.len()).map_err(|_| BundleError::TooLarge(length))?;
        let mut bytes = first.to_le_bytes().to_vec();
        bytes.extend_from_slice(calls.as_bytes());
        bytes.extend_from_slice(descriptors.as_bytes());
        Ok(bytes)
    }

    /// Reads what [`Bundle::encode`] wrote.
    ///
    /// # Errors
    /// It is not a bundle.
    pub fn open(bytes: &'b [u8]) -> Result<Self, BundleError> {
        let (first, rest) = bytes.split_first_chunk::<4>().ok_or(BundleError::Malformed("too short"))?;
        let first = usize::try_from(u32::from_le_bytes(*first)).map_err(|_| BundleError::Malformed("too long"))?;
        let (calls, descriptors) = rest.split_at_checked(first).ok_or(BundleError::Malformed("cut off"))?;
        let text = |bytes| str::from_utf8(bytes).map_err(|_| BundleError::Malformed("not UTF-8"));
        Ok(Self { calls: text(calls)?, descriptors: text(descriptors)? })
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
