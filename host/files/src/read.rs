//! Reading files that others may have put there.

use std::{
    fs::{self, File, FileType},
    io::{self, Read as _},
    os::unix::fs::FileTypeExt as _,
    path::Path,
};

use rustix::fs::{Mode, OFlags};

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is something else than a regular file.
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    /// It is a link whose target is not there.
    #[error("it is a link to a file that is not there")]
    Dangling,
    /// It is larger than the reader takes.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// The system refused.
    #[error("{0}")]
    Io(io::Error),
}

// Not as a source: the message has it.
impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl ReadError {
    /// Whether there is nothing at the path.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The content of a regular file, or of the one that a link leads to, of at most `max` bytes. Does not wait for anybody: what
/// could be opened only when another process comes is refused.
///
/// # Errors
/// There is no such file, or it is not regular, too large, or not to be read.
pub fn read_regular(path: &Path, max: u64) -> Result<Vec<u8>, ReadError> {
    let file = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max {
        return Err(ReadError::TooLarge(max));
    }
    Ok(bytes)
}

/// The same file, opened to be read.
///
/// # Errors
/// There is no such file, or it is not regular, or not to be read.
pub fn open_regular(path: &Path) -> Result<File, ReadError> {
    // Looked at before it is opened: to open some devices does something already.
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok() => ReadError::Dangling,
        _ => ReadError::Io(error),
    })?;
    check(metadata.file_type())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from)?);
    // Another one may have come into its place meanwhile.
    check(file.metadata()?.file_type())?;
    Ok(file)
}

fn check(kind: FileType) -> Result<(), ReadError> {
    if kind.is_file() {
        return Ok(());
    }
    Err(ReadError::NotRegular(match kind {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }))
}
