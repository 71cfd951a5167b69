//! What a caller is told whose arguments do not fit the schema of a shipped tool: the place, and what is expected there.

use serde_json::{Value, json};
use tandem_harness::{Client, Options};

/// Calls with wrong arguments, and answers what is told of them.
async fn told(client: &Client, tool: &str, arguments: Value) -> anyhow::Result<String> {
    let result = client.call(tool, arguments).await?;
    let text = tandem_harness::text(&result);
    assert_eq!(result.is_error, Some(true), "{tool}: {text}");
    Ok(text)
}

#[tokio::test]
async fn a_wrong_step_filter_or_enumeration_is_told_with_its_place_and_remedy() -> anyhow::Result<()> {
    let host = Options::with(&["dataset", "search", "vector"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let rows = json!([{"x": 1, "continent": "AS"}]);
    let wrong_steps = [
        (json!({"step": "filter", "where": {"op": "like", "field": "x"}}), "/steps/0/where/op", "\"eq\""),
        (json!({"step": "group", "aggregates": [{"function": "avg"}]}), "/steps/0/aggregates/0/function", "\"mean\""),
        (json!({"step": "group", "by": "continent"}), "/steps/0/by", "\"array\""),
        (json!({"step": "sort", "by": ["x"]}), "/steps/0/by/0", "\"object\""),
        (json!({"step": "sort", "by": [{"column": "x", "desc": true}]}), "/steps/0/by/0", "`descending`"),
        (json!({"step": "sort"}), "/steps/0", "\"by\""),
        (json!({"step": "pivot"}), "/steps/0/step", "\"group\""),
        (json!({"by": ["x"]}), "/steps/0", "`step` is missing"),
        (json!("filter"), "/steps/0", "\"object\""),
        (json!({"step": "join", "with": {"path": "data/a.csv"}, "on": [{"right": "x"}]}), "/steps/0/on/0", "\"left\""),
    ];
    for (step, place, part) in wrong_steps {
        let text = told(&client, "dataset_process", json!({"rows": rows, "steps": [step]})).await?;
        assert!(text.contains(place) && text.contains(part), "wanted {place} and {part}: {text}");
        assert!(!text.contains("any of the schemas") && !text.contains("keyword"), "{text}");
    }
    let wrong_conditions = [
        (json!({"lang": "en"}), "`op`"),
        (json!({"op": "gte", "field": "x", "valeu": 1}), "`gte` does not use `valeu`"),
        (
            json!({"op": "or", "args": [{"op": "gte", "field": "x", "value": 1}, {"op": "like", "field": "x"}]}),
            "`args` 2",
        ),
        (json!({"op": "gte", "field": "z", "value": 1}), "the columns are x, continent"),
    ];
    for (condition, part) in wrong_conditions {
        let steps = json!([{"step": "filter", "where": condition}]);
        let text = told(&client, "dataset_process", json!({"rows": rows, "steps": steps})).await?;
        assert!(text.contains(part), "wanted {part}: {text}");
    }
    for same in [json!({"op": "ge", "column": "x", "value": 1}), json!({"gte": {"field": "x", "value": 1}})] {
        let steps = json!([{"step": "filter", "where": same}]);
        let found = client.structured("dataset_process", json!({"rows": rows, "steps": steps})).await?;
        assert_eq!(found["total_rows"], 1, "{found}");
    }
    let fields = json!([{"name": "born", "type": "date"}]);
    let text = told(&client, "search_create", json!({"index": "i", "fields": fields})).await?;
    assert!(text.contains("/fields/0/type") && text.contains("\"keyword\"") && text.contains("\"number\""), "{text}");
    let text = told(&client, "dataset_load", json!({"path": "data/a.csv", "format": "xlsx"})).await?;
    assert!(text.contains("/format") && text.contains("\"parquet\""), "{text}");
    let text = told(&client, "dataset_load", json!({"path": "data/a.csv", "colums": ["a"]})).await?;
    assert!(text.contains("`colums`") && text.contains("did you mean `columns`"), "{text}");
    for (tool, target) in
        [("search_query", json!({"index": "i"})), ("vector_search", json!({"collection": "c", "vector": [1]}))]
    {
        let mut arguments = target;
        arguments["filter"] = json!({"lang": "en"});
        let text = told(&client, tool, arguments).await?;
        assert!(text.contains(r#"{"op":"eq","field":"lang","value":"en"}"#), "{tool}: {text}");
    }
    Ok(())
}
