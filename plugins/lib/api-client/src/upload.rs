//! Bodies: bytes that arguments made, and files of granted folders.

use std::io::Read as _;

use tandem_granted_folders::{FolderError, Folders, open};
use tandem_operations::{Field, Part, PreparedBody, multipart};
use tandem_sdk::{Context as _, Error, Result};

use crate::limits::MAX_UPLOAD;

/// A body with its media type.
///
/// # Errors
/// A file that is not in a granted folder, not there, or too large.
pub(crate) fn body(body: PreparedBody) -> Result<(String, Vec<u8>)> {
    let mut rest = MAX_UPLOAD;
    match body {
        PreparedBody::Bytes { media_type, bytes } => Ok((media_type, bytes)),
        PreparedBody::File { media_type, path } => Ok((media_type, file("body", &path, &mut rest)?.1)),
        PreparedBody::Multipart(fields) => {
            let parts: Vec<Part> = fields.into_iter().map(|field| part(field, &mut rest)).collect::<Result<_>>()?;
            Ok(multipart(&parts))
        }
    }
}

fn part(field: Field, rest: &mut u64) -> Result<Part> {
    Ok(match field {
        Field::Text { name, value, is_json } => {
            let media_type = is_json.then_some("application/json");
            Part { name, file: None, media_type, bytes: value.into_bytes() }
        }
        Field::File { name, path } => {
            let (file, bytes) = file(&name, &path, rest)?;
            Part { name, file: Some(file), media_type: Some("application/octet-stream"), bytes }
        }
    })
}

/// A file's name and bytes; `rest` is what may still be read for the request.
fn file(argument: &str, path: &str, rest: &mut u64) -> Result<(String, Vec<u8>)> {
    let location = Folders::granted().locate(argument, path).map_err(FolderError::into_tool_error)?;
    let (file, _) = open(argument, &location).map_err(FolderError::into_tool_error)?;
    let mut bytes = Vec::new();
    // One more than may be: a file that grows while it is read is found out as well.
    let read = file.take(*rest + 1).read_to_end(&mut bytes).context(format!("reading `{}`", location.path))?;
    match rest.checked_sub(read as u64) {
        Some(left) => *rest = left,
        None => {
            let message = format!("`{argument}`: the files of a request have at most {MAX_UPLOAD} bytes together");
            return Err(Error::invalid_arguments(message));
        }
    }
    Ok((location.name().to_owned(), bytes))
}
