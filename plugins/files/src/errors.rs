//! What the file system says, in words that say what to do about it.

use tandem_sdk::Error;
use wasip2::filesystem::types::ErrorCode;

use crate::limits::MAX_DEPTH;

/// The error for what the host said of `path`.
pub(crate) fn of(path: &str, code: ErrorCode) -> Error {
    match code {
        ErrorCode::NoEntry => Error::not_found(format!("there is no `{path}`")),
        ErrorCode::NotPermitted | ErrorCode::Access => Error::denied(format!(
            "`{path}` cannot be used: it is a special file, a symbolic link out of its granted directory, no longer granted, or \
             the host's user has no right to it"
        )),
        ErrorCode::ReadOnly => Error::denied(format!("`{path}` is on a file system that is read-only")),
        ErrorCode::Loop => Error::invalid_arguments(format!("`{path}` leads through too many symbolic links")),
        ErrorCode::NameTooLong => Error::invalid_arguments(format!(
            "`{path}` is too long: a name has at most 255 bytes, and a path at most {MAX_DEPTH} levels below its granted directory"
        )),
        ErrorCode::NotDirectory => {
            Error::invalid_arguments(format!("a part of `{path}` is a file and not a directory"))
        }
        ErrorCode::IsDirectory => Error::invalid_arguments(format!("`{path}` is a directory and not a file")),
        ErrorCode::Exist => Error::invalid_arguments(format!("`{path}` exists")),
        ErrorCode::NotEmpty => Error::invalid_arguments(format!("the directory `{path}` is not empty")),
        ErrorCode::Quota => Error::other(format!(
            "`{path}` was not written: the quota of its granted directory is used up; delete files, or ask the operator for more \
             (`max-bytes`, `max-files` of the grant)"
        )),
        ErrorCode::InsufficientSpace => Error::other(format!(
            "`{path}` was not written: the disk is full; delete files, or ask the operator for room"
        )),
        ErrorCode::IllegalByteSequence => {
            Error::invalid_arguments(format!("`{path}`: its name, or what its link names, is not UTF-8"))
        }
        other => Error::other(format!("`{path}`: {}", other.message())),
    }
}
