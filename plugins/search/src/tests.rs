//! Operations on a store that several writers share, and what a query reads of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tandem_segments::{KeyPage, MemoryStorage, Storage, StorageError, SystemEnvironment};

use crate::indexes::Indexes;
use crate::model::{Document, Matching};
use crate::query::Search;
use crate::settings::{Field, FieldKind, Language, Settings};

const ENVIRONMENT: SystemEnvironment = SystemEnvironment;

/// A store that counts what is read.
#[derive(Debug, Default)]
struct Counted {
    store: MemoryStorage,
    reads: AtomicUsize,
    bytes: AtomicUsize,
}

impl Storage for Counted {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let value = self.store.get(key)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(value.as_ref().map_or(0, Vec::len), Ordering::Relaxed);
        Ok(value)
    }

    fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        self.store.set_many(entries)
    }

    fn compare_and_set(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, StorageError> {
        self.store.compare_and_set(key, expected, value)
    }

    fn delete(&self, key: &str) -> Result<bool, StorageError> {
        self.store.delete(key)
    }

    fn list(&self, prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, StorageError> {
        self.store.list(prefix, limit, after)
    }
}

fn settings() -> Settings {
    let field = |name: &str, kind| Field { name: name.to_owned(), kind, language: Language::None };
    let fields = vec![
        field("title", FieldKind::Text),
        field("body", FieldKind::Text),
        field("tag", FieldKind::Keyword),
        field("year", FieldKind::Number),
    ];
    Settings { fields, k1: 1.2, b: 0.75 }
}

fn document(id: &str, fields: Value) -> Document {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    Document { id: id.to_owned(), fields }
}

fn search(query: &str) -> Search {
    Search { query: Some(query.to_owned()), limit: 100, facet_size: 10, ..Search::default() }
}

fn ids(indexes: &Indexes<'_>, search: &Search) -> Vec<String> {
    indexes.query("i", search).unwrap().hits.into_iter().map(|hit| hit.id).collect()
}

/// Words that are the same on every run: `w0` is common, `w9999` is rare.
fn words(seed: usize, count: usize) -> String {
    let word = |n: usize| {
        let random = (seed * 7919 + n * 104_729 + 12_345).wrapping_mul(2_654_435_761) >> 8;
        format!("w{}", (random % 100) * (random / 100 % 100))
    };
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_query_on_ten_thousand_documents_reads_what_it_needs() {
    let store = Counted::default();
    let indexes = Indexes::new(&store, &ENVIRONMENT);
    indexes.create("i", settings()).unwrap();
    for batch in 0..20 {
        let documents = (0..500).map(|n| {
            let at = batch * 500 + n;
            let fields = json!({ "title": words(at, 5), "body": words(at + 50_000, 60), "tag": format!("t{}", at % 7), "year": at });
            document(&format!("d{at:05}"), fields)
        });
        indexes.index("i", documents.collect()).unwrap();
        indexes.maintain("i").unwrap();
    }
    let stored: usize = {
        let keys = store.store.list("", 1000, None).unwrap().keys;
        keys.iter().map(|key| store.store.get(key).unwrap().unwrap().len()).sum()
    };
    for (what, wanted) in [
        ("two words", Search { limit: 10, ..search("w42 w1001") }),
        ("a prefix", Search { limit: 10, ..search("w980*") }),
        (
            "a word, filtered, with facets",
            Search {
                limit: 10,
                facets: vec!["tag".to_owned()],
                filter: serde_json::from_value(json!({ "lt": { "field": "year", "value": 5000 } })).unwrap(),
                ..search("w42")
            },
        ),
    ] {
        store.reads.store(0, Ordering::Relaxed);
        store.bytes.store(0, Ordering::Relaxed);
        let found = indexes.query("i", &wanted).unwrap();
        assert!(found.total > 0, "{what}");
        let (reads, bytes) = (store.reads.load(Ordering::Relaxed), store.bytes.load(Ordering::Relaxed));
        println!("{what}: {} found; {reads} reads, {bytes} of {stored} bytes", found.total);
        assert!(bytes < stored / 3 && reads < 120, "{what}: {reads} reads of {bytes} of {stored} bytes");
    }
}

#[test]
fn writers_at_once_lose_nothing_that_was_acknowledged() {
    let store = MemoryStorage::new();
    let indexes = Indexes::new(&store, &ENVIRONMENT);
    indexes.create("i", settings()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for n in 0..25 {
                    let own = document(&format!("{writer}-{n}"), json!({ "body": "common" }));
                    let shared = document("shared", json!({ "body": "common", "year": writer }));
                    indexes.index("i", vec![own, shared]).unwrap();
                    indexes.maintain("i").unwrap();
                }
                indexes.delete("i", Some(&[format!("{writer}-0")])).unwrap();
            });
        }
    });
    let found = indexes.query("i", &search("common")).unwrap();
    assert_eq!(found.total, 4 * 24 + 1);
    indexes.delete("i", None).unwrap();
    assert!(store.is_empty());
}

