//! How much of a granted directory's quota is used.
//!
//! The directory is counted once, and then every growth is added. What is not worth the cost of knowing exactly (writing
//! over bytes that are there, opening a file that is there for creation, deleting) is counted as growth or not at all; so
//! the sum is never too small, and when it reaches the quota the directory is counted anew before anything is refused.
//!
//! A count walks the names, and adds files that a guest has open and that have no name any more. It fails closed: one that
//! cannot be finished leaves the old figures, and a directory that is nested deeper than it goes is full.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use rustix::{
    fd::OwnedFd,
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat},
    io::Errno,
};
use tokio::sync::Semaphore;

use crate::capability::DirectoryQuota;

/// Directories whose usage is kept. A host with more tenants counts some again.
const MAX_DIRECTORIES: usize = 10_000;
/// A count is at most so old when something is refused by it: counting again and again would be an attack on the disk.
const FRESH: Duration = Duration::from_secs(1);
/// Levels below the granted directory. Deeper is refused: a chain of directories costs a walk its stack and its descriptors.
pub(super) const MAX_DEPTH: usize = 64;
/// Counts at a time over all directories: each has a thread and a descriptor for each level.
const COUNTS_AT_ONCE: usize = 2;
/// Operations of all guests at a time: each has a thread. As many as usual calls of one tenant at a time, and half of the host's
/// threads for what blocks, so that a disk that hangs leaves the others to the host.
const OPERATIONS_AT_ONCE: usize = 32;

/// The directories' usage, by their paths.
#[derive(Debug)]
pub struct DiskUsage {
    known: Mutex<HashMap<PathBuf, Arc<Usage>>>,
    counts: Arc<Semaphore>,
    /// Places of the operations that guests have under way.
    pub(super) operations: Arc<Semaphore>,
}

impl Default for DiskUsage {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            counts: Arc::new(Semaphore::new(COUNTS_AT_ONCE)),
            operations: Arc::new(Semaphore::new(OPERATIONS_AT_ONCE)),
        }
    }
}

impl DiskUsage {
    pub(super) fn of(&self, path: &Path) -> Arc<Usage> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_DIRECTORIES {
            known.retain(|_, usage| Arc::strong_count(usage) > 1);
        }
        let new = || Arc::new(Usage::new(path.to_owned(), self.counts.clone()));
        known.entry(path.to_owned()).or_insert_with(new).clone()
    }
}

/// What one directory holds. Shared by all calls that have it.
#[derive(Debug)]
pub(super) struct Usage {
    path: PathBuf,
    figures: Mutex<Figures>,
    counts: Arc<Semaphore>,
    open: Mutex<OpenFiles>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    bytes: u64,
    files: u64,
    /// Everything that was ever added, so that what is added during a count is not lost.
    added_bytes: u64,
    added_files: u64,
    /// When it was last counted.
    counted: Option<Instant>,
}

impl Figures {
    fn fits(&self, bytes: u64, files: u64, quota: DirectoryQuota) -> bool {
        self.counted.is_some()
            && self.bytes.saturating_add(bytes) <= quota.bytes
            && self.files.saturating_add(files) <= quota.files
    }

    fn is_fresh(&self) -> bool {
        self.counted.is_some_and(|at| at.elapsed() < FRESH)
    }
}

/// Files that guests have open. Those that are closed go when the list has doubled.
#[derive(Debug, Default)]
struct OpenFiles {
    files: Vec<Weak<File>>,
    /// How many were open when it was last cleared up.
    live: usize,
}

