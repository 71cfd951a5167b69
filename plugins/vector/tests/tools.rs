//! The tools, called as a client does.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

use tandem_plugin_vector::Vector;
use tandem_sdk::prelude::*;
use tandem_sdk::testing;

fn call(tool: &str, arguments: Value) -> Value {
    testing::call::<Vector>(tool, &arguments).unwrap().value()
}

fn refused(tool: &str, arguments: Value) -> Error {
    testing::call::<Vector>(tool, &arguments).unwrap_err()
}

/// Four cities with made-up vectors.
fn cities(metric: &str) {
    call("vector_create", json!({ "collection": "cities", "dimensions": 2, "metric": metric }));
    let items = json!([
        { "id": "paris", "vector": [1.0, 0.0], "metadata": { "country": "fr", "people": 2.1, "tags": ["art", "food"] } },
        { "id": "lyon", "vector": [0.9, 0.1], "metadata": { "country": "fr", "people": 0.5, "tags": ["food"] } },
        { "id": "rome", "vector": [0.0, 2.0], "metadata": { "country": "it", "people": 2.8 } },
        { "id": "nowhere", "vector": [-1.0, -1.0] },
    ]);
    let added = call("vector_add", json!({ "collection": "cities", "items": items }));
    assert_eq!(added, json!({ "added": 4, "replaced": 0, "items": 4 }));
}

