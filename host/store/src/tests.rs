use std::sync::Arc;

use crate::{MAX_VALUE, Namespace, Quota, Store, StoreError};

const QUOTA: Quota = Quota { bytes: 1000, keys: 3 };

fn ns(tenant: &str) -> Namespace {
    Namespace { tenant: tenant.into(), plugin: Arc::from("p") }
}

fn entry(key: &str, value: &[u8]) -> Vec<(String, Vec<u8>)> {
    vec![(key.to_owned(), value.to_vec())]
}

fn open(directory: &tempfile::TempDir) -> Store {
    Store::open(&directory.path().join("deep/er/store.db")).unwrap()
}

#[tokio::test]
async fn a_batch_over_the_quota_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    store.set_many(ns("a"), QUOTA, entry("k", b"old")).await.unwrap();
    let mut batch = entry("k", b"new");
    batch.extend(entry("big", &[0; 2000]));
    let refused = store.set_many(ns("a"), QUOTA, batch).await;
    assert!(matches!(refused, Err(StoreError::Quota(_))), "{refused:?}");
    assert_eq!(store.get(ns("a"), "k".into()).await.unwrap().as_deref(), Some(b"old".as_slice()));
    let four = (0..4).flat_map(|i| entry(&format!("k{i}"), b"")).collect();
    assert!(matches!(store.set_many(ns("a"), QUOTA, four).await, Err(StoreError::Quota(_))));
}

#[tokio::test]
async fn what_was_deleted_or_replaced_counts_no_longer() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    for _ in 0..10 {
        store.set_many(ns("a"), QUOTA, entry("k", &[1; 900])).await.unwrap();
    }
    assert!(store.delete(ns("a"), "k".into()).await.unwrap());
    assert!(!store.delete(ns("a"), "k".into()).await.unwrap());
    store.set_many(ns("a"), QUOTA, entry("other", &[1; 900])).await.unwrap();
}

#[tokio::test]
async fn compare_and_set_has_one_winner() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let tries = (0..16_u8).map(|i| {
        let store = store.clone();
        tokio::spawn(async move { store.compare_and_set(ns("a"), QUOTA, "k".into(), None, vec![i]).await.unwrap() })
    });
    let mut won = 0;
    for attempt in tries.collect::<Vec<_>>() {
        won += usize::from(attempt.await.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn tenants_do_not_meet_and_pages_follow_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let many: Vec<_> = ["x/1", "x/2", "x/3"].iter().flat_map(|key| entry(key, b"v")).collect();
    store.set_many(ns("a"), QUOTA, many).await.unwrap();
    assert_eq!(store.get(ns("b"), "x/1".into()).await.unwrap(), None);
    let first = store.list(ns("a"), "x/".into(), 2, None).await.unwrap();
    assert_eq!(first.keys, ["x/1", "x/2"]);
    let second = store.list(ns("a"), "x/".into(), 2, first.next).await.unwrap();
    assert_eq!((second.keys, second.next), (vec!["x/3".to_owned()], None));
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    open(&directory).set_many(ns("a"), QUOTA, entry("k", b"v")).await.unwrap();
    assert_eq!(open(&directory).get(ns("a"), "k".into()).await.unwrap().as_deref(), Some(b"v".as_slice()));
}

#[tokio::test]
async fn keys_and_values_out_of_bounds_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    for entries in [entry("", b"v"), entry(&"k".repeat(513), b"v"), entry("k", &vec![0; MAX_VALUE + 1])] {
        let refused = store.set_many(ns("a"), QUOTA, entries).await;
        assert!(matches!(refused, Err(StoreError::TooLarge(_))), "{refused:?}");
    }
}