/// BM25 as its formula stands, over documents that were never replaced.
fn bm25(documents: &BTreeMap<String, String>, query: &[String]) -> Vec<(String, f64)> {
    let terms = |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let texts: BTreeMap<&String, Vec<String>> = documents.iter().map(|(id, text)| (id, terms(text))).collect();
    let count = texts.values().filter(|words| !words.is_empty()).count() as f64;
    let average = texts.values().map(Vec::len).sum::<usize>() as f64 / count.max(1.0);
    let mut scores = Vec::new();
    for (id, words) in &texts {
        let mut score = 0.0;
        for term in query {
            let having = texts.values().filter(|words| words.contains(term)).count() as f64;
            let frequency = words.iter().filter(|word| *word == term).count() as f64;
            let weight = (1.0 + (count - having + 0.5) / (having + 0.5)).ln();
            let norm = 1.2 * (1.0 - 0.75 + 0.75 * words.len() as f64 / average);
            score += weight * frequency * 2.2 / (frequency + norm);
        }
        if query.iter().any(|term| words.contains(term)) {
            scores.push(((*id).clone(), score));
        }
    }
    scores
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However documents are spread over segments and merged, scores are those of the formula.
    #[test]
    fn scores_are_those_of_bm25(
        texts in prop::collection::vec("([a-e]{1,2} ){0,8}", 1..40),
        query in prop::collection::vec("[a-e]{1,2}", 1..4),
        batch in 1usize..10,
    ) {
        let store = MemoryStorage::new();
        let indexes = Indexes::new(&store, &ENVIRONMENT);
        indexes.create("i", settings()).unwrap();
        let documents: BTreeMap<String, String> =
            texts.into_iter().enumerate().map(|(n, text)| (format!("d{n:02}"), text)).collect();
        let all: Vec<_> = documents.iter().collect();
        for some in all.chunks(batch) {
            let some = some.iter().map(|(id, text)| document(id, json!({ "body": text })));
            indexes.index("i", some.collect()).unwrap();
            indexes.maintain("i").unwrap();
        }
        let found = indexes.query("i", &search(&query.join(" "))).unwrap();
        let found: BTreeMap<String, f32> = found.hits.into_iter().map(|hit| (hit.id, hit.score)).collect();
        let expected = bm25(&documents, &query);
        prop_assert_eq!(found.len(), expected.len());
        for (id, score) in expected {
            prop_assert!((f64::from(found[&id]) - score).abs() < 1e-3, "{}: {} is not {}", id, found[&id], score);
        }
    }

    /// Whatever is indexed, replaced, deleted and merged, queries find what a plain scan of the documents finds.
    #[test]
    fn queries_find_what_a_scan_finds(
        steps in prop::collection::vec((any::<bool>(), prop::collection::btree_map(0u8..30, ("[a-c]( [a-c]){0,4}", 0u8..3, -5i8..5), 1..8)), 1..25),
        word in "[a-c]", tag in 0u8..3, year in -5i8..5, all in any::<bool>(),
    ) {
        let store = MemoryStorage::new();
        let indexes = Indexes::new(&store, &ENVIRONMENT);
        indexes.create("i", settings()).unwrap();
        let mut model: BTreeMap<String, (String, u8, i8)> = BTreeMap::new();
        for (delete, documents) in steps {
            let documents: Vec<_> = documents.into_iter().map(|(id, document)| (format!("d{id:02}"), document)).collect();
            if delete {
                let ids: Vec<String> = documents.into_iter().map(|(id, _)| id).collect();
                let before = model.len();
                model.retain(|id, _| !ids.contains(id));
                prop_assert_eq!(indexes.delete("i", Some(&ids)).unwrap().deleted, (before - model.len()) as u64);
            } else {
                let fields = |(text, tag, year): &(String, u8, i8)| json!({ "body": text, "tag": [format!("t{tag}"), "all"], "year": year });
                let some = documents.iter().map(|(id, parts)| document(id, fields(parts))).collect();
                model.extend(documents);
                prop_assert_eq!(indexes.index("i", some).unwrap().documents, model.len() as u64);
            }
            indexes.maintain("i").unwrap();
        }
        let filter = json!({ "or": [
            { "eq": { "field": "tag", "value": format!("t{tag}") } }, { "gte": { "field": "year", "value": year } }
        ] });
        let query = format!("{word} a");
        let wanted = Search {
            matching: if all { Matching::All } else { Matching::Any },
            filter: Some(serde_json::from_value(filter).unwrap()),
            facets: vec!["tag".to_owned()],
            ..search(&query)
        };
        let has = |text: &str, word: &str| text.split(' ').any(|other| other == word);
        let expected: Vec<(&String, u8)> = model
            .iter()
            .filter(|(_, (text, ..))| {
                let (one, other) = (has(text, &word), has(text, "a"));
                if all { one && other } else { one || other }
            })
            .filter(|(_, (_, its, when))| *its == tag || *when >= year)
            .map(|(id, (_, its, _))| (id, *its))
            .collect();
        let mut found = ids(&indexes, &wanted);
        found.sort();
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected.iter().map(|(id, _)| *id).collect::<Vec<_>>());

        let counts = indexes.query("i", &wanted).unwrap().facets.remove(0).values;
        let counts: BTreeMap<String, u64> = counts.into_iter().map(|value| (value.value, value.count)).collect();
        let mut right: BTreeMap<String, u64> = BTreeMap::new();
        for (_, tag) in &expected {
            *right.entry(format!("t{tag}")).or_default() += 1;
            *right.entry("all".to_owned()).or_default() += 1;
        }
        prop_assert_eq!(counts, right);
    }
}

