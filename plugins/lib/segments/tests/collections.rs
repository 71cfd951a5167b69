//! What collections promise, seen through their public door with an owner that stores nothing but ids.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure fails the test"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tandem_segments::collection::{Change, DROPPED};
use tandem_segments::ids::{IdDirectory, IdReader, write_ids};
use tandem_segments::policy::FULL;
use tandem_segments::{
    Collections, Environment, Error, Head, KeyPage, MemoryStorage, Replacement, Result, SegmentRef, Storage,
    StorageError,
};

/// A clock that is set by hand, and numbers in sequence.
#[derive(Debug, Default)]
struct Scripted {
    now: AtomicU64,
    next: AtomicU64,
}

impl Environment for Scripted {
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn random(&self) -> Result<u64> {
        Ok(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

type Hook = Box<dyn FnOnce(&MemoryStorage) + Send>;

/// A store in which something happens just before the next compare-and-set.
#[derive(Default)]
struct Interrupted {
    store: MemoryStorage,
    before_swap: Mutex<Vec<Hook>>,
}

impl std::fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.store.fmt(f)
    }
}

impl Storage for Interrupted {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.store.get(key)
    }

    fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        self.store.set_many(entries)
    }

    fn compare_and_set(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, StorageError> {
        if let Some(hook) = self.before_swap.lock().unwrap().pop() {
            hook(&self.store);
        }
        self.store.compare_and_set(key, expected, value)
    }

    fn delete(&self, key: &str) -> Result<bool, StorageError> {
        self.store.delete(key)
    }

    fn list(&self, prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, StorageError> {
        self.store.list(prefix, limit, after)
    }
}

fn write(collections: &Collections<'_>, head: &Head<u8>, ids: &BTreeSet<String>) -> Result<SegmentRef> {
    let mut writer = collections.writer(head)?;
    let directory = write_ids(&mut writer, ids.iter().map(String::as_str))?;
    let rows = ids.len() as u32;
    Ok(SegmentRef { id: writer.finish(&directory)?, rows, weight: rows * FULL / 64, dead: Default::default() })
}

fn add(collections: &Collections<'_>, ids: &[&str]) -> Result<u64> {
    let ids: BTreeSet<String> = ids.iter().map(|id| id.to_string()).collect();
    let head = collections.head::<u8>("c")?;
    let segment = write(collections, &head, &ids)?;
    change(collections, &head, Some(segment), &ids)
}

fn delete(collections: &Collections<'_>, ids: &[&str]) -> Result<u64> {
    let head = collections.head::<u8>("c")?;
    change(collections, &head, None, &ids.iter().map(|id| id.to_string()).collect())
}

fn change(c: &Collections<'_>, head: &Head<u8>, segment: Option<SegmentRef>, ids: &BTreeSet<String>) -> Result<u64> {
    let change = Change {
        incarnation: &head.incarnation,
        segment,
        locate: &|segment| {
            let directory: IdDirectory = segment.descriptor()?;
            let mut reader = IdReader::new(segment, &directory);
            ids.iter().filter_map(|id| reader.find(id).transpose()).collect()
        },
        admit: &|_: &Head<u8>| Ok(()),
    };
    Ok(c.commit("c", change)?.1)
}

fn live(collections: &Collections<'_>, head: &Head<u8>, segment: &SegmentRef) -> Result<Vec<(u32, String)>> {
    let reader = collections.reader(head, segment);
    let directory: IdDirectory = reader.descriptor()?;
    let mut rows = Vec::new();
    IdReader::new(&reader, &directory).scan(None, |row, id| {
        if !segment.dead.contains(row) {
            rows.push((row, id.to_owned()));
        }
        Ok(true)
    })?;
    Ok(rows)
}

/// Every id as often as it is live.
fn all(collections: &Collections<'_>) -> Result<Vec<String>> {
    let mut ids = collections.read("c", |head| {
        let mut ids = Vec::new();
        for segment in &head.segments {
            ids.extend(live(collections, head, segment)?.into_iter().map(|(_, id)| id));
        }
        Ok(ids)
    })?;
    ids.sort();
    Ok(ids)
}

fn merge(collections: &Collections<'_>) -> Result<bool> {
    collections.maintain("c", |head: &Head<u8>, sources| {
        let mut ids = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            ids.extend(live(collections, head, source)?.into_iter().map(|(row, id)| (id, at, row)));
        }
        ids.sort();
        let mut rows: Vec<Vec<u32>> = sources.iter().map(|source| vec![DROPPED; source.rows as usize]).collect();
        for (new, (_, at, row)) in ids.iter().enumerate() {
            rows[*at][*row as usize] = new as u32;
        }
        let segment = write(collections, head, &ids.into_iter().map(|(id, ..)| id).collect())?;
        Ok(Replacement { segment: Some(segment), rows })
    })
}

fn fresh<'a>(storage: &'a dyn Storage, environment: &'a Scripted) -> Collections<'a> {
    let collections = Collections::new(storage, environment, "collection");
    assert_eq!(collections.create("c", 7u8).unwrap(), None);
    collections
}

#[test]
fn an_added_id_replaces_itself_and_a_deleted_one_is_gone() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    let collections = fresh(&store, &environment);
    assert_eq!(add(&collections, &["a", "b"]).unwrap(), 0);
    assert_eq!(add(&collections, &["b", "c"]).unwrap(), 1);
    assert_eq!(delete(&collections, &["a", "x"]).unwrap(), 1);
    assert_eq!(delete(&collections, &["a"]).unwrap(), 0);
    assert_eq!(all(&collections).unwrap(), ["b", "c"]);
}

