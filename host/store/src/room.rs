//! Room on the disk that is kept for the audit log.
//!
//! **Promises.** Plugins' keys and values, and tasks, stop a while before the disk is full, so that what tenants store cannot keep
//! their calls from being recorded. What comes of tasks that are queued already may use half of what is left then. Calls whose
//! records have to be kept stop before that room is used up, too. What else fills the disk is not ours: then the last bound is
//! what remains.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::error::StoreError;

/// Free bytes below which nothing new is stored: room for about 100,000 records. No more than a sixteenth of the disk, so that
/// a small one is of use.
const FLOOR: u64 = 64 << 20;
const PART: u64 = 16;
/// The part of that floor below which nothing is stored of what comes of tasks: who submitted many does not take the rest with
/// their results.
const RESULTS_PART: u64 = 2;
/// The part of that floor below which calls are not begun: what a thousand calls that run already will write fits.
const CALLS_PART: u64 = 4;
/// How old an answer of the file system may be. Asking takes microseconds, but every call and every write asks.
const FRESH: Duration = Duration::from_millis(100);
/// What a byte that is stored takes at most: in the write-ahead log and in the database.
const COPIES: u64 = 3;

/// What is to be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    /// What somebody asks for now.
    New,
    /// What comes of something that was taken on.
    Results,
}

/// Looks at the disk.
#[derive(Debug)]
pub(crate) struct Room {
    directory: PathBuf,
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    free: u64,
    floor: u64,
    /// What was promised since.
    taken: u64,
}

impl Room {
    pub(crate) fn new(store: &Path) -> Self {
        Self { directory: store.parent().unwrap_or(Path::new(".")).to_owned(), seen: Mutex::default() }
    }

    /// Takes room for so many bytes, or refuses.
    pub(crate) fn take(&self, bytes: u64, of: Use) -> Result<(), StoreError> {
        let needed = bytes.saturating_mul(COPIES);
        self.look(|seen| {
            let left = seen.free.saturating_sub(seen.taken);
            let floor = match of {
                Use::New => seen.floor,
                Use::Results => seen.floor / RESULTS_PART,
            };
            if left.saturating_sub(needed) < floor {
                return Err(StoreError::NoRoom { left: left >> 20, floor: floor >> 20 });
            }
            seen.taken = seen.taken.saturating_add(needed);
            Ok(())
        })
        .unwrap_or(Ok(()))
    }

    /// Whether records of calls will find room.
    pub(crate) fn for_records(&self) -> bool {
        self.look(|seen| seen.free >= seen.floor / CALLS_PART).unwrap_or(true)
    }

    /// None where the file system does not say: then a failing write has to.
    fn look<R>(&self, answer: impl FnOnce(&mut Seen) -> R) -> Option<R> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none_or(|seen| seen.at.elapsed() > FRESH) {
            *seen = rustix::fs::statvfs(&self.directory).ok().map(|now| {
                let bytes = |blocks: u64| blocks.saturating_mul(now.f_frsize);
                let floor = FLOOR.min(bytes(now.f_blocks) / PART);
                Seen { at: Instant::now(), free: bytes(now.f_bavail), floor, taken: 0 }
            });
        }
        seen.as_mut().map(answer)
    }
}
