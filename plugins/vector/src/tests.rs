//! Operations on a store that several writers share.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Map;
use tandem_segments::{MemoryStorage, Storage, SystemEnvironment};

use crate::metric::Metric;
use crate::model::Item;
use crate::settings::{Hnsw, Settings};
use crate::vectors::{Search, Selection, Vectors};

const ENVIRONMENT: SystemEnvironment = SystemEnvironment;

fn settings(hnsw: bool) -> Settings {
    let hnsw = hnsw.then_some(Hnsw { m: 8, ef_construction: 32 });
    Settings { dimensions: 2, metric: Metric::L2, hnsw }
}

fn item(id: &str, x: f32) -> Item {
    let metadata = Map::from_iter([("x".to_owned(), x.into())]);
    Item { id: id.to_owned(), vector: vec![x, 1.0], metadata: Some(metadata) }
}

fn near(x: f32, count: u32) -> Search {
    Search { vector: vec![x, 1.0], count, with_metadata: true, with_vectors: true, ..Search::default() }
}

#[test]
fn writers_at_once_lose_nothing_that_was_acknowledged() {
    let store = MemoryStorage::new();
    let vectors = Vectors::new(&store, &ENVIRONMENT);
    vectors.create("c", settings(false)).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4u32 {
            scope.spawn(move || {
                for n in 0..25 {
                    let items = vec![item(&format!("{writer}-{n}"), n as f32), item("shared", writer as f32)];
                    vectors.add("c", items).unwrap();
                    vectors.maintain("c").unwrap();
                }
                vectors.delete("c", &Selection::Ids(vec![format!("{writer}-0")])).unwrap();
            });
        }
    });
    let listing = vectors.items("c", 200, None, false).unwrap();
    assert_eq!(listing.items.unwrap().len(), 4 * 24 + 1);
    assert_eq!(listing.next_cursor, None);
}

#[test]
fn deleting_a_collection_leaves_no_key() {
    let store = MemoryStorage::new();
    let vectors = Vectors::new(&store, &ENVIRONMENT);
    vectors.create("c", settings(true)).unwrap();
    for batch in 0..12 {
        let items = (0..1000).map(|n| item(&format!("{batch}-{n}"), (batch * 1000 + n) as f32)).collect();
        vectors.add("c", items).unwrap();
        vectors.maintain("c").unwrap();
    }
    assert!(!vectors.search("c", &near(1.0, 3)).unwrap().exact, "so many have a graph");
    let keys = store.list("seg/", 1000, None).unwrap().keys;
    assert!(keys.iter().any(|key| key.contains("/g/")) && keys.len() < 400, "{} keys", keys.len());
    assert_eq!(vectors.delete("c", &Selection::Collection).unwrap().deleted, 12_000);
    assert!(store.is_empty());
}

/// One step of a model test.
#[derive(Clone, Debug)]
enum Step {
    Add(Vec<(u8, i8)>),
    Delete(Vec<u8>),
    DeleteBelow(i8),
    Maintain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::btree_map(0u8..40, any::<i8>(), 1..12)
            .prop_map(|items| Step::Add(items.into_iter().collect())),
        1 => prop::collection::vec(0u8..40, 0..6).prop_map(Step::Delete),
        1 => (-128i8..0).prop_map(Step::DeleteBelow),
        2 => Just(Step::Maintain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is added, replaced, deleted and merged, a collection holds what a plain map would.
    #[test]
    fn a_collection_is_a_map(steps in prop::collection::vec(step(), 1..40), hnsw in any::<bool>(), at in any::<i8>()) {
        let store = MemoryStorage::new();
        let vectors = Vectors::new(&store, &ENVIRONMENT);
        vectors.create("c", settings(hnsw)).unwrap();
        let mut model: BTreeMap<String, f32> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Add(items) => {
                    let named: Vec<(String, f32)> =
                        items.iter().map(|(id, x)| (format!("i{id:02}"), f32::from(*x))).collect();
                    let known = named.iter().filter(|(id, _)| model.contains_key(id)).count() as u64;
                    let added = vectors.add("c", named.iter().map(|(id, x)| item(id, *x)).collect()).unwrap();
                    model.extend(named);
                    prop_assert_eq!((added.replaced, added.items), (known, model.len() as u64));
                }
                Step::Delete(ids) => {
                    let ids: Vec<String> = ids.iter().map(|id| format!("i{id:02}")).collect();
                    let before = model.len();
                    model.retain(|id, _| !ids.contains(id));
                    let deleted = vectors.delete("c", &Selection::Ids(ids)).unwrap().deleted;
                    prop_assert_eq!(deleted, (before - model.len()) as u64);
                }
                Step::DeleteBelow(limit) => {
                    let filter = serde_json::from_value(serde_json::json!({ "lt": { "field": "x", "value": limit } }));
                    let before = model.len();
                    model.retain(|_, x| *x >= f32::from(limit));
                    let deleted = vectors.delete("c", &Selection::Filter(filter.unwrap())).unwrap().deleted;
                    prop_assert_eq!(deleted, (before - model.len()) as u64);
                }
                Step::Maintain => { vectors.maintain("c").unwrap(); }
            }
        }
        let listed = vectors.items("c", 100, None, true).unwrap().items.unwrap();
        let listed: Vec<(String, f32)> = listed.into_iter().map(|item| (item.id, item.vector.unwrap()[0])).collect();
        prop_assert_eq!(&listed, &model.clone().into_iter().collect::<Vec<_>>());

        let at = f32::from(at);
        let found = vectors.search("c", &near(at, 5)).unwrap().matches;
        let mut expected: Vec<(f32, String)> = model.into_iter().map(|(id, x)| ((x - at).abs(), id)).collect();
        expected.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let distances: Vec<f32> = found.iter().map(|hit| hit.distance.unwrap()).collect();
        let right: Vec<f32> = expected.iter().take(5).map(|(distance, _)| *distance).collect();
        prop_assert_eq!(distances, right);
    }
}