#[test]
fn a_change_between_read_and_swap_is_kept() {
    let (store, environment) = (Interrupted::default(), Scripted::default());
    let collections = fresh(&store, &environment);
    add(&collections, &["a", "b"]).unwrap();
    store.before_swap.lock().unwrap().push(Box::new(|store| {
        let other = Scripted { next: 1000.into(), ..Scripted::default() };
        add(&Collections::new(store, &other, "collection"), &["b", "z"]).unwrap();
    }));
    // The other call's `b` is newer than the one that this call read before, and this call's `b` is the newest.
    assert_eq!(add(&collections, &["b", "y"]).unwrap(), 1);
    assert_eq!(all(&collections).unwrap(), ["a", "b", "y", "z"]);
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    let collections = fresh(&store, &environment);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for n in 0..40 {
                    add(&collections, &[&format!("{writer}-{n:02}"), "shared"]).unwrap();
                    merge(&collections).unwrap();
                }
            });
        }
    });
    let ids = all(&collections).unwrap();
    assert_eq!(ids.len(), 4 * 40 + 1, "every id once: {ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn rows_that_die_during_a_merge_stay_dead() {
    let (store, environment) = (Interrupted::default(), Scripted::default());
    let collections = fresh(&store, &environment);
    for id in ["a", "b", "c", "d"] {
        add(&collections, &[id]).unwrap();
    }
    store.before_swap.lock().unwrap().push(Box::new(|store| {
        let other = Scripted { next: 1000.into(), ..Scripted::default() };
        delete(&Collections::new(store, &other, "collection"), &["c"]).unwrap();
    }));
    // The deletion emptied a source, so this merge gives up; the next one finds too little to do.
    assert!(!merge(&collections).unwrap());
    assert_eq!(all(&collections).unwrap(), ["a", "b", "d"]);

    add(&collections, &["e", "f"]).unwrap();
    store.before_swap.lock().unwrap().push(Box::new(|store| {
        let other = Scripted { next: 2000.into(), ..Scripted::default() };
        delete(&Collections::new(store, &other, "collection"), &["e"]).unwrap();
    }));
    add(&collections, &["g"]).unwrap();
    assert!(merge(&collections).unwrap());
    assert_eq!(all(&collections).unwrap(), ["a", "b", "d", "f", "g"]);
}

#[test]
fn a_read_whose_segment_was_merged_away_starts_over() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    let collections = fresh(&store, &environment);
    for id in ["a", "b", "c", "d"] {
        add(&collections, &[id]).unwrap();
    }
    let mut tries = 0;
    let ids = collections.read("c", |head: &Head<u8>| {
        tries += 1;
        if tries == 1 {
            assert!(merge(&collections)?);
        }
        let first = head.segments.first().expect("a segment");
        live(&collections, head, first)
    });
    assert_eq!((ids.unwrap().len(), tries), (4, 2));
}

#[test]
fn a_missing_segment_is_reported_as_corrupt() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    let collections = fresh(&store, &environment);
    add(&collections, &["a"]).unwrap();
    for key in store.list("seg/", 1000, None).unwrap().keys {
        store.delete(&key).unwrap();
    }
    assert!(matches!(all(&collections), Err(Error::Corrupt(_))));
}

#[test]
fn what_a_dead_call_left_is_swept_once_no_call_can_commit_it() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    environment.now.store(10_000, Ordering::Relaxed);
    let collections = fresh(&store, &environment);
    let head = collections.head::<u8>("c").unwrap();
    let orphan = write(&collections, &head, &["lost".to_owned()].into()).unwrap();
    let orphaned =
        || !store.list(&format!("seg/{}/{}", head.incarnation, orphan.id), 10, None).unwrap().keys.is_empty();
    let merge_four = || {
        for id in ["a", "b", "c", "d"] {
            add(&collections, &[id]).unwrap();
        }
        assert!(merge(&collections).unwrap());
    };
    merge_four();
    assert!(orphaned(), "a running call may still commit it");
    environment.now.fetch_add(3601, Ordering::Relaxed);
    merge_four();
    assert!(!orphaned());
    assert_eq!(all(&collections).unwrap(), ["a", "b", "c", "d"]);
}

#[test]
fn a_change_for_a_former_life_is_refused_and_leaves_nothing() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    let collections = fresh(&store, &environment);
    let former = collections.head::<u8>("c").unwrap();
    let segment = write(&collections, &former, &["a".to_owned()].into()).unwrap();
    collections.remove::<u8>("c").unwrap();
    collections.create("c", 7u8).unwrap();
    let segment_again = write(&collections, &former, &["b".to_owned()].into()).unwrap();
    for segment in [segment, segment_again] {
        let refused = change(&collections, &former, Some(segment), &BTreeSet::new());
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    assert_eq!(store.len(), 1, "the head alone is left");
}

#[test]
fn names_are_checked_and_listed() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    let collections = fresh(&store, &environment);
    for name in ["", "a/b", "ü", &"x".repeat(65)] {
        assert!(matches!(collections.create(name, 0u8), Err(Error::Invalid(_))), "{name}");
    }
    collections.create("d", 0u8).unwrap();
    assert_eq!(collections.names(1, None).unwrap(), (vec!["c".to_owned()], true));
    assert_eq!(collections.names(1, Some("c")).unwrap(), (vec!["d".to_owned()], false));
    assert_eq!(collections.create("d", 1u8).unwrap().map(|head| head.settings), Some(0));
}

#[test]
fn a_head_in_another_format_is_refused() {
    let (store, environment) = (MemoryStorage::new(), Scripted::default());
    let collections = fresh(&store, &environment);
    for bytes in [vec![], vec![9, 1, 2], vec![1, 0xff, 0xff]] {
        store.set_many(vec![("head/c".to_owned(), bytes)]).unwrap();
        assert!(matches!(collections.head::<u8>("c"), Err(Error::Corrupt(_))));
    }
}
