//! Reading and writing: every format keeps values and types.

use crate::space::{Space, rows, types};
use serde_json::json;
use tandem_plugin_dataset::{page::Integers, reader::ReadOptions, types::DataType};

/// Every type, with nulls, extremes and text that needs quoting. JSON Lines writes it down most plainly.
const EVERYTHING: &str = r#"{"flag":true,"small":-9223372036854775808,"large":18446744073709551615,"real":0.1,"day":"2024-02-29","instant":"2024-02-29T23:59:59.123456789Z","local":"1969-12-31T23:59:59.500","text":"a \"quoted\", line\nand another","nested":{"a":[1,null,18446744073709551616]},"empty":null}
{"flag":false,"small":9223372036854775807,"large":0,"real":-1e300,"day":"0001-01-01","instant":"1677-09-22T00:00:00Z","local":"2262-04-11T23:47:16","text":"ü → 日本","nested":[],"empty":null}
{"flag":null,"small":null,"large":null,"real":null,"day":null,"instant":null,"local":null,"text":null,"nested":null,"empty":null}
{"flag":true,"small":0,"large":9223372036854775808,"real":"NaN","day":"9999-12-31","instant":"2024-01-01T00:00:00Z","local":"2024-01-01T00:00:00","text":" spaces ","nested":"text","empty":null}
"#;

const TYPES: [&str; 10] = [
    "flag: bool",
    "small: int64",
    "large: uint64",
    "real: float64",
    "day: date",
    "instant: timestamp",
    "local: datetime",
    "text: string",
    "nested: json",
    "empty: null",
];

#[test]
fn json_lines_keep_every_type_exactly() {
    let space = Space::with("all.jsonl", EVERYTHING);
    let loaded = space.load("data/all.jsonl").unwrap();
    assert_eq!(types(&loaded), TYPES);
    assert_eq!(loaded.total_rows, 4);
    assert_eq!(loaded.columns[3].nulls, Some(1));
    let texts: Vec<&str> = loaded.rows.iter().map(|row| row.0.get()).collect();
    let mut expected = EVERYTHING.to_owned();
    for wide in [
        "-9223372036854775808",
        "18446744073709551615",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
    ] {
        for end in [",", "]"] {
            expected = expected.replace(&format!(":{wide}{end}"), &format!(":\"{wide}\"{end}"));
            expected = expected.replace(&format!("null,{wide}{end}"), &format!("null,\"{wide}\"{end}"));
        }
    }
    assert_eq!(texts, expected.lines().collect::<Vec<_>>(), "strings where some reader would round");
}

#[test]
fn typed_formats_give_back_what_they_were_given() {
    for format in ["json", "parquet", "jsonl"] {
        let space = Space::with("all.jsonl", EVERYTHING);
        let name = format!("data/copy.{format}");
        let saved = space.convert("data/all.jsonl", &name).unwrap();
        assert_eq!(saved.rows, 4);
        space.convert(&name, "data/back.jsonl").unwrap();
        assert_eq!(space.text("back.jsonl"), EVERYTHING, "by way of {format}");
        let expected = if format == "parquet" { "empty: string" } else { "empty: null" };
        let mut wanted: Vec<&str> = TYPES.to_vec();
        wanted[9] = expected;
        assert_eq!(types(&space.load(&name).unwrap()), wanted, "by way of {format}");
    }
}

#[test]
fn csv_keeps_every_scalar() {
    let space = Space::with("all.jsonl", EVERYTHING);
    for name in ["data/copy.csv", "data/copy.tsv"] {
        space.convert("data/all.jsonl", name).unwrap();
        let (csv, json) = (space.load(name).unwrap(), space.load("data/all.jsonl").unwrap());
        let mut wanted: Vec<&str> = TYPES.to_vec();
        wanted[8] = "nested: string";
        assert_eq!(types(&csv), wanted, "a text format has no type for nested values");
        let (csv, json) = (rows(&csv), rows(&json));
        for at in 0..4 {
            for column in ["flag", "small", "large", "real", "day", "instant", "local", "text", "empty"] {
                assert_eq!(csv[at][column], json[at][column], "row {at}, column {column}");
            }
        }
    }
}

