//! CSV files that are not as usual.

use crate::space::{Space, rows, types};
use serde_json::{Value, json};
use tandem_plugin_dataset::{
    Result,
    call::Loaded,
    reader::{Dialect, ReadOptions},
};

fn load(space: &Space, path: &str, csv: Value) -> Result<Loaded> {
    let csv: Dialect = serde_json::from_value(csv).unwrap();
    space.call().load(path, ReadOptions { csv: Some(&csv), ..ReadOptions::default() }, None, None, None)
}

#[test]
fn header_names_delimiter_and_quote_are_as_the_caller_says() {
    let space = Space::with("a.txt", "1;'x;y'\n2;it''s\n");
    let csv = json!({ "header": false, "columns": ["n", "t"], "delimiter": ";", "quote": "'" });
    let loaded = load(&space, "data/a.txt", csv).unwrap();
    assert_eq!(rows(&loaded), json!([{ "n": 1, "t": "x;y" }, { "n": 2, "t": "it''s" }]));
    assert_eq!(loaded.total_rows, 2);
    let bare =
        load(&space, "data/a.txt", json!({ "header": false, "delimiter": ";", "quote": "" })).unwrap_err().to_string();
    assert!(bare.contains("the row has 2 cells where the header has 3"), "{bare}");
    let named =
        load(&space, "data/a.txt", json!({ "delimiter": ";", "quote": "'", "columns": ["first", "second"] })).unwrap();
    assert_eq!(rows(&named), json!([{ "first": 2, "second": "it''s" }]), "the first line is still the header");
    let unnamed = load(&space, "data/a.txt", json!({ "delimiter": ";", "quote": "'", "header": false })).unwrap();
    assert_eq!(types(&unnamed), ["column_1: int64", "column_2: string"]);
    for (csv, part) in [
        (json!({ "columns": ["a", "b"] }), "has 2 names"),
        (json!({ "delimiter": "ab" }), "one ASCII character"),
        (json!({ "delimiter": "€" }), "one ASCII character"),
        (json!({ "delimiter": "'", "quote": "'" }), "the same"),
    ] {
        let error = load(&space, "data/a.txt", csv).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    space.put("a.jsonl", "{}");
    assert!(load(&space, "data/a.jsonl", json!({})).unwrap_err().to_string().contains("csv and tsv"));
}

#[test]
fn words_for_nothing_leave_columns_of_numbers_numbers() {
    let space = Space::with("n.csv", "code,people,day,all\nNA,5,2024-01-31,NA\nFR,NA,N/A,NA\nDE,7,2024-02-01,\n");
    let loaded = space.load("data/n.csv").unwrap();
    assert_eq!(types(&loaded), ["code: string", "people: int64", "day: date", "all: string"]);
    assert_eq!(
        rows(&loaded),
        json!([
            { "code": "NA", "people": 5, "day": "2024-01-31", "all": "NA" },
            { "code": "FR", "people": null, "day": null, "all": "NA" },
            { "code": "DE", "people": 7, "day": "2024-02-01", "all": null },
        ])
    );
    let told: Vec<_> = loaded.columns.iter().map(|column| (column.nulls, column.null_words)).collect();
    assert_eq!(told, [(Some(0), None), (Some(1), Some(1)), (Some(1), Some(1)), (Some(1), None)]);
    let asked = load(&space, "data/n.csv", json!({ "nulls": ["FR", "NA"] })).unwrap();
    assert_eq!(rows(&asked)[0]["code"], Value::Null);
    assert_eq!(rows(&asked)[1]["code"], Value::Null);
    assert_eq!(types(&asked)[2], "day: string", "`N/A` was not asked for");
    let none = load(&space, "data/n.csv", json!({ "nulls": [] })).unwrap();
    assert_eq!(types(&none), ["code: string", "people: string", "day: string", "all: string"]);
    let typed = space.load_typed("data/n.csv", json!({ "people": "float64" })).unwrap();
    assert_eq!(rows(&typed)[1]["people"], Value::Null);
}

#[test]
fn encodings_are_read_as_what_they_are() {
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    let space = Space::with("l.csv", b"name,city\nMej\xeda,Bogot\xe1\n\x80,\x93q\x94\n");
    let one = |encoding: &str| rows(&load(&space, "data/l.csv", json!({ "encoding": encoding })).unwrap());
    assert_eq!(one("windows-1252"), json!([{ "name": "Mejía", "city": "Bogotá" }, { "name": "€", "city": "“q”" }]));
    assert_eq!(one("latin1")[0]["city"], "Bogotá");
    let told = space.load("data/l.csv").unwrap_err().to_string();
    assert!(told.contains("line 2") && told.contains("`encoding`"), "{told}");
    let long: String = (0..40_000).map(|i| format!("{i},日本😀{i}\n")).collect();
    for big in [false, true] {
        space.put("u.csv", utf16(&format!("n,t\n{long}"), big));
        let loaded = space.load("data/u.csv").unwrap();
        assert_eq!(loaded.total_rows, 40_000);
        assert_eq!(rows(&loaded)[99]["t"], "日本😀99");
        space.put("bad.csv", utf16("n,t\n1,x\n2\n", big));
        let error = space.load("data/bad.csv").unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        space.put("open.csv", utf16("n,t\n1,\"x\n", big));
        assert!(space.load("data/open.csv").unwrap_err().to_string().contains("never closed"));
    }
    space.put("half.csv", [0xff, 0xfe, b'a']);
    assert!(space.load("data/half.csv").unwrap_err().to_string().contains("UTF-16"));
}

#[test]
fn numbers_may_have_another_decimal_sign_and_groups() {
    let space = Space::with(
        "de.csv",
        "name;price;count;code;day\nA;1.234,50;1.000;1.5;2024-01-31\nB;-0,5;12;007;2024-02-01\nC;;1.234.567;x;\n",
    );
    let german = json!({ "delimiter": ";", "decimal": ",", "thousands": "." });
    let loaded = load(&space, "data/de.csv", german.clone()).unwrap();
    assert_eq!(types(&loaded), ["name: string", "price: float64", "count: int64", "code: string", "day: date"]);
    assert_eq!(
        rows(&loaded),
        json!([
            { "name": "A", "price": 1234.5, "count": 1000, "code": "1.5", "day": "2024-01-31" },
            { "name": "B", "price": -0.5, "count": 12, "code": "007", "day": "2024-02-01" },
            { "name": "C", "price": null, "count": 1_234_567, "code": "x", "day": null },
        ])
    );
    space.put("odd.csv", "n\n1.5\n");
    let odd = load(&space, "data/odd.csv", json!({ "decimal": ",", "thousands": "." })).unwrap();
    assert_eq!(types(&odd), ["n: string"], "a group has three digits: this is no number here, and no 15 either");
    for (csv, part) in [
        (json!({ "decimal": ".", "thousands": "." }), "the same"),
        (json!({ "thousands": "." }), "the same"),
        (json!({ "decimal": "ab" }), "one character"),
        (json!({ "decimal": "-" }), "one character"),
    ] {
        let error = load(&space, "data/odd.csv", csv).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_csv_file_is_written_as_the_caller_says() {
    let space = Space::with("a.jsonl", "{\"n\": 1, \"t\": \"x;y\"}\n{\"n\": null, \"t\": \"z\"}\n");
    let from = json!({ "path": "data/a.jsonl" });
    let save =
        |path: &str, csv: Value| space.save(from.clone(), json!({ "path": path, "overwrite": true, "csv": csv }));
    save("data/b.csv", json!({ "delimiter": ";", "null": "NA" })).unwrap();
    assert_eq!(space.text("b.csv"), "n;t\n1;\"x;y\"\nNA;z\n");
    save("data/b.tsv", json!({ "header": false })).unwrap();
    assert_eq!(space.text("b.tsv"), "1\tx;y\n\tz\n");
    for (path, csv, part) in [
        ("data/c.csv", json!({ "delimiter": "ab" }), "one ASCII character"),
        ("data/c.csv", json!({ "delimiter": "\"" }), "one ASCII character"),
        ("data/c.csv", json!({ "null": "z" }), "choose another"),
        ("data/c.csv", json!({ "null": "x".repeat(33) }), "at most 32 bytes"),
        ("data/c.parquet", json!({ "header": false }), "csv and tsv"),
    ] {
        let error = save(path, csv).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert!(!space.names().iter().any(|name| name.starts_with("c.")), "{:?}", space.names());
}
