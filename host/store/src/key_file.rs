//! Keys that one host keeps for itself, in files that only its user can read.

use std::{io, path::Path};

use tandem_files::{ReadError, Staged, read_regular};

/// Length of a key.
const KEY_BYTES: usize = 32;

/// Reads a key of the host, or makes it on the first start: random bytes in a file of mode 0600. Of several
/// processes that make it at the same time, one wins, and all answer its key.
pub fn host_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    match read_key(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        read => read,
    }
}

/// Reads a key that must be there.
pub fn read_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let wrong = || io::Error::other(format!("{} is not a key of {KEY_BYTES} bytes; delete the file", path.display()));
    match read_regular(path, KEY_BYTES as u64) {
        Ok(bytes) => bytes.try_into().map_err(|_| wrong()),
        Err(ReadError::Io(error)) => Err(error),
        Err(_) => Err(wrong()),
    }
}

fn make(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    match Staged::new(path, &key, 0o600)?.put_new() {
        Ok(()) => Ok(key),
        // Another process was first; then its key counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_key(path),
        Err(error) => Err(error),
    }
}
