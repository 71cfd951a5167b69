//! Files beyond the guest's memory: the process never holds much more than a batch.
//!
//! One test, in a program of its own: what is measured is the peak memory of the whole process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]
#![cfg(target_os = "linux")]

#[path = "engine/space.rs"]
mod space;

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
};

use serde_json::json;
use space::{Space, rows};
use tandem_plugin_dataset::reader::ReadOptions;

/// The plugin's limit; the file is larger.
const GUEST_MEMORY: u64 = 64 << 20;

/// The most memory that this process ever had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn a_file_larger_than_the_memory_limit_streams() {
    let space = Space::new();
    let mut file = BufWriter::new(File::create(space.at("large.csv")).unwrap());
    file.write_all(b"id,group,value,text\n").unwrap();
    const ROWS: u64 = 1_000_000;
    for n in 0..ROWS {
        writeln!(
            file,
            "{n},g{},{}.25,a text of some length that makes the file as large as it must be {n}",
            n % 100,
            n % 1000
        )
        .unwrap();
    }
    drop(file);
    let bytes = fs::metadata(space.at("large.csv")).unwrap().len();
    assert!(bytes > GUEST_MEMORY + (16 << 20), "{bytes}");
    let before = peak();

    let page = space.call().load("data/large.csv", ReadOptions::default(), Some(ROWS - 1), None, None).unwrap();
    assert_eq!(rows(&page)[0]["id"], ROWS - 1);

    let steps = json!([
        { "step": "filter", "where": { "op": "lt", "column": "value", "value": 500 } },
        { "step": "map", "column": "twice", "expr": { "op": "mul", "args": [{ "op": "column", "name": "value" }, { "op": "value", "value": 2 }] } },
        { "step": "group", "by": ["group"], "aggregates": [{ "function": "count" }, { "function": "max", "column": "twice" }] },
        { "step": "sort", "by": [{ "column": "group" }] },
        { "step": "limit", "count": 1 },
    ]);
    let grouped = space.process("data/large.csv", steps).unwrap();
    assert_eq!(rows(&grouped), json!([{ "group": "g0", "count": 5_000, "max_twice": 800.5 }]));

    space.convert("data/large.csv", "data/large.parquet").unwrap();
    space.convert("data/large.parquet", "data/large.jsonl").unwrap();
    let description = space.call().describe("data/large.jsonl", ReadOptions::default()).unwrap();
    assert_eq!(description.rows, ROWS);
    assert_eq!(description.columns[0].max, Some(json!(ROWS - 1)));
    assert_eq!(description.columns[0].mean, Some((ROWS - 1) as f64 / 2.0));

    let grown = peak() - before;
    assert!(grown < GUEST_MEMORY * 3 / 4, "reading {bytes} bytes took {} MiB", grown >> 20);
}
