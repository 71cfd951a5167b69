//! The tools, called as a client does.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

use tandem_plugin_search::Search;
use tandem_sdk::prelude::*;
use tandem_sdk::testing;

fn call(tool: &str, arguments: Value) -> Value {
    testing::call::<Search>(tool, &arguments).unwrap().value()
}

fn refused(tool: &str, arguments: Value) -> Error {
    testing::call::<Search>(tool, &arguments).unwrap_err()
}

/// Five books.
fn books() {
    let fields = json!([
        { "name": "title", "type": "text", "language": "english" },
        { "name": "about", "type": "text", "language": "english" },
        { "name": "genre", "type": "keyword" },
        { "name": "year", "type": "number" },
        { "name": "isbn", "type": "stored" },
    ]);
    assert_eq!(call("search_create", json!({ "index": "books", "fields": fields }))["created"], true);
    let book = |id: &str, title: &str, about: &str, genre: Value, year: u32| json!({ "id": id, "fields": { "title": title, "about": about, "genre": genre, "year": year, "isbn": [1, 2] } });
    let documents = json!([
        book("whale", "Moby-Dick", "A captain hunts a white whale over all oceans.", json!("novel"), 1851),
        book("sea", "Twenty Thousand Leagues", "A captain and his submarine hunting under the seas.", json!(["novel", "science"]), 1870),
        book("origin", "On the Origin of Species", "Natural selection explains the living.", json!("science"), 1859),
        book("hunter", "The Hunter's Handbook", "Hunts for beginners.", json!("guide"), 1900),
        { "id": "empty", "fields": {} },
    ]);
    let indexed = call("search_index", json!({ "index": "books", "documents": documents }));
    assert_eq!(indexed, json!({ "added": 5, "replaced": 0, "documents": 5 }));
}

fn query(arguments: Value) -> Value {
    let mut all = json!({ "index": "books" });
    all.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
    call("search_query", all)
}

