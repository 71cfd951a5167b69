//! The tools as a host sees them.

use serde_json::{Value, json};
use tandem_plugin_dataset::Dataset;
use tandem_sdk::{Plugin, testing};

fn schema(tool: &str) -> Value {
    let tools = Dataset::tools();
    let tool = tools.iter().find(|descriptor| descriptor.name == tool).unwrap();
    serde_json::from_str(&tool.input_schema).unwrap()
}

#[test]
fn every_tool_is_described() {
    let tools = Dataset::tools();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "dataset_load",
            "dataset_list",
            "dataset_schema",
            "dataset_describe",
            "dataset_save",
            "dataset_process",
            "dataset_convert"
        ]
    );
    for tool in &tools {
        assert!(tool.output_schema.is_some(), "{}", tool.name);
        assert!(
            tool.input_schema.len() < 14 << 10,
            "{}: {} bytes are too many for a model",
            tool.name,
            tool.input_schema.len()
        );
        let reads =
            ["dataset_load", "dataset_list", "dataset_schema", "dataset_describe"].contains(&tool.name.as_str());
        assert_eq!((tool.annotations.read_only, tool.annotations.destructive), (reads, !reads), "{}", tool.name);
        let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
        assert!(!refers_to_itself(&schema), "{}: model APIs refuse schemas that refer to themselves", tool.name);
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(property.get("description").is_some(), "{}: `{name}` has no description", tool.name);
        }
    }
}

/// Whether a reference leads back to the definition that it stands in.
fn refers_to_itself(schema: &Value) -> bool {
    fn refers(schema: &Value, root: &Value, above: &[&str]) -> bool {
        match schema {
            Value::Object(members) => members.iter().any(|(key, value)| match (key.as_str(), value) {
                ("$defs", _) => false,
                ("$ref", Value::String(to)) => {
                    above.contains(&to.as_str())
                        || root
                            .pointer(to.trim_start_matches('#'))
                            .is_some_and(|target| refers(target, root, &[above, &[to.as_str()]].concat()))
                }
                _ => refers(value, root, above),
            }),
            Value::Array(values) => values.iter().any(|value| refers(value, root, above)),
            _ => false,
        }
    }
    refers(schema, schema, &[])
}

#[test]
fn the_schema_accepts_what_the_documentation_shows() {
    let validator = |tool: &str| jsonschema::validator_for(&schema(tool)).unwrap();
    let process = validator("dataset_process");
    let good = json!({ "path": "data/countries.csv", "steps": [
        { "step": "filter", "where": { "op": "and", "args": [{ "op": "gt", "column": "area_km2", "value": 100_000 }, { "op": "not", "args": [{ "op": "is_null", "column": "capital" }] }] } },
        { "step": "map", "column": "x", "expr": { "op": "if", "condition": { "op": "in", "column": "code", "values": ["FR"] }, "args": [{ "op": "value", "value": 1 }, { "op": "cast", "type": "int64", "or_null": true, "args": [{ "op": "column", "name": "y" }] }] } },
        { "step": "group", "by": ["continent"], "aggregates": [{ "function": "sum", "column": "area_km2", "as": "area" }] },
        { "step": "join", "with": { "path": "data/continents.jsonl" }, "on": [{ "left": "continent", "right": "code" }], "how": "left" },
        { "step": "sort", "by": [{ "column": "area", "descending": true, "nulls": "first" }] },
        { "step": "map", "column": "y", "expr": { "op": "column", "name": "x" } },
        { "step": "map", "column": "year", "expr": { "op": "year", "args": [{ "op": "column", "name": "since" }] } },
        { "step": "top", "by": "area", "per": ["continent"], "n": 2, "rank": "place" },
        { "step": "filter", "where": { "gte": { "field": "area", "value": 5 } } },
        { "step": "distinct" },
        { "step": "limit", "count": 3 },
    ], "output": { "path": "data/out.parquet", "format": "parquet", "overwrite": true } });
    let errors: Vec<String> = process.iter_errors(&good).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for bad in [
        json!({ "path": "data/a.csv" }),
        json!({ "path": "data/a.csv", "steps": [{ "step": "pivot" }] }),
        json!({ "path": "data/a.csv", "steps": [{ "step": "filter" }] }),
        json!({ "path": "data/a.csv", "steps": [{ "step": "filter", "where": "a > 1" }] }),
        json!({ "path": "data/a.csv", "steps": [{ "step": "filter", "where": { "op": "like", "column": "a" } }] }),
        json!({ "path": "data/a.csv", "steps": [], "sort": "a" }),
    ] {
        assert!(!process.is_valid(&bad), "{bad}");
    }
    assert!(!validator("dataset_load").is_valid(&json!({ "path": "data/a.csv", "limit": 10_001 })));
    assert!(!validator("dataset_load").is_valid(&json!({ "path": "data/a.csv", "format": "xlsx" })));
}

#[test]
fn rows_in_the_call_need_no_grant() {
    let arguments =
        json!({ "rows": [{ "a": 1 }, { "a": 2 }], "steps": [{ "step": "limit", "count": 1, "offset": 1 }] });
    let answer = testing::call::<Dataset>("dataset_process", &arguments).unwrap();
    assert_eq!(
        answer.value(),
        json!({ "columns": [{ "name": "a", "type": "int64" }], "total_rows": 1, "rows": [{ "a": 2 }], "truncated": false })
    );
}

#[test]
fn errors_keep_their_kind() {
    let call = |tool: &str, arguments: Value| testing::call::<Dataset>(tool, &arguments).unwrap_err();
    let denied = call("dataset_load", json!({ "path": "data/a.csv" }));
    assert!(
        matches!(&denied, tandem_sdk::Error::Denied(message) if message.contains("no folder is granted")),
        "{denied}"
    );
    let both = call("dataset_save", json!({ "path": "data/a.csv" }));
    assert!(matches!(both, tandem_sdk::Error::InvalidArguments(_)), "{both}");
    let unknown =
        call("dataset_process", json!({ "rows": [{ "a": 1 }], "steps": [{ "step": "select", "columns": ["b"] }] }));
    assert!(
        matches!(&unknown, tandem_sdk::Error::InvalidArguments(message) if message.contains("the columns are a")),
        "{unknown}"
    );
}