fn found(arguments: Value) -> Vec<String> {
    let mut all = json!({ "collection": "cities" });
    all.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
    let found = call("vector_search", all);
    found["matches"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_nearest_come_first_under_every_metric() {
    for (metric, order) in [
        ("cosine", ["paris", "lyon", "rome", "nowhere"]),
        ("l2", ["paris", "lyon", "nowhere", "rome"]),
        ("dot", ["paris", "lyon", "rome", "nowhere"]),
    ] {
        cities(metric);
        assert_eq!(found(json!({ "vector": [1.0, 0.0] })), order, "{metric}");
        call("vector_delete", json!({ "collection": "cities", "all": true }));
    }
}

#[test]
fn a_match_has_what_was_asked_for() {
    cities("l2");
    let search = json!({ "collection": "cities", "vector": [0.0, 0.0], "k": 1, "include_vectors": true });
    let found = call("vector_search", search);
    let nearest = &found["matches"][0];
    assert_eq!(nearest["id"], "lyon");
    assert_eq!(nearest["metadata"]["people"], 0.5);
    assert_eq!(nearest["vector"], json!([0.9, 0.1]));
    let distance = nearest["distance"].as_f64().unwrap();
    assert!((distance - 0.82f64.sqrt()).abs() < 1e-6, "{distance}");
    assert!((nearest["score"].as_f64().unwrap() - 1.0 / (1.0 + distance)).abs() < 1e-6);

    let bare = json!({ "collection": "cities", "vector": [0.0, 0.0], "k": 1, "include_metadata": false });
    let nearest = &call("vector_search", bare)["matches"][0];
    assert!(nearest.get("metadata").is_none() && nearest.get("vector").is_none());
}

#[test]
fn filters_leave_only_what_fits() {
    cities("cosine");
    let with = |filter: Value| found(json!({ "vector": [1.0, 0.0], "filter": filter }));
    assert_eq!(with(json!({ "eq": { "field": "country", "value": "fr" } })), ["paris", "lyon"]);
    assert_eq!(with(json!({ "in": { "field": "tags", "values": ["art"] } })), ["paris"]);
    assert_eq!(with(json!({ "not": { "exists": { "field": "country" } } })), ["nowhere"]);
    let big_or_italian = json!({ "or": [
        { "and": [{ "gt": { "field": "people", "value": 1 } }, { "eq": { "field": "country", "value": "fr" } }] },
        { "eq": { "field": "country", "value": "it" } },
    ] });
    assert_eq!(with(big_or_italian), ["paris", "rome"]);
}

#[test]
fn an_item_that_is_added_again_is_replaced() {
    cities("cosine");
    let again = json!([{ "id": "paris", "vector": [0.0, -1.0] }, { "id": "oslo", "vector": [0.5, 0.5] }]);
    let added = call("vector_add", json!({ "collection": "cities", "items": again }));
    assert_eq!(added, json!({ "added": 1, "replaced": 1, "items": 5 }));
    assert_eq!(found(json!({ "vector": [1.0, 0.0], "k": 1 })), ["lyon"]);
    let got = call("vector_get", json!({ "collection": "cities", "ids": ["paris", "atlantis"] }));
    assert_eq!(got, json!({ "items": [{ "id": "paris", "vector": [0.0, -1.0] }], "missing": ["atlantis"] }));
}

#[test]
fn items_and_collections_are_listed_in_pages() {
    cities("cosine");
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = call("vector_list", json!({ "collection": "cities", "limit": 3, "cursor": cursor }));
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        cursor = page.get("next_cursor").cloned().unwrap_or_default();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["lyon", "nowhere", "paris", "rome"]);
    let collection =
        json!({ "collection": "cities", "dimensions": 2, "metric": "cosine", "index": "exact", "items": 4 });
    assert_eq!(call("vector_list", json!({})), json!({ "collections": [collection] }));
}

#[test]
fn deletion_is_by_ids_by_filter_or_of_all() {
    cities("cosine");
    let delete = |what: Value| {
        let mut all = json!({ "collection": "cities" });
        all.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        call("vector_delete", all)
    };
    assert_eq!(delete(json!({ "ids": ["rome", "atlantis"] }))["deleted"], 1);
    assert_eq!(delete(json!({ "filter": { "lt": { "field": "people", "value": 1 } } }))["deleted"], 1);
    assert_eq!(found(json!({ "vector": [1.0, 0.0] })), ["paris", "nowhere"]);
    assert_eq!(delete(json!({ "all": true })), json!({ "deleted": 2, "collection_deleted": true }));
    let error = refused("vector_search", json!({ "collection": "cities", "vector": [1.0, 0.0] }));
    assert!(matches!(error, Error::NotFound(_)), "{error}");
}

#[test]
fn creating_again_is_harmless_and_changing_is_refused() {
    let create =
        |metric: &str| json!({ "collection": "c", "dimensions": 3, "metric": metric, "index": "hnsw", "m": 8 });
    assert_eq!(call("vector_create", create("dot"))["created"], true);
    assert_eq!(call("vector_create", create("dot"))["created"], false);
    assert!(matches!(refused("vector_create", create("l2")), Error::InvalidArguments(_)));
}

#[test]
fn bad_vectors_are_refused_by_name_and_nothing_is_added() {
    call("vector_create", json!({ "collection": "c", "dimensions": 2 }));
    let good = json!({ "id": "good", "vector": [1.0, 2.0] });
    let nested = (0..100).fold(json!(1), |inner, _| json!([inner]));
    for (bad, says) in [
        (json!({ "id": "bad", "vector": [1.0] }), "`bad` has 1 numbers; the collection has 2"),
        (json!({ "id": "bad", "vector": [0.0, 0.0] }), "`bad` is zero"),
        (json!({ "id": "bad", "vector": [1e20, 0.0] }), "number 0 of item `bad`"),
        (json!({ "id": "bad", "vector": [0.0, -1e16] }), "number 1 of item `bad`"),
        (json!({ "id": "", "vector": [1.0, 1.0] }), "item 1 has an id of 0 bytes"),
        (json!({ "id": "good", "vector": [1.0, 1.0] }), "`good` is given twice"),
        (json!({ "id": "bad", "vector": [1.0, 1.0], "metadata": { "t": "x".repeat(9000) } }), "bytes of metadata"),
        (json!({ "id": "bad", "vector": [1.0, 1.0], "metadata": { "t": nested } }), "`bad` nests JSON"),
    ] {
        let error = refused("vector_add", json!({ "collection": "c", "items": [good, bad] }));
        assert!(matches!(&error, Error::InvalidArguments(text) if text.contains(says)), "{error} should say {says}");
    }
    assert_eq!(call("vector_list", json!({ "collection": "c" }))["items"], json!([]));
}

#[test]
fn requests_beyond_the_bounds_are_refused() {
    call("vector_create", json!({ "collection": "c", "dimensions": 1000 }));
    let vector = vec![1.0; 1000];
    let too_many: Vec<Value> = (0..600).map(|n| json!({ "id": n.to_string(), "vector": vector })).collect();
    for (tool, arguments) in [
        ("vector_create", json!({ "collection": "d", "dimensions": 5000 })),
        ("vector_create", json!({ "collection": "a b", "dimensions": 5 })),
        ("vector_create", json!({ "collection": "d", "dimensions": 5, "index": "hnsw", "m": 1 })),
        ("vector_add", json!({ "collection": "c", "items": too_many })),
        ("vector_add", json!({ "collection": "c", "items": [] })),
        ("vector_search", json!({ "collection": "c", "vector": [1.0] })),
        ("vector_search", json!({ "collection": "c", "vector": vector, "k": 201 })),
        ("vector_search", json!({ "collection": "c", "vector": vector, "k": 0 })),
        ("vector_search", json!({ "collection": "c", "vector": vector, "ef": 0 })),
        ("vector_search", json!({ "collection": "c", "vector": vector, "k": 200, "include_vectors": true })),
        ("vector_list", json!({ "limit": 0 })),
        ("vector_delete", json!({ "collection": "c" })),
        ("vector_delete", json!({ "collection": "c", "all": true, "ids": [] })),
    ] {
        let error = refused(tool, arguments.clone());
        assert!(matches!(error, Error::InvalidArguments(_)), "{tool}: {error}");
    }
}
