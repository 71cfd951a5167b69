//! Room on the disk that is kept for the audit log.
//!
//! **Promises.** Plugins' keys and values stop a while before the disk is full, so that what tenants store cannot keep
//! their calls from being recorded; calls whose records have to be kept stop before that room is used up, too. What else
//! fills the disk is not ours: then the second bound is what remains.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::StoreError;

/// Free bytes below which plugins store nothing more: room for about 100,000 records. No more than a sixteenth of the disk, so that
/// a small one is of use.
const KEYS_FLOOR: u64 = 64 << 20;
const PART: u64 = 16;
/// The part of that floor below which calls are not begun: what a thousand calls that run already will write fits.
const CALLS_PART: u64 = 4;
/// How old an answer of the file system may be. Asking takes microseconds, but every call and every write asks.
const FRESH: Duration = Duration::from_millis(100);
/// What a byte that is stored takes at most: in the write-ahead log and in the database.
const COPIES: u64 = 3;

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

    /// Takes room for so many bytes of keys and values, or refuses.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), StoreError> {
        let needed = bytes.saturating_mul(COPIES);
        self.look(|seen| {
            let left = seen.free.saturating_sub(seen.taken);
            if left.saturating_sub(needed) < seen.floor {
                return Err(StoreError::NoRoom { left: left >> 20, floor: seen.floor >> 20 });
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
                let floor = KEYS_FLOOR.min(bytes(now.f_blocks) / PART);
                Seen { at: Instant::now(), free: bytes(now.f_bavail), floor, taken: 0 }
            });
        }
        seen.as_mut().map(answer)
    }
}