/// A quota that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Usage {
    fn new(path: PathBuf, counts: Arc<Semaphore>) -> Self {
        Self { path, figures: Mutex::default(), counts, open: Mutex::default() }
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what fits, without counting. For where nothing can be waited for.
    pub(super) fn add(&self, bytes: u64, files: u64, quota: DirectoryQuota) -> Result<(), Full> {
        let mut figures = self.figures();
        if !figures.fits(bytes, files, quota) {
            return Err(Full);
        }
        figures.bytes = figures.bytes.saturating_add(bytes);
        figures.files = figures.files.saturating_add(files);
        figures.added_bytes = figures.added_bytes.saturating_add(bytes);
        figures.added_files = figures.added_files.saturating_add(files);
        Ok(())
    }

    /// A guest has a file open: its bytes count for as long, with or without a name.
    pub(super) fn opened(&self, file: &Arc<File>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.files.push(Arc::downgrade(file));
        if open.files.len() > 2 * open.live + 16 {
            open.files.retain(|file| file.strong_count() > 0);
            open.live = open.files.len();
        }
    }

    /// Makes sure that the count is there, and is a fresh one if so much more would not fit.
    pub(super) async fn prepare(self: &Arc<Self>, bytes: u64, files: u64, quota: DirectoryQuota) {
        let enough = || {
            let figures = self.figures();
            figures.fits(bytes, files, quota) || figures.is_fresh()
        };
        if enough() {
            return;
        }
        // The semaphore is never closed.
        let _turn = self.counts.acquire().await.ok();
        if enough() {
            return;
        }
        let usage = self.clone();
        // A count that panics or is cut off leaves the old figures, which are not too small.
        drop(tokio::task::spawn_blocking(move || usage.count(quota)).await);
    }

    fn count(&self, quota: DirectoryQuota) {
        let before = *self.figures();
        let mut count = Count { bytes: 0, files: 0, max: quota.files.saturating_add(1) };
        let walked = openat(CWD, &self.path, DIRECTORY, Mode::empty()).and_then(|root| count.walk(root, 0));
        match walked {
            Ok(Depth::Within) | Err(Errno::NOENT) => {}
            Ok(Depth::Beyond) => {
                tracing::warn!(directory = %self.path.display(), "grants: directory counts as full, nested deeper than {MAX_DEPTH} levels");
                (count.bytes, count.files) = (u64::MAX, u64::MAX);
            }
            Err(errno) => {
                tracing::warn!(directory = %self.path.display(), error = %io::Error::from(errno), "grants: cannot measure a directory");
                return;
            }
        }
        count.bytes = count.bytes.saturating_add(self.nameless());
        let mut figures = self.figures();
        figures.bytes = count.bytes.saturating_add(figures.added_bytes - before.added_bytes);
        figures.files = count.files.saturating_add(figures.added_files - before.added_files);
        figures.counted = Some(Instant::now());
    }

    /// Bytes of open files that have no name any more.
    fn nameless(&self) -> u64 {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).files.clone();
        let sizes = open.iter().filter_map(Weak::upgrade).filter_map(|file| file.metadata().ok());
        sizes.filter(|metadata| metadata.nlink() == 0).map(|metadata| metadata.len()).sum()
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Whether a walk saw everything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Within,
    Beyond,
}

struct Count {
    bytes: u64,
    files: u64,
    max: u64,
}

impl Count {
    /// Adds up what is below a directory, at most `max` entries: beyond them the quota is reached anyway. Links are
    /// entries, and are not followed. Names are looked up in the open directory, so that no path is too long.
    fn walk(&mut self, directory: OwnedFd, depth: usize) -> Result<Depth, Errno> {
        let mut entries = Dir::new(directory)?;
        while let Some(entry) = entries.read() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if self.files >= self.max {
                break;
            }
            self.files += 1;
            let Some(stat) = present(statat(entries.fd()?, name, AtFlags::SYMLINK_NOFOLLOW))? else { continue };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => self.bytes += u64::try_from(stat.st_size).unwrap_or(0),
                FileType::Directory if depth == MAX_DEPTH => return Ok(Depth::Beyond),
                FileType::Directory => {
                    let below = openat(entries.fd()?, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty());
                    let Some(below) = present(below)? else { continue };
                    if self.walk(below, depth + 1)? == Depth::Beyond {
                        return Ok(Depth::Beyond);
                    }
                }
                _ => {}
            }
        }
        Ok(Depth::Within)
    }
}

/// None for what was removed or exchanged meanwhile, and for what this host may not read: no guest of it writes there.
fn present<T>(looked: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        usage.age();
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

    impl Usage {
        /// Lets the last count be an old one.
        fn age(&self) {
            while self.figures().is_fresh() {
                std::thread::sleep(FRESH / 10);
            }
        }
    }

    #[tokio::test]
    async fn an_open_file_without_a_name_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let file = Arc::new(File::create(&path).unwrap());
        file.set_len(600).unwrap();
        let quota = DirectoryQuota { bytes: 1000, files: 10 };
        let usage = DiskUsage::default().of(directory.path());
        usage.opened(&file);
        fs::remove_file(&path).unwrap();
        usage.prepare(0, 0, quota).await;
        assert_eq!(usage.add(500, 0, quota), Err(Full), "its bytes are still there");
        drop(file);
        usage.age();
        usage.prepare(500, 0, quota).await;
        assert_eq!(usage.add(500, 0, quota), Ok(()));
    }

    #[tokio::test]
    async fn long_names_are_counted_and_what_is_too_deep_makes_it_full() {
        let directory = tempfile::tempdir().unwrap();
        let quota = DirectoryQuota { bytes: 1000, files: 1000 };
        let mut at = openat(CWD, directory.path(), DIRECTORY, Mode::empty()).unwrap();
        let mut below = |levels: usize| {
            for _ in 0..levels {
                let name = "d".repeat(200);
                rustix::fs::mkdirat(&at, &name, Mode::RWXU).unwrap();
                at = openat(&at, &name, DIRECTORY, Mode::empty()).unwrap();
            }
            let file = openat(&at, "f", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
            rustix::fs::ftruncate(file, 600).unwrap();
        };
        below(MAX_DEPTH);
        let usage = DiskUsage::default().of(directory.path());
        usage.prepare(0, 0, quota).await;
        assert_eq!(usage.add(500, 0, quota), Err(Full), "600 are there, 12,800 characters below");
        assert_eq!(usage.add(400, 0, quota), Ok(()));
        below(1);
        usage.age();
        usage.prepare(500, 0, quota).await;
        assert_eq!(usage.add(1, 0, quota), Err(Full));
    }
}