#[test]
fn what_a_type_would_change_stays_text() {
    let space = Space::with(
        "codes.csv",
        "zip,plus,zero,big,fine,offset,word\n\
         00501,+5,-0,123456789012345678901234567890,0.1234567890123456789,2024-01-01T00:00:00+02:00,NaN\n\
         10115,6,0,1,1.5,2024-01-01T00:00:00Z,x\n",
    );
    let loaded = space.load("data/codes.csv").unwrap();
    assert_eq!(
        types(&loaded),
        [
            "zip: string",
            "plus: string",
            "zero: string",
            "big: string",
            "fine: string",
            "offset: string",
            "word: string"
        ]
    );
    assert_eq!(rows(&loaded)[0]["zip"], "00501");
    assert_eq!(rows(&loaded)[0]["big"], "123456789012345678901234567890");
}

#[test]
fn numbers_keep_the_text_that_they_have_in_text_files() {
    let text = "version,code,price,tiny,mean,dot\n1.10,1E5,1,0.000012,1.2e-05,.5\n1.1,2e3,2.50,1e-7,3,5.\n";
    let space = Space::with("a.csv", text);
    let loaded = space.load("data/a.csv").unwrap();
    assert!(loaded.columns.iter().all(|column| column.data_type == DataType::Float64), "{:?}", loaded.columns);
    assert_eq!(rows(&loaded)[1]["price"], 2.5);
    space.convert("data/a.csv", "data/b.csv").unwrap();
    assert_eq!(space.text("b.csv"), text, "no cell changes");
    space.convert("data/a.csv", "data/c.jsonl").unwrap();
    let lines = space.text("c.jsonl");
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first, json!({ "version": 1.1, "code": 1e5, "price": 1.0, "tiny": 1.2e-5, "mean": 1.2e-5, "dot": 0.5 }));
    let sum = json!([{ "step": "group", "aggregates": [{ "function": "sum", "column": "price", "as": "sum" }] }]);
    assert_eq!(rows(&space.process("data/a.csv", sum).unwrap())[0]["sum"], 3.5);
    let same = json!([{ "step": "distinct", "columns": ["version"] }]);
    assert_eq!(rows(&space.process("data/a.csv", same).unwrap()).as_array().unwrap().len(), 1, "1.10 is 1.1");
}

#[test]
fn answers_hold_no_number_that_a_reader_would_round() {
    let space = Space::with(
        "n.jsonl",
        "{\"a\":12345678901234567890123,\"b\":9007199254740991,\"c\":[9007199254740992,{\"1e400\":1e400,\"t\":\"a\\\\\\\"9007199254740993\"}],\"d\":0.1234567890123456789}\n",
    );
    let loaded = space.load("data/n.jsonl").unwrap();
    assert_eq!(
        loaded.rows[0].0.get(),
        "{\"a\":\"12345678901234567890123\",\"b\":9007199254740991,\"c\":[\"9007199254740992\",{\"1e400\":\"1e400\",\"t\":\"a\\\\\\\"9007199254740993\"}],\"d\":\"0.1234567890123456789\"}"
    );
    space.convert("data/n.jsonl", "data/m.jsonl").unwrap();
    assert_eq!(space.text("m.jsonl"), space.text("n.jsonl"), "files keep numbers as numbers");
    let load = |integers| {
        let loaded = space.call().load("data/id.csv", ReadOptions::default(), None, None, integers).unwrap();
        rows(&loaded)[1]["id"].clone()
    };
    space.put("id.csv", "id\n1\n725653563933458433\n");
    assert_eq!(load(None), "725653563933458433");
    assert_eq!(load(Some(Integers::Numbers)), 725_653_563_933_458_433_u64);
    for value in [json!("725653563933458433"), json!(725_653_563_933_458_433_u64)] {
        for condition in [json!({ "op": "eq", "value": value }), json!({ "op": "in", "values": [value] })] {
            let mut condition = condition;
            condition["column"] = "id".into();
            let kept = space.process("data/id.csv", json!([{ "step": "filter", "where": condition }])).unwrap();
            assert_eq!(rows(&kept), json!([{ "id": "725653563933458433" }]), "{value}");
        }
    }
    for wrong in ["7e2", "seven", "12345678901234567890123", "1.0", ""] {
        let condition = json!({ "op": "eq", "column": "id", "value": wrong });
        let refused = space.process("data/id.csv", json!([{ "step": "filter", "where": condition }])).unwrap_err();
        assert!(refused.to_string().contains("`id`"), "{wrong}: {refused}");
    }
}

