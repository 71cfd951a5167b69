//! How much of a granted directory's quota is used.
//!
//! The directory is counted once, and then every growth is added. What is not worth the cost of knowing exactly (writing
//! over bytes that are there, opening a file that is there for creation, deleting) is counted as growth or not at all; so
//! the sum is never too small, and when it reaches the quota the directory is counted anew before anything is refused.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::capability::DirectoryQuota;

/// Directories whose usage is kept. A host with more tenants counts some again.
const MAX_DIRECTORIES: usize = 10_000;
/// A count is at most so old when something is refused by it: counting again and again would be an attack on the disk.
const FRESH: Duration = Duration::from_secs(1);
/// Levels below the granted directory. Deeper is refused: a chain of directories costs a walk its stack.
const MAX_DEPTH: usize = 64;

/// The directories' usage, by their paths.
#[derive(Debug, Default)]
pub struct DiskUsage(Mutex<HashMap<PathBuf, Arc<Usage>>>);

impl DiskUsage {
    pub(super) fn of(&self, path: &Path) -> Arc<Usage> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_DIRECTORIES {
            known.retain(|_, usage| Arc::strong_count(usage) > 1);
        }
        known.entry(path.to_owned()).or_insert_with(|| Arc::new(Usage::new(path.to_owned()))).clone()
    }
}

/// What one directory holds. Shared by all calls that have it.
#[derive(Debug)]
pub(super) struct Usage {
    path: PathBuf,
    bytes: AtomicU64,
    files: AtomicU64,
    /// Everything that was ever added, so that what is added during a count is not lost.
    added_bytes: AtomicU64,
    added_files: AtomicU64,
    counted: Mutex<Option<Instant>>,
}

/// A quota that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Usage {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
            added_bytes: AtomicU64::new(0),
            added_files: AtomicU64::new(0),
            counted: Mutex::default(),
        }
    }

    fn fits(&self, bytes: u64, files: u64, quota: DirectoryQuota) -> bool {
        self.bytes.load(Ordering::Relaxed).saturating_add(bytes) <= quota.bytes
            && self.files.load(Ordering::Relaxed).saturating_add(files) <= quota.files
    }

    fn was_counted(&self) -> bool {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Adds what fits, without counting. For where nothing can be waited for.
    pub(super) fn add(&self, bytes: u64, files: u64, quota: DirectoryQuota) -> Result<(), Full> {
        if !self.fits(bytes, files, quota) {
            return Err(Full);
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.files.fetch_add(files, Ordering::Relaxed);
        self.added_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.added_files.fetch_add(files, Ordering::Relaxed);
        Ok(())
    }

    /// Makes sure that the count is there, and is a fresh one if so much more would not fit.
    pub(super) async fn prepare(self: &Arc<Self>, bytes: u64, files: u64, quota: DirectoryQuota) {
        if self.was_counted() && self.fits(bytes, files, quota) {
            return;
        }
        let usage = self.clone();
        // A count that panics or is cut off leaves the old figures, which are not too small.
        drop(tokio::task::spawn_blocking(move || usage.count(quota)).await);
    }

    fn count(&self, quota: DirectoryQuota) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        let before = (self.added_bytes.load(Ordering::Relaxed), self.added_files.load(Ordering::Relaxed));
        let (mut bytes, mut files) = (0, 0);
        walk(&self.path, quota.files.saturating_add(1), &mut bytes, &mut files, 0);
        let since = |now: &AtomicU64, before: u64| now.load(Ordering::Relaxed).saturating_sub(before);
        self.bytes.store(bytes + since(&self.added_bytes, before.0), Ordering::Relaxed);
        self.files.store(files + since(&self.added_files, before.1), Ordering::Relaxed);
        *counted = Some(Instant::now());
    }
}

/// Adds up what is below a directory, at most `max` entries: beyond them the quota is reached anyway. Links are
/// entries, and are not followed.
fn walk(path: &Path, max: u64, bytes: &mut u64, files: &mut u64, depth: usize) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        if *files >= max {
            return;
        }
        *files += 1;
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() && depth < MAX_DEPTH {
            walk(&entry.path(), max, bytes, files, depth + 1);
        } else if metadata.is_file() {
            *bytes += metadata.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_freed_is_found_when_the_quota_is_reached() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a"), [0; 600]).unwrap();
        let quota = DirectoryQuota { bytes: 1000, files: 10 };
        let table = DiskUsage::default();
        let usage = table.of(directory.path());
        usage.prepare(0, 0, quota).await;
        assert_eq!(usage.add(500, 0, quota), Err(Full), "600 are there already");
        assert_eq!(usage.add(400, 0, quota), Ok(()));
        assert!(Arc::ptr_eq(&usage, &table.of(directory.path())), "all calls share it");
        fs::remove_file(directory.path().join("a")).unwrap();
        *usage.counted.lock().unwrap() = Instant::now().checked_sub(FRESH);
        usage.prepare(900, 0, quota).await;
        assert_eq!(usage.add(900, 0, quota), Ok(()));
    }

    #[tokio::test]
    async fn entries_count_links_and_directories_too() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("d")).unwrap();
        fs::write(directory.path().join("d/f"), "x").unwrap();
        std::os::unix::fs::symlink("/", directory.path().join("l")).unwrap();
        let quota = DirectoryQuota { bytes: 1000, files: 4 };
        let usage = DiskUsage::default().of(directory.path());
        usage.prepare(0, 0, quota).await;
        assert_eq!(usage.add(0, 2, quota), Err(Full));
        assert_eq!(usage.add(0, 1, quota), Ok(()), "the link to the root was not followed");
    }
}