#[test]
fn pages_of_hits_do_not_overlap() {
    let store = MemoryStorage::new();
    let indexes = Indexes::new(&store, &ENVIRONMENT);
    indexes.create("i", settings()).unwrap();
    for batch in 0..3 {
        let documents = (0..10).map(|n| document(&format!("{batch}{n}"), json!({ "body": "same" }))).collect();
        indexes.index("i", documents).unwrap();
    }
    let mut seen: Vec<String> = Vec::new();
    for offset in (0..30).step_by(7) {
        seen.extend(ids(&indexes, &Search { limit: 7, offset, ..search("same") }));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 30);
    let everything = Search { query: None, ..search("") };
    assert_eq!(indexes.query("i", &everything).unwrap().total, 30);
    assert_eq!(indexes.query("i", &everything).unwrap().hits.first().map(|hit| hit.fields.clone()), {
        let fields: Map<String, Value> = Map::from_iter([("body".to_owned(), json!("same"))]);
        Some(fields)
    });
}

#[test]
fn a_prefix_is_compared_with_the_words_and_not_with_their_stems() {
    let store = MemoryStorage::default();
    let indexes = Indexes::new(&store, &ENVIRONMENT);
    let mut settings = settings();
    settings.fields[0].language = Language::English;
    indexes.create("i", settings).unwrap();
    let texts = ["Running quickly towards universities", "she argued happily", "relational databases"];
    for (at, text) in texts.iter().enumerate() {
        // A segment each, so that a merge is part of it.
        indexes.index("i", vec![document(&at.to_string(), json!({ "title": text }))]).unwrap();
        indexes.maintain("i").unwrap();
    }
    for (at, text) in texts.iter().enumerate() {
        for word in text.split(' ') {
            for end in (1..=word.len()).filter(|end| word.is_char_boundary(*end)) {
                let query = format!("{}*", &word[..end]);
                assert!(ids(&indexes, &search(&query)).contains(&at.to_string()), "{query}");
            }
        }
    }
    for none in ["happili*", "univerz*", "runs*"] {
        assert_eq!(ids(&indexes, &search(none)), [""; 0], "{none}: no word begins so");
    }
    assert_eq!(ids(&indexes, &search("runs")), ["0"], "whole words are compared by their stems");
    let marked = indexes.query("i", &Search { highlight: true, ..search("universit*") }).unwrap();
    assert_eq!(marked.hits[0].highlights["title"][0], "Running quickly towards <em>universities</em>");
}