#[test]
fn integers_among_floats_become_floats_only_where_that_is_exact() {
    let space = Space::with("n.csv", "a,b\n1,9007199254740993\n2.5,0.5\n");
    assert_eq!(types(&space.load("data/n.csv").unwrap()), ["a: float64", "b: string"]);
}

#[test]
fn given_types_win() {
    let space = Space::with("t.csv", "code,when\n007,2024-01-01T00:00:00+02:00\n8,2024-06-01T12:00:00Z\n");
    let loaded = space.load_typed("data/t.csv", json!({ "code": "int64", "when": "timestamp" })).unwrap();
    assert_eq!(
        rows(&loaded),
        json!([
            { "code": 7, "when": "2023-12-31T22:00:00Z" },
            { "code": 8, "when": "2024-06-01T12:00:00Z" },
        ])
    );
}

#[test]
fn csv_with_all_its_quirks() {
    let space = Space::with("q.csv", "\u{FEFF}a,,c\r\n1,\"x, \"\"y\"\"\r\nz\",\r\n\r\n2,5\" pipe,\"\"\r\n");
    let loaded = space.load("data/q.csv").unwrap();
    assert_eq!(
        rows(&loaded),
        json!([
            { "a": 1, "column_2": "x, \"y\"\r\nz", "c": null },
            { "a": 2, "column_2": "5\" pipe", "c": null },
        ])
    );
    let space = Space::with("one.jsonl", "{\"a\":null}\n{\"a\":1}\n{\"a\":null}\n");
    space.convert("data/one.jsonl", "data/one.csv").unwrap();
    assert_eq!(space.load("data/one.csv").unwrap().total_rows, 3, "a row of one null is not an empty line");
}

#[test]
fn json_rows_may_lack_keys_and_bring_new_ones() {
    let space = Space::with("k.json", "[{\"a\":1},\n {\"b\":\"x\\u0041\\n\", \"a\":2.5},\n {}]\n");
    let loaded = space.load("data/k.json").unwrap();
    assert_eq!(types(&loaded), ["a: float64", "b: string"]);
    assert_eq!(loaded.columns[1].nulls, Some(2));
    assert_eq!(rows(&loaded), json!([{ "a": 1.0, "b": null }, { "a": 2.5, "b": "xA\n" }, { "a": null, "b": null }]));
    let mixed = Space::with("m.json", "[{\"v\":1},{\"v\":\"one\"},{\"v\":true}]");
    mixed.convert("data/m.json", "data/m.parquet").unwrap();
    assert_eq!(rows(&mixed.load("data/m.parquet").unwrap()), json!([{ "v": 1 }, { "v": "one" }, { "v": true }]));
}

