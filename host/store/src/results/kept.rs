//! One result that is kept: a line of JSON that says what it is, then its bytes.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use tandem_types::ContentId;

use super::ResultError;

/// Bytes of the line that says what a result is: three names and a media type. A longer one was not written here.
const MAX_HEAD: u64 = 4 << 10;

/// What a result is, and of which tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutResult {
    /// Its media type.
    pub media_type: String,
    /// The category of its tool: who may not use that does not find the result.
    pub category: String,
    /// Its tool.
    pub tool: String,
}

/// A result that is kept.
#[derive(Debug)]
pub struct KeptResult {
    /// The content id of its bytes.
    pub id: ContentId,
    /// What it is.
    pub about: AboutResult,
    /// Its bytes, without the line that says what it is.
    pub bytes: u64,
    /// When it is not found any more.
    pub expires: SystemTime,
    file: File,
    head: u64,
}

impl KeptResult {
    pub(super) fn read(id: ContentId, file: File, expires: SystemTime) -> Result<Self, ResultError> {
        let unknown = || ResultError::NotFound(id.to_string());
        let mut line = Vec::new();
        BufReader::new((&file).take(MAX_HEAD)).read_until(b'\n', &mut line)?;
        let head = line.len() as u64;
        let about = serde_json::from_slice(&line).map_err(|_| unknown())?;
        let bytes = file.metadata()?.len().checked_sub(head).ok_or_else(unknown)?;
        Ok(Self { id, about, bytes, expires, file, head })
    }

    /// All of it.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn content(&self) -> Result<Vec<u8>, ResultError> {
        self.range(0, self.bytes)
    }

    /// So many bytes from `offset` on; fewer where it ends before.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn range(&self, offset: u64, length: u64) -> Result<Vec<u8>, ResultError> {
        let length = length.min(self.bytes.saturating_sub(offset));
        let mut content = Vec::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.head.saturating_add(offset)))?;
        file.take(length).read_to_end(&mut content)?;
        Ok(content)
    }
}
