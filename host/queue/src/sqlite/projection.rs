//! What was read last of tasks and workflows, in memory until it changes: whoever asks again is answered where it is, with no
//! other thread in between.
//!
//! **Promises.** An answer is as the last write that was answered left it, or newer. A reading has the version that its subject
//! had before it began; a write raises the versions of what it touched after its commit and before its answer; a
//! reading serves while its version is the newest. So one that began before a commit and ended after it never serves.
//!
//! **Bounds.** [`CAPACITY`] bytes of readings, none above [`LARGEST`]; those that nobody asks for go after [`IDLE`]. Stops a tenant that asks
//! for ever other pages from taking memory: it drives out readings, and others read the database as it does. Versions
//! are [`SLOTS`] counters that subjects share by their hash: who shares one reads again more often, and never too late.

use std::{
    any::Any,
    hash::{BuildHasher, Hash, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;

use crate::{
    Cursor, Filter, Page, QueueStats, Scope, StoredTask, TaskId, TaskResult, TaskRow, WorkflowFilter, WorkflowId,
    WorkflowRow,
};

/// Bytes of all readings: some ten thousand tasks of usual size.
const CAPACITY: u64 = 16 << 20;
/// Bytes of one reading: what is larger costs more to copy than to read, and would drive out a hundred others.
const LARGEST: usize = 128 << 10;
/// How long a reading stays that nobody asks for.
const IDLE: Duration = Duration::from_secs(60);
/// Counters: with a thousand tasks that change all the time, four of five others share none.
const SLOTS: usize = 4096;
/// Bytes of a row beside its texts, roughly.
const ROW: usize = 1024;

/// What a reading is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A tenant's task.
    Task(String, TaskId),
    /// Its place in the queue.
    Position(String, TaskId),
    /// A page of a list.
    Tasks(Filter, Option<Cursor>, u32),
    /// Figures, in this second: they count what ended in the last minute.
    Stats(Scope, u64),
    /// A tenant's workflow.
    Workflow(String, WorkflowId),
    /// A page of a list.
    Workflows(WorkflowFilter, Option<Cursor>, u32),
}

/// What a write changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject<'a> {
    /// A task or a workflow, by its id.
    One(&'a [u8; 16]),
    /// Anything of a tenant's.
    Tenant(&'a str),
    /// Anything.
    All,
}

impl Key {
    fn subject(&self) -> Subject<'_> {
        match self {
            Self::Task(_, id) => Subject::One(id.as_bytes()),
            Self::Workflow(_, id) => Subject::One(id.as_bytes()),
            Self::Position(tenant, _) | Self::Stats(Scope::Tenant(tenant), _) => Subject::Tenant(tenant),
            Self::Tasks(filter, ..) => Subject::Tenant(&filter.tenant),
            Self::Workflows(filter, ..) => Subject::Tenant(&filter.tenant),
            Self::Stats(Scope::All, _) => Subject::All,
        }
    }
}

/// What can be kept: its bytes, roughly.
pub(super) trait Reading: Clone + Send + Sync + 'static {
    fn bytes(&self) -> usize;
}

#[derive(Clone, Debug)]
struct CachedReading {
    version: u64,
    bytes: u32,
    reading: Arc<dyn Any + Send + Sync>,
}

/// The readings and the versions.
#[derive(Debug)]
pub(super) struct Projection {
    kept: Cache<Key, CachedReading>,
    versions: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Projection {
    pub(super) fn new() -> Self {
        let weigh = |_: &Key, kept: &CachedReading| kept.bytes;
        Self {
            kept: Cache::builder().max_capacity(CAPACITY).weigher(weigh).time_to_idle(IDLE).build(),
            versions: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Which counter counts its versions.
    pub(super) fn slot(&self, subject: Subject<'_>) -> usize {
        usize::try_from(self.hasher.hash_one(subject) % SLOTS as u64).unwrap_or_default()
    }

    /// The version of what this is about; taken before it is read.
    pub(super) fn version(&self, key: &Key) -> u64 {
        self.versions.get(self.slot(key.subject())).map_or(0, |version| version.load(Ordering::Acquire))
    }

    /// What was read of it at this version.
    pub(super) fn get<R: Reading>(&self, key: &Key, version: u64) -> Option<R> {
        let kept = self.kept.get(key).filter(|kept| kept.version == version)?;
        kept.reading.downcast_ref().cloned()
    }

    /// Keeps what was read after this version was taken.
    pub(super) fn keep<R: Reading>(&self, key: Key, version: u64, reading: &R) {
        let bytes = reading.bytes();
        if bytes <= LARGEST {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.kept.insert(key, CachedReading { version, bytes, reading: Arc::new(reading.clone()) });
        }
    }

    /// Readings of these serve no longer.
    pub(super) fn changed(&self, slots: &[usize]) {
        for version in slots.iter().filter_map(|slot| self.versions.get(*slot)) {
            version.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// No reading serves any longer.
    pub(super) fn changed_all(&self) {
        for version in &self.versions {
            version.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl<T: Reading> Reading for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(ROW, Reading::bytes)
    }
}

impl<T: Reading> Reading for Page<T> {
    fn bytes(&self) -> usize {
        self.rows.iter().map(Reading::bytes).sum::<usize>() + ROW
    }
}

impl Reading for u64 {
    fn bytes(&self) -> usize {
        ROW
    }
}

impl Reading for TaskRow {
    fn bytes(&self) -> usize {
        let failure = self.failure.as_ref().map(|failure| &failure.message);
        let texts = [&self.metadata, &self.cancel_reason, &self.idempotency_key];
        ROW + texts.into_iter().flatten().chain(failure).chain(&self.tags).map(String::len).sum::<usize>()
    }
}

impl Reading for StoredTask {
    fn bytes(&self) -> usize {
        let result = match &self.result {
            Some(TaskResult::Inline(text) | TaskResult::Cid(text)) => text.len(),
            None => 0,
        };
        self.row.bytes() + self.arguments.len() + result
    }
}

impl Reading for QueueStats {
    fn bytes(&self) -> usize {
        ROW * (1 + self.by_tool.len()) + self.paused.iter().map(String::len).sum::<usize>()
    }
}

impl Reading for WorkflowRow {
    fn bytes(&self) -> usize {
        ROW + self.tags.iter().chain(&self.idempotency_key).map(String::len).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_began_before_a_change_serves_nobody() {
        let (projection, id) = (Projection::new(), TaskId::new());
        let key = Key::Position("t".into(), id);
        let before = projection.version(&key);
        projection.changed(&[projection.slot(Subject::Tenant("t"))]);
        projection.keep(key.clone(), before, &Some(1_u64));
        assert_eq!(projection.get::<Option<u64>>(&key, projection.version(&key)), None);
        let now = projection.version(&key);
        projection.keep(key.clone(), now, &Some(2_u64));
        assert_eq!(projection.get(&key, projection.version(&key)), Some(Some(2_u64)));
    }

    #[test]
    fn what_is_large_is_not_kept() {
        let projection = Projection::new();
        let key = Key::Stats(Scope::All, 0);
        let large = QueueStats { paused: vec!["x".repeat(LARGEST + 1)], ..QueueStats::default() };
        projection.keep(key.clone(), 0, &large);
        assert_eq!(projection.get::<QueueStats>(&key, 0), None);
    }
}