fn ids(found: &Value) -> Vec<&str> {
    found["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap()).collect()
}

#[test]
fn words_match_by_their_stem_and_rank_by_rarity_and_length() {
    books();
    assert_eq!(ids(&query(json!({ "query": "hunt" }))), ["hunter", "sea", "whale"]);
    assert_eq!(ids(&query(json!({ "query": "hunt whales" }))), ["whale", "hunter", "sea"]);
    assert_eq!(ids(&query(json!({ "query": "captains hunting", "match": "all" }))), ["sea", "whale"]);
    assert_eq!(query(json!({ "query": "dragon" })), json!({ "hits": [], "total": 0, "facets": [] }));
}

#[test]
fn phrases_and_fields_are_what_they_say() {
    books();
    assert_eq!(ids(&query(json!({ "query": "\"white whale\"" }))), ["whale"]);
    assert_eq!(ids(&query(json!({ "query": "\"whale white\"" }))), [""; 0], "in another order it is another phrase");
    assert_eq!(
        ids(&query(json!({ "query": "\u{201c}captains hunt\u{201d}" }))),
        ["whale"],
        "words of a phrase are stems too"
    );
    assert_eq!(ids(&query(json!({ "query": "handbook \"a captain\"" }))), ["whale", "sea"], "a phrase has to be there");
    assert_eq!(ids(&query(json!({ "query": "title:hunter" }))), ["hunter"]);
    assert_eq!(ids(&query(json!({ "query": "title:\"origin of species\" captain" }))), ["origin"]);
    assert_eq!(ids(&query(json!({ "query": "about:\"origin of species\"" }))), [""; 0]);
    assert_eq!(ids(&query(json!({ "query": "title:spec*" }))), ["origin"]);
    assert_eq!(ids(&query(json!({ "query": "captain 12:30 note: \"" }))), ["sea", "whale"]);
    for (query, part) in [("titel:hunter", "its text fields are `title`, `about`"), ("genre:novel", "use `filter`")] {
        let error = refused("search_query", json!({ "index": "books", "query": query }));
        assert!(matches!(&error, Error::InvalidArguments(message) if message.contains(part)), "{error}");
    }
    let other =
        refused("search_query", json!({ "index": "books", "query": "title:a", "fields": [{ "name": "about" }] }));
    assert!(other.to_string().contains("`title:`"), "{other}");
}

#[test]
fn accents_are_folded_where_the_field_says_so() {
    let fields =
        json!([{ "name": "exact", "type": "text" }, { "name": "loose", "type": "text_folded", "language": "spanish" }]);
    call("search_create", json!({ "index": "books", "fields": fields }));
    let documents = json!([{ "id": "a", "fields": { "exact": "Bogotá", "loose": "Bogotá y Straße" } }]);
    call("search_index", json!({ "index": "books", "documents": documents }));
    assert_eq!(ids(&query(json!({ "query": "exact:bogota" }))), [""; 0]);
    for found in ["loose:bogota", "loose:BOGOTÁ", "exact:bogotá", "STRASSE", "loose:\"bogota y strasse\""] {
        assert_eq!(ids(&query(json!({ "query": found }))), ["a"], "{found}");
    }
}

#[test]
fn a_prefix_stands_for_all_words_that_begin_so() {
    books();
    assert_eq!(ids(&query(json!({ "query": "subm*" }))), ["sea"]);
    let mut found = ids(&query(json!({ "query": "s*" }))).into_iter().map(str::to_owned).collect::<Vec<_>>();
    found.sort();
    assert_eq!(found, ["origin", "sea"]);
    for (query, remedy) in
        [("*marine", "as `marine*`"), ("sub*ine", "as `ine*`"), ("whale title:*marine", "as `marine*`")]
    {
        let error = refused("search_query", json!({ "index": "books", "query": query }));
        assert!(matches!(&error, Error::InvalidArguments(text) if text.contains(remedy)), "{query}: {error}");
    }
    assert_eq!(ids(&query(json!({ "query": "\"white *whale\"" }))), ["whale"], "in quotes it is no sign");
    assert_eq!(ids(&query(json!({ "query": "subm* * captain" })))[0], "sea", "nor is it by itself");
}

#[test]
fn fields_can_be_chosen_and_boosted() {
    books();
    let title_only = query(json!({ "query": "hunter species", "fields": [{ "name": "title" }] }));
    assert_eq!(title_only["total"], 2);
    let boosted = |boost: f64| {
        let fields = json!([{ "name": "title", "boost": boost }, { "name": "about" }]);
        query(json!({ "query": "origin whale", "fields": fields }))
    };
    assert_eq!(ids(&boosted(0.01))[0], "whale");
    assert_eq!(ids(&boosted(100.0))[0], "origin");
}

#[test]
fn filters_and_facets_go_by_keywords_and_numbers() {
    books();
    let found = query(json!({
        "filter": { "op": "and", "args": [{ "op": "gte", "field": "year", "value": 1851 }, { "lt": { "field": "year", "value": 1900 } }] },
        "facets": ["genre"],
    }));
    assert_eq!(found["total"], 3);
    let values = json!([{ "value": "novel", "count": 2 }, { "value": "science", "count": 2 }]);
    assert_eq!(found["facets"], json!([{ "field": "genre", "values": values, "others": 0 }]));
    let novels = query(json!({ "query": "captain", "filter": { "eq": { "field": "genre", "value": "science" } } }));
    assert_eq!(ids(&novels), ["sea"]);
    let undated = query(json!({ "filter": { "not": { "exists": { "field": "year" } } } }));
    assert_eq!(ids(&undated), ["empty"]);
    let one = query(json!({ "facets": ["genre"], "facet_size": 1 }));
    assert_eq!(one["facets"][0]["others"], 2);
}

#[test]
fn highlights_mark_the_words_that_matched() {
    books();
    let found = query(json!({ "query": "hunt seas", "highlight": true, "limit": 1, "return_fields": ["year"] }));
    let hit = &found["hits"][0];
    assert_eq!(hit["fields"], json!({ "year": 1870 }));
    assert_eq!(
        hit["highlights"],
        json!({ "about": ["A captain and his submarine <em>hunting</em> under the <em>seas</em>."] })
    );
}

#[test]
fn a_document_that_is_indexed_again_is_replaced_and_a_deleted_one_is_gone() {
    books();
    let again = json!([{ "id": "whale", "fields": { "about": "Now about dragons." } }]);
    let indexed = call("search_index", json!({ "index": "books", "documents": again }));
    assert_eq!(indexed, json!({ "added": 0, "replaced": 1, "documents": 5 }));
    assert_eq!(ids(&query(json!({ "query": "whale" }))), [""; 0]);
    assert_eq!(ids(&query(json!({ "query": "dragon" }))), ["whale"]);
    let deleted = call("search_delete", json!({ "index": "books", "ids": ["whale", "unknown"] }));
    assert_eq!(deleted, json!({ "deleted": 1, "index_deleted": false }));
    assert_eq!(query(json!({ "query": "dragon" }))["total"], 0);
    assert_eq!(call("search_list", json!({}))["indexes"][0]["documents"], 4);
    let deleted = call("search_delete", json!({ "index": "books", "all": true }));
    assert_eq!(deleted, json!({ "deleted": 4, "index_deleted": true }));
    assert!(matches!(refused("search_query", json!({ "index": "books" })), Error::NotFound(_)));
}

#[test]
fn documents_that_do_not_fit_are_refused_by_name_and_nothing_is_added() {
    books();
    let good = json!({ "id": "good", "fields": { "title": "Good" } });
    for (bad, says) in [
        (json!({ "id": "bad", "fields": { "titel": "x" } }), "`bad` has the field `titel`"),
        (json!({ "id": "bad", "fields": { "year": "1900" } }), "`year` of document `bad` has to be a number"),
        (json!({ "id": "bad", "fields": { "genre": 1 } }), "`genre` of document `bad` has to be a text"),
        (json!({ "id": "bad", "fields": { "title": ["a", 1] } }), "`title` of document `bad`"),
        (json!({ "id": "bad", "fields": { "genre": "x".repeat(600) } }), "use a text field"),
        (json!({ "id": "bad", "fields": { "about": "x".repeat(300_000) } }), "`bad` has 300012 bytes"),
        (json!({ "id": "good", "fields": {} }), "`good` is given twice"),
        (json!({ "id": "", "fields": {} }), "document 1 has an id of 0 bytes"),
    ] {
        let error = refused("search_index", json!({ "index": "books", "documents": [good, bad] }));
        assert!(matches!(&error, Error::InvalidArguments(text) if text.contains(says)), "{error} should say {says}");
    }
    assert_eq!(query(json!({ "query": "good" }))["total"], 0);
}

#[test]
fn queries_beyond_the_bounds_are_refused() {
    books();
    let deep = (0..20).fold(json!({ "exists": { "field": "year" } }), |inner, _| json!({ "not": inner }));
    for (arguments, says) in [
        (json!({ "query": "!?" }), "0 words"),
        (json!({ "query": "w ".repeat(33) }), "33 words"),
        (json!({ "query": "x".repeat(5000) }), "5000 bytes"),
        (json!({ "query": "a", "fields": [{ "name": "genre" }] }), "`genre` is a keyword field"),
        (json!({ "query": "a", "fields": [{ "name": "titel" }] }), "no field `titel`; it has `title`"),
        (json!({ "query": "a", "fields": [{ "name": "title", "boost": -1 }] }), "boost"),
        (json!({ "filter": { "eq": { "field": "title", "value": "a" } } }), "a filtered field has to be"),
        (json!({ "filter": deep }), "too large"),
        (json!({ "facets": ["year"] }), "a facet has to be"),
        (json!({ "facets": vec!["genre"; 9] }), "facets"),
        (json!({ "limit": 101 }), "limit"),
        (json!({ "offset": 10_001 }), "offset"),
        (json!({ "return_fields": ["nope"] }), "no field `nope`"),
    ] {
        let mut all = json!({ "index": "books" });
        all.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        let error = refused("search_query", all);
        assert!(matches!(&error, Error::InvalidArguments(text) if text.contains(says)), "{error} should say {says}");
    }
}

#[test]
fn an_index_is_checked_when_it_is_made() {
    let text = json!({ "name": "t", "type": "text" });
    for (fields, k1) in [
        (json!([]), 1.2),
        (json!([text, text]), 1.2),
        (json!([{ "name": "", "type": "text" }]), 1.2),
        (json!([{ "name": "k", "type": "keyword", "language": "english" }]), 1.2),
        (json!([text]), 11.0),
    ] {
        let error = refused("search_create", json!({ "index": "i", "fields": fields, "k1": k1 }));
        assert!(matches!(error, Error::InvalidArguments(_)), "{error}");
    }
    let create = |b: f32| json!({ "index": "i", "fields": [text], "b": b });
    assert_eq!(call("search_create", create(0.5))["created"], true);
    assert_eq!(call("search_create", create(0.5))["created"], false);
    assert!(matches!(refused("search_create", create(0.6)), Error::InvalidArguments(_)));
}
