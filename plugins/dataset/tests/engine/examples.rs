//! The data that is shipped: it can be read, and both forms of it are the same.

use std::path::Path;

use crate::space::{rows, types};
use serde_json::json;
use tandem_plugin_dataset::{call::Call, files::Files, meter::Unwatched, reader::ReadOptions};

fn shipped() -> Files {
    Files::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples"), ["data".to_owned()])
}

#[test]
fn elements_are_the_same_in_csv_and_parquet() {
    let files = shipped();
    let load = |path| Call::new(&files, &Unwatched).load(path, ReadOptions::default(), None, Some(200), None).unwrap();
    let (csv, parquet) = (load("data/elements.csv"), load("data/elements.parquet"));
    assert_eq!(csv.total_rows, 118);
    assert_eq!(types(&csv), types(&parquet));
    assert_eq!(csv.columns, parquet.columns);
    assert_eq!(rows(&csv), rows(&parquet));
    assert_eq!(rows(&csv)[78]["symbol"], "Au");
}

#[test]
fn countries_join_their_continents() {
    let files = shipped();
    let steps = json!([
        { "step": "filter", "where": { "op": "eq", "column": "landlocked", "value": true } },
        { "step": "join", "with": { "path": "data/continents.jsonl" }, "on": [{ "left": "continent", "right": "code" }], "suffix": "_of_continent" },
        { "step": "group", "by": ["name_of_continent"], "aggregates": [{ "function": "count", "as": "landlocked" }] },
        { "step": "sort", "by": [{ "column": "landlocked", "descending": true }, { "column": "name_of_continent" }] },
    ]);
    let process = json!({ "path": "data/countries.csv", "steps": steps });
    let result = Call::new(&files, &Unwatched).process(serde_json::from_value(process).unwrap()).unwrap();
    assert_eq!(
        rows(&result),
        json!([
            { "name_of_continent": "Africa", "landlocked": 5 },
            { "name_of_continent": "Europe", "landlocked": 5 },
            { "name_of_continent": "Asia", "landlocked": 3 },
            { "name_of_continent": "South America", "landlocked": 2 },
        ])
    );
}