#[test]
fn texts_without_spaces_are_found_by_the_words_in_them() {
    let store = MemoryStorage::default();
    let indexes = Indexes::new(&store, &ENVIRONMENT);
    indexes.create("i", settings()).unwrap();
    let texts = [
        ("tokyo", "東京都に住んでいます"),
        ("kyoto", "京都は東にある"),
        ("apart", "约会在早上，合上书"),
        ("contract", "中文合約轉換體驗課問題"),
        ("half", "ﾊﾝｶｸｶﾀｶﾅ ﾌﾟﾛｼﾞｪｸﾄ"),
        ("glued", "OvertimeService초과근무"),
        ("spaced", "초과근무 승인 규칙을 확인"),
        ("wide", "ＡＢＣ社"),
    ];
    let documents = texts.iter().map(|(id, text)| document(id, json!({ "title": text }))).collect();
    indexes.index("i", documents).unwrap();
    for (query, wanted) in [
        ("東京", vec!["tokyo"]),
        ("京", vec!["kyoto", "tokyo"]),
        ("東*", vec!["kyoto", "tokyo"]),
        ("合約", vec!["contract"]),
        ("ハンカク", vec!["half"]),
        ("プロジェクト", vec!["half"]),
        ("초과근무", vec!["glued", "spaced"]),
        ("overtimeservice", vec!["glued"]),
        ("abc", vec!["wide"]),
    ] {
        for matching in [Matching::Any, Matching::All] {
            let mut found = ids(&indexes, &Search { matching, ..search(query) });
            found.sort();
            assert_eq!(found, wanted, "{query} {matching:?}");
        }
    }
    assert_eq!(ids(&indexes, &search("東京都"))[0], "tokyo", "京都 fits too, and less");
    assert_eq!(ids(&indexes, &search("초과근무")), ["spaced", "glued"], "a word that stands alone comes first");
}

#[test]
fn signs_of_other_query_languages_are_refused_with_what_to_use() {
    let store = MemoryStorage::default();
    let indexes = Indexes::new(&store, &ENVIRONMENT);
    indexes.create("i", settings()).unwrap();
    indexes.index("i", vec![document("1", json!({ "title": "south-korea at -5 degrees", "year": 1900 }))]).unwrap();
    for (query, use_instead) in [
        ("south -korea", "`filter` with `not`"),
        ("south -\"korea\"", "`filter` with `not`"),
        ("korrea~1", "`korrea*`"),
        ("year:>1800", "\"field\": \"year\""),
        ("title:[a TO b]", "`filter`"),
    ] {
        let refused = indexes.query("i", &search(query)).unwrap_err().to_string();
        assert!(refused.contains(use_instead), "{query}: {refused}");
    }
    for word in ["south-korea", "-5", "- south", "south - korea", "at ~ -5"] {
        assert_eq!(ids(&indexes, &search(word)), ["1"], "{word}");
    }
}
