//! Why a write failed: in a sandbox, the standard library reports what goes wrong in a stream as an input/output error, whatever
//! the host said. A direct write at the same place tells whether there is no room.

use std::{io, path::Path};

/// More than the last block of a file has room for.
const LEAST: usize = 64 << 10;
/// The most that one operation writes.
const MOST: usize = 1 << 20;

/// The error by its true name, where the file of this path cannot grow by `bytes`, which were to be written.
pub(crate) fn named(error: io::Error, path: &Path, bytes: usize) -> io::Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => error,
        _ => room_left(path, bytes.clamp(LEAST, MOST)).unwrap_or(error),
    }
}

#[cfg(target_arch = "wasm32")]
fn room_left(path: &Path, bytes: usize) -> Option<io::Error> {
    use wasip2::filesystem::{
        preopens::get_directories,
        types::{DescriptorFlags, ErrorCode, OpenFlags, PathFlags},
    };
    let path = path.to_str()?.trim_start_matches('/');
    let (folder, rest) = path.split_once('/')?;
    let (directory, _) = get_directories().into_iter().find(|(_, name)| name.trim_start_matches('/') == folder)?;
    let file = directory.open_at(PathFlags::empty(), rest, OpenFlags::empty(), DescriptorFlags::WRITE).ok()?;
    let end = file.stat().ok()?.size;
    match file.write(&vec![0; bytes], end) {
        Err(ErrorCode::InsufficientSpace) => Some(io::ErrorKind::StorageFull.into()),
        Err(ErrorCode::Quota) => Some(io::ErrorKind::QuotaExceeded.into()),
        _ => None,
    }
}

/// Outside of a sandbox the error is what the system said.
#[cfg(not(target_arch = "wasm32"))]
fn room_left(_: &Path, _: usize) -> Option<io::Error> {
    None
}