#[test]
fn the_format_is_told_by_content_where_the_name_does_not() {
    let space = Space::with("a.txt", "x,y\n1,2\n");
    space.put("b.txt", "{\"x\":1}\n");
    space.put("c.txt", "  [{\"x\":1}]");
    space.put("d.txt", "nothing to see");
    let format = |name: &str| serde_json::to_value(space.load(name).unwrap().format).unwrap();
    assert_eq!(format("data/a.txt"), "csv");
    assert_eq!(format("data/b.txt"), "jsonl");
    assert_eq!(format("data/c.txt"), "json");
    assert!(space.load("data/d.txt").unwrap_err().to_string().contains("give `format`"));
}

#[test]
fn empty_tables_stay_tables() {
    let space = Space::with("head.csv", "a,b\n");
    for name in ["data/e.parquet", "data/e.json", "data/e.jsonl", "data/e.csv"] {
        assert_eq!(space.convert("data/head.csv", name).unwrap().rows, 0);
        assert_eq!(space.load(name).unwrap().total_rows, 0, "{name}");
    }
    assert_eq!(types(&space.load("data/e.parquet").unwrap()), ["a: string", "b: string"]);
}

#[test]
fn parquet_of_many_row_groups() {
    let space = Space::new();
    let lines: String = (0..300_000).map(|n| format!("{n},name {n},{}\n", f64::from(n) / 4.0)).collect();
    space.put("many.csv", format!("id,name,value\n{lines}"));
    space.convert("data/many.csv", "data/many.parquet").unwrap();
    let options = ReadOptions::default();
    let page = space.call().load("data/many.parquet", options, Some(299_998), Some(5), None).unwrap();
    assert_eq!(page.total_rows, 300_000);
    assert_eq!(page.columns[1].nulls, Some(0));
    assert_eq!(
        rows(&page),
        json!([
            { "id": 299_998, "name": "name 299998", "value": 74_999.5 },
            { "id": 299_999, "name": "name 299999", "value": 74_999.75 },
        ])
    );
    space.convert("data/many.parquet", "data/back.csv").unwrap();
    let back = space.text("back.csv").replace(".0\n", "\n");
    assert!(back == space.text("many.csv"), "the way back gives the same file");
}

#[test]
fn columns_are_picked_in_the_order_they_are_named() {
    let space = Space::with("abc.csv", "a,b,c\n1,2,3\n");
    space.convert("data/abc.csv", "data/abc.parquet").unwrap();
    let names = ["c".to_owned(), "a".to_owned()];
    for path in ["data/abc.csv", "data/abc.parquet"] {
        let options = ReadOptions { columns: Some(&names), ..ReadOptions::default() };
        let loaded = space.call().load(path, options, None, None, None).unwrap();
        assert_eq!(loaded.rows[0].0.get(), r#"{"c":3,"a":1}"#);
    }
}

#[test]
fn pages_follow_each_other() {
    let space = Space::with("n.csv", format!("n\n{}", (0..25).map(|n| format!("{n}\n")).collect::<String>()));
    let (mut offset, mut seen) = (Some(0), Vec::new());
    while let Some(at) = offset {
        let page = space.call().load("data/n.csv", ReadOptions::default(), Some(at), Some(10), None).unwrap();
        assert_eq!(page.truncated, page.next_offset.is_some());
        seen.extend(rows(&page).as_array().unwrap().iter().map(|row| row["n"].as_u64().unwrap()));
        offset = page.next_offset;
    }
    assert_eq!(seen, (0..25).collect::<Vec<u64>>());
}

#[test]
fn a_page_ends_at_its_byte_bound_and_says_so() {
    let wide = "x".repeat(300_000);
    let space = Space::with("w.csv", format!("t\n{wide}\n{wide}\n{wide}\n{wide}\n{wide}\n"));
    let page = space.load("data/w.csv").unwrap();
    assert_eq!((page.rows.len(), page.truncated, page.next_offset), (3, true, Some(3)));
    let space = Space::with("w.csv", format!("t\n{}\n", "x".repeat(2 << 20)));
    let error = space.load("data/w.csv").unwrap_err().to_string();
    assert!(error.contains("1024 KiB"), "{error}");
}
