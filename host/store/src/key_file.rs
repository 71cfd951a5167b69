//! Keys that one host keeps for itself, in files that only its user can read.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

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
    let wrong = |_| io::Error::other(format!("{} is not a key of {KEY_BYTES} bytes; delete it", path.display()));
    fs::read(path)?.try_into().map_err(wrong)
}

fn make(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    // `link` fails where another process was first; then its key counts.
    match fs::hard_link(&temporary, path) {
        Ok(()) => fs::remove_file(&temporary).map(|()| key),
        Err(_) => fs::remove_file(&temporary).and_then(|()| read_key(path)),
    }
}
