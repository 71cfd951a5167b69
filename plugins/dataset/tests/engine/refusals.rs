//! Bad input: a typed error that names the place, and nothing left behind.

use std::cell::Cell;

use crate::space::Space;
use serde_json::json;
use tandem_plugin_dataset::{Error, meter::Watch, reader::ReadOptions};

fn bad(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = format!("data/{name}");
    let error = Space::with(name, content).load(&path).unwrap_err();
    assert!(matches!(error, Error::BadRow { .. } | Error::Format { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn bad_csv_rows_are_named_by_line() {
    let ragged = bad("r.csv", "a,b,c\n1,2,3\n\n4,5\n");
    assert_eq!(ragged, "data/r.csv, line 4, column `b`: the row has 2 cells where the header has 3");
    let windows = bad("r.csv", "a,b\r\n1,2\r\n\"x\r\ny\",2\r\n1,2,3\r\n");
    assert!(windows.starts_with("data/r.csv, line 5, column `b`"), "{windows}");
    let open = bad("r.csv", "a,b\n1,2\n3,\"never closed\n5,6\n");
    assert!(open.starts_with("data/r.csv, line 3: a quote is opened"), "{open}");
    let latin = bad("r.csv", b"a,b\n1,ok\n2,caf\xE9\n");
    assert!(latin.starts_with("data/r.csv, line 3, column `b`: the cell is not UTF-8"), "{latin}");
    assert!(bad("r.csv", "").contains("the file is empty"));
}

#[test]
fn a_cell_that_is_not_of_its_given_type_is_named() {
    let space = Space::with("t.csv", "id,age\n1,30\n2,old\n");
    let error = space.load_typed("data/t.csv", json!({ "age": "int64" })).unwrap_err().to_string();
    assert_eq!(error, "data/t.csv, line 3, column `age`: `old` is not of type int64");
    space.put("t.jsonl", "{\"age\":30}\n{\"age\":3.5}\n");
    let error = space.load_typed("data/t.jsonl", json!({ "age": "int64" })).unwrap_err().to_string();
    assert_eq!(error, "data/t.jsonl, line 2, column `age`: `3.5` is not of type int64");
    space.put("n.csv", "price,day\n\"1,200.50\",03.01.2026\n");
    for (column, wanted, as_usual, remedy) in [
        ("price", "float64", "`1234.5`", "`decimal` and `thousands`"),
        ("day", "date", "`2024-01-31`", "`cast` in a map step"),
    ] {
        let error = space.load_typed("data/n.csv", json!({ column: wanted })).unwrap_err().to_string();
        assert!(error.contains(as_usual) && error.contains(remedy), "{error}");
    }
    let error = space.load_typed("data/t.jsonl", json!({ "agee": "int64" })).unwrap_err().to_string();
    assert!(error.contains("`agee`, which is no column"), "{error}");
}

#[test]
fn bad_json_is_named_by_line() {
    assert!(bad("j.jsonl", "{\"a\":1}\n{\"a\":}\n").starts_with("data/j.jsonl, line 2: column 6: expected value"));
    assert!(bad("j.jsonl", "{\"a\":1}\n[1]\n").contains("line 2"));
    assert!(bad("j.jsonl", "{\"a\":1,\"a\":2}\n").contains("the key `a` is there twice"));
    assert!(bad("j.json", "[{\"a\":1},\n{\"a\":2}\n").contains("the file ends inside the array"));
    assert!(bad("j.json", "[{\"a\":1},\n\n 7]").starts_with("data/j.json, line 3: expected an object"));
    assert!(bad("j.json", "[{\"a\":1}] x").contains("more text after the end"));
    assert!(bad("j.json", "{\"a\":1}").contains("use the format jsonl"));
    assert!(bad("j.json", "[{\"a\":\"\n").contains("the file ends inside this row"));
    assert!(bad("j.json", "[{\"a\":[1}]").contains("data/j.json, line 1"));
}

#[test]
fn damaged_parquet_is_an_error() {
    let space = Space::with("a.csv", "n,t\n1,x\n2,y\n");
    space.convert("data/a.csv", "data/a.parquet").unwrap();
    let good = std::fs::read(space.at("a.parquet")).unwrap();
    for end in [0, 4, 11, good.len() / 2, good.len() - 1] {
        space.put("cut.parquet", &good[..end]);
        let error = space.load("data/cut.parquet").unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "cut at {end}: {error:?}");
    }
    space.put("fake.parquet", "id,name\n1,x\n");
    assert!(space.load("data/fake.parquet").unwrap_err().to_string().starts_with("data/fake.parquet: "));
}

#[test]
fn rows_beyond_their_bound_are_refused() {
    let long = "x".repeat(5 << 20);
    assert!(bad("l.csv", format!("a,b\n1,\"{long}\n")).contains("longer than 4 MiB"));
    assert!(bad("l.jsonl", format!("{{\"a\":\"{long}\"}}\n")).contains("longer than 4 MiB"));
    assert!(bad("l.json", format!("[{{\"a\":\"{long}\"}}]")).contains("longer than 4 MiB"));
    let header: Vec<String> = (0..1_001).map(|n| format!("c{n}")).collect();
    let space = Space::with("wide.csv", header.join(","));
    assert!(space.load("data/wide.csv").unwrap_err().to_string().contains("at most 1000 columns"));
}

#[test]
fn paths_outside_the_grant_are_denied() {
    let space = Space::with("a.csv", "n\n1\n");
    std::fs::write(space.root.path().join("secret.csv"), "n\n1\n").unwrap();
    for path in ["secret.csv", "data/../secret.csv", "/etc/passwd", "../data/a.csv", "other/a.csv", "."] {
        let error = space.load(path).unwrap_err();
        assert!(
            matches!(&error, Error::Denied(message) if message.contains("begin the path with `data/`")),
            "{path}: {error:?}"
        );
        assert!(
            matches!(space.convert("data/a.csv", path).unwrap_err(), Error::Denied(_) | Error::Invalid(_)),
            "{path}"
        );
    }
    assert_eq!(space.load("/data/a.csv").unwrap().total_rows, 1, "a leading slash is harmless");
    let missing = space.load("data/b.csv").unwrap_err();
    assert_eq!(missing.to_string(), "there is no `data/b.csv` (granted: data); beside it: a.csv");
    assert!(matches!(space.load("data/none/b.csv").unwrap_err(), Error::NotFound(_)));
}

#[test]
fn existing_files_are_kept_unless_told_otherwise() {
    let space = Space::with("a.csv", "n\n1\n");
    space.put("b.csv", "kept\n1\n");
    let error = space.convert("data/a.csv", "data/b.csv").unwrap_err();
    assert!(error.to_string().contains("set `overwrite`"), "{error}");
    assert_eq!(space.text("b.csv"), "kept\n1\n");
    space.save(json!({ "path": "data/a.csv" }), json!({ "path": "data/b.csv", "overwrite": true })).unwrap();
    assert_eq!(space.text("b.csv"), "n\n1\n");
    space.save(json!({ "path": "data/b.csv" }), json!({ "path": "data/b.csv", "overwrite": true })).unwrap();
    assert_eq!(space.text("b.csv"), "n\n1\n", "a file may replace itself");
    assert_eq!(space.names(), ["a.csv", "b.csv"]);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let space =
        Space::with("a.jsonl", "{\"t\":\"2024-01-01T00:00:00Z\"}\n{\"t\":\"9999-01-01T00:00:00.000000001Z\"}\n");
    let error = space.convert("data/a.jsonl", "data/b.parquet").unwrap_err();
    assert!(error.to_string().contains("column `t`: a timestamp is beyond what parquet holds"), "{error}");
    assert_eq!(space.names(), ["a.jsonl"]);
    let steps = json!([{ "step": "map", "column": "x", "expr": { "op": "cast", "type": "int64", "args": [{ "op": "column", "name": "t" }] } }]);
    let output = json!({ "path": "data/c.csv" });
    assert!(space.run(json!({ "path": "data/a.jsonl", "steps": steps, "output": output })).is_err());
    assert_eq!(space.names(), ["a.jsonl"]);
}

struct Impatient {
    asked: Cell<u32>,
    told: Cell<u64>,
}

impl Watch for Impatient {
    fn cancelled(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.asked.get() > 40
    }

    fn progress(&self, done: u64, total: u64) {
        assert!(done > self.told.get() && done <= total, "{done} of {total} after {}", self.told.get());
        self.told.set(done);
    }
}

#[test]
fn a_cancelled_call_stops_and_told_how_far_it_was() {
    let space = Space::with("many.csv", format!("n,t\n{}", "1,some text that makes rows longer\n".repeat(100_000)));
    let watch = Impatient { asked: Cell::new(0), told: Cell::new(0) };
    let error = space.watched(&watch).load("data/many.csv", ReadOptions::default(), None, None, None).unwrap_err();
    assert!(matches!(error, Error::Cancelled));
    assert!(watch.told.get() > 0);
    assert_eq!(watch.asked.get(), 41, "it stops at the first batch after the cancellation");
}
