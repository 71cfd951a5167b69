//! Why an entry is not written.

use std::path::PathBuf;

use tandem_files::ReadError;

/// Why a text cannot be edited without loss.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is not of its format.
    #[error("invalid {format}: {reason}")]
    Syntax {
        /// The format.
        format: &'static str,
        /// What its parser says.
        reason: String,
    },
    /// The whole is something else than a table.
    #[error("expected a {0}")]
    NoObject(&'static str),
    /// What has to be a table is something else.
    #[error("`{0}` is not a table")]
    NoTable(String),
    /// Of two, a client takes one or the other.
    #[error("duplicate key `{0}`")]
    Duplicate(String),
    /// A field has no form in this format.
    #[error("`{0}` cannot be written in this format")]
    Unsupported(String),
}

/// Why an entry is not written. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No such client is known.
    #[error("unknown client `{0}`")]
    UnknownClient(String),
    /// Some client does not take this name of an entry.
    #[error("write 1 to 64 of the characters A-Z a-z 0-9 _ -")]
    Name,
    /// The client's file takes child processes only.
    #[error(
        "the configuration file of {client} supports child processes only; use --stdio, or add {url} in its settings, under \
         Connectors"
    )]
    StdioOnly {
        /// The client.
        client: &'static str,
        /// The endpoint.
        url: String,
    },
    /// Where the client's file is, is not known.
    #[error("no home directory: name the client's file with --file, or use --print")]
    NoHome,
    /// The client's file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// The client's file is not text.
    #[error("{} is not UTF-8 text", .0.display())]
    NotText(PathBuf),
    /// The client's file cannot be edited without loss.
    #[error("{} is unchanged; correct it, or add the entry by hand (--print shows it)", .path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why.
        source: EditError,
    },
    /// It changed since it was read.
    #[error("{} was changed by another program and is left as it is; close {client} and try again", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The client.
        client: &'static str,
    },
    /// It cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
