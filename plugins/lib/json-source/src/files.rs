//! Files of granted folders, read whole.

use std::io::Read;

use tandem_granted_folders::{FolderError, Folders, open};
use tandem_sdk::prelude::*;

use crate::limits::MAX_INPUT_BYTES;

/// The text of a file, whose path is the value of `argument`.
pub(crate) fn read(argument: &str, path: &str) -> Result<String> {
    let location = Folders::granted().locate(argument, path).map_err(FolderError::into_tool_error)?;
    let (file, length) = open(argument, &location).map_err(FolderError::into_tool_error)?;
    let path = location.path;
    if length > MAX_INPUT_BYTES as u64 {
        return Err(Error::invalid_arguments(format!(
            "`{path}` has {length} bytes; at most {MAX_INPUT_BYTES} are read"
        )));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed: the file may have grown.
    file.take(MAX_INPUT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::other(format!("`{path}`: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        Error::invalid_arguments(format!("`{path}` is not UTF-8 text: byte {byte} is not valid"))
    })
}
