//! A file that is being downloaded: appended to, digested on the way, kept where the rest may come later.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256};
use tandem_package::{MAX_FILE, Sha256Digest};

use crate::error::RegistryError;

/// What parts are called.
const ENDING: &str = "part";
/// How long a part waits for its rest.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A part. A file that has a name (its digest is known) outlives the process if it is not removed.
pub(crate) struct Part {
    file: File,
    /// Removed with the part unless it is kept.
    path: Option<PathBuf>,
    digest: Sha256,
    len: u64,
}

impl Part {
    /// The part of the file with this digest, as far as it came before; a new one without a name where no digest is
    /// known.
    pub(crate) fn open(directory: &Path, digest: Option<Sha256Digest>) -> Result<Self, RegistryError> {
        let at = |path: &Path| RegistryError::file(path);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(at(directory))?;
        forget_old(directory);
        let Some(digest) = digest else {
            let file = tempfile::tempfile_in(directory).map_err(at(directory))?;
            return Ok(Self { file, path: None, digest: Sha256::new(), len: 0 });
        };
        let path = directory.join(digest.to_string().replace(':', "-")).with_extension(ENDING);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            // Nobody else's file, whatever the name leads to.
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let busy = io::Error::other("another process fetches the same file; wait for it");
                return Err(RegistryError::File { path, source: busy });
            }
            Err(TryLockError::Error(source)) => return Err(RegistryError::File { path, source }),
        }
        let mut part = Self { file, path: Some(path.clone()), digest: Sha256::new(), len: 0 };
        part.digest_what_is_there().map_err(at(&path))?;
        Ok(part)
    }

    fn digest_what_is_there(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() > MAX_FILE as u64 {
            return self.restart();
        }
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = self.file.read(&mut buffer)?;
            let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { return Ok(()) };
            self.digest.update(chunk);
            self.len += read as u64;
        }
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Throws away what came so far.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        (self.digest, self.len) = (Sha256::new(), 0);
        Ok(())
    }

    pub(crate) fn append(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.file.write_all(chunk)?;
        self.digest.update(chunk);
        self.len += chunk.len() as u64;
        Ok(())
    }

    /// The digest of what came so far.
    pub(crate) fn digest(&self) -> Sha256Digest {
        <[u8; 32]>::from(self.digest.clone().finalize()).into()
    }

    /// The content; the file is gone then.
    pub(crate) fn into_bytes(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or_default());
        self.file.rewind()?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Leaves what came so far for another try; nothing, where it could not be known again.
    pub(crate) fn keep(mut self) {
        if self.len > 0 {
            self.path = None;
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Who comes next begins with an empty file, if this fails.
            let _gone = fs::remove_file(path);
        }
    }
}

/// Removes parts whose rest never came.
fn forget_old(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let age = || SystemTime::now().duration_since(fs::metadata(&path).ok()?.modified().ok()?).ok();
        if path.extension().is_some_and(|ending| ending == ENDING) && age().is_some_and(|age| age > KEPT) {
            let _gone = fs::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_goes_on_where_it_stopped_and_leaves_nothing_when_it_is_done() {
        let directory = tempfile::tempdir().unwrap();
        let digest = Sha256Digest::of(b"all of it");
        let mut part = Part::open(directory.path(), Some(digest)).unwrap();
        part.append(b"all ").unwrap();
        assert!(Part::open(directory.path(), Some(digest)).is_err(), "one at a time");
        part.keep();
        let mut part = Part::open(directory.path(), Some(digest)).unwrap();
        assert_eq!(part.len(), 4);
        part.append(b"of it").unwrap();
        assert_eq!(part.digest(), digest);
        assert_eq!(part.into_bytes().unwrap(), b"all of it");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
