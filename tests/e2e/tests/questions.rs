//! Plain questions about the sample data, each answered by calls of which none fails, and the tools found by plain words.

use std::process::Command;

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, binary, plugin, root};

/// The plugins that are shipped.
const SHIPPED: [&str; 7] =
    ["dataset", "search", "vector", "p2p-bootstrap", "p2p-peers", "p2p-taskqueue", "p2p-workflow"];

/// What a newcomer asks, and the tool that has to be among the first three.
const PLAIN_QUESTIONS: [(&str, &str); 33] = [
    ("which files are there", "dataset_list"),
    ("list files", "dataset_list"),
    ("show files", "dataset_list"),
    ("what data do I have", "dataset_list"),
    ("what is in the data folder", "dataset_list"),
    ("show me the columns of a table", "dataset_schema"),
    ("how many rows does a file have", "dataset_schema"),
    ("open a spreadsheet", "dataset_load"),
    ("look at the first rows of a csv", "dataset_load"),
    ("preview a file", "dataset_load"),
    ("minimum and maximum of each column", "dataset_describe"),
    ("what is the average per country", "dataset_process"),
    ("only the rows where a value is large", "dataset_process"),
    ("combine two files", "dataset_process"),
    ("sort a table by a column", "dataset_process"),
    ("biggest value of each group", "dataset_process"),
    ("turn a csv file into parquet", "dataset_convert"),
    ("export rows to a file", "dataset_save"),
    ("find documents about a topic", "search_query"),
    ("make a new text index", "search_create"),
    ("put a csv into a search index", "search_index_file"),
    ("which search indexes exist", "search_list"),
    ("get rid of an index", "search_delete"),
    ("find similar items", "vector_search"),
    ("store embeddings", "vector_add"),
    ("run something in the background", "p2p_taskqueue_submit"),
    ("is my task done", "p2p_taskqueue_task_status"),
    ("what did the task return", "p2p_taskqueue_get_result"),
    ("stop a running task", "p2p_taskqueue_cancel"),
    ("try a failed task again", "p2p_taskqueue_resubmit"),
    ("which hosts am I connected to", "p2p_peer_list"),
    ("are there any peers", "p2p_peer_list"),
    ("run several tools one after the other", "p2p_workflow_submit"),
];

async fn start() -> anyhow::Result<(Host, Client)> {
    let host = Options::with(&["dataset", "search", "vector"])?
        .config("[grants.dataset]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }")
        .in_process()
        .start()
        .await?;
    for entry in std::fs::read_dir(root().join("examples/data"))? {
        let path = entry?.path();
        std::fs::copy(&path, host.directory.path().join("files").join(path.file_name().expect("a name")))?;
    }
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

/// The rows of `countries.csv` after some steps.
async fn countries(client: &Client, steps: Value) -> anyhow::Result<Vec<Value>> {
    let page = client.structured("dataset_process", json!({"path": "data/countries.csv", "steps": steps})).await?;
    Ok(page["rows"].as_array().expect("rows").clone())
}

fn column(rows: &[Value], name: &str) -> Vec<Value> {
    rows.iter().map(|row| row[name].clone()).collect()
}

#[tokio::test]
async fn questions_about_tables_are_answered_at_the_first_attempt() -> anyhow::Result<()> {
    let (host, client) = start().await?;
    // Which files are there?
    for (tool, arguments, list) in [
        ("dataset_list", json!({"path": "data"}), "entries"),
        ("dataset_schema", json!({"path": "data"}), "files"),
        ("dataset_schema", json!({"path": "data/"}), "files"),
    ] {
        let listing = client.structured(tool, arguments).await?;
        let found = listing[list].as_array().expect("entries").iter().find(|one| one["path"] == "data/countries.csv");
        assert_eq!(found.map(|one| &one["format"]), Some(&json!("csv")), "{listing}");
    }
    let granted = client.structured("dataset_list", json!({})).await?;
    assert_eq!(granted["entries"][0]["path"], "data");
    // What is in one of them?
    let schema = client.structured("dataset_schema", json!({"path": "data/countries.csv"})).await?;
    let types: Vec<_> = schema["columns"].as_array().expect("columns").iter().map(|one| one["type"].clone()).collect();
    assert_eq!(types, ["string", "string", "string", "string", "float64", "int64", "bool", "date"]);
    // Which are the three countries with the most people?
    let first = countries(&client, json!([{"step": "top", "by": "population", "n": 3}])).await?;
    assert_eq!(column(&first, "name"), ["India", "China", "United States"]);
    // And on each continent the first?
    let top = json!([{"step": "top", "by": "population", "per": ["continent"], "n": 1}, {"step": "select", "columns": ["continent", "name"]}]);
    let top = countries(&client, top).await?;
    assert_eq!(column(&top, "name"), ["Brazil", "Australia", "Russia", "India", "Nigeria", "United States"]);
    // What is the average population of large countries by continent?
    let mean = json!([
        {"step": "filter", "where": {"op": "gt", "field": "area_km2", "value": 100_000}},
        {"step": "group", "by": ["continent"], "aggregates": [{"function": "mean", "column": "population", "as": "mean"}]},
        {"step": "sort", "by": [{"column": "mean", "descending": true}]}
    ]);
    assert_eq!(countries(&client, mean).await?[0]["continent"], "AS");
    // Which are landlocked, by the continent's name?
    let landlocked = json!([
        {"step": "filter", "where": {"op": "eq", "field": "landlocked", "value": true}},
        {"step": "join", "with": {"path": "data/continents.jsonl"}, "on": [{"left": "continent", "right": "code"}], "suffix": "_of_continent"},
        {"step": "group", "by": ["name_of_continent"], "aggregates": [{"function": "count", "as": "n"}]}
    ]);
    assert_eq!(countries(&client, landlocked).await?.len(), 4);
    // How many joined the United Nations in each year?
    let years = json!([
        {"step": "filter", "where": {"op": "not_null", "field": "un_member_since"}},
        {"step": "map", "column": "year", "expr": {"op": "year", "args": [{"op": "column", "name": "un_member_since"}]}},
        {"step": "group", "by": ["year"], "aggregates": [{"function": "count", "as": "n"}]},
        {"step": "sort", "by": [{"column": "n", "descending": true}]}
    ]);
    assert_eq!(countries(&client, years).await?[0]["year"], 1945);
    // Who joined on a Tuesday after 1990?
    let weekday = json!([
        {"step": "filter", "where": {"op": "gte", "field": "un_member_since", "value": "1990-01-01"}},
        {"step": "map", "column": "weekday", "expr": {"op": "weekday", "args": [{"op": "column", "name": "un_member_since"}]}},
        {"step": "filter", "where": {"op": "eq", "field": "weekday", "value": 2}}
    ]);
    assert_eq!(
        column(&countries(&client, weekday).await?, "name"),
        ["Estonia", "Latvia", "Lithuania", "South Korea", "Switzerland"]
    );
    // Whose capital begins with a B and is not in Europe?
    let capitals = json!([{"step": "filter", "where": {"op": "and", "args": [
        {"op": "starts_with", "field": "capital", "text": "B"},
        {"op": "not", "args": [{"op": "eq", "field": "continent", "value": "EU"}]}
    ]}}, {"step": "limit", "count": 3}]);
    assert_eq!(column(&countries(&client, capitals).await?, "capital"), ["Buenos Aires", "Brasília", "Beijing"]);
    // How dense are they?
    let dense = json!([
        {"step": "map", "column": "density", "expr": {"op": "div", "args": [{"op": "column", "name": "population"}, {"op": "column", "name": "area_km2"}]}},
        {"step": "top", "by": "density", "n": 1}
    ]);
    assert_eq!(countries(&client, dense).await?[0]["name"], "Singapore");
    // Save that in a folder that is not there yet, and read it again.
    let output = json!({"path": "data/out/top.parquet"});
    let steps = json!([{"step": "top", "by": "population", "n": 5, "rank": "rank"}]);
    client
        .structured("dataset_process", json!({"path": "data/countries.csv", "steps": steps, "output": output}))
        .await?;
    let back = client.structured("dataset_load", json!({"path": "data/out/top.parquet"})).await?;
    assert_eq!(back["rows"][4]["rank"], 5, "{back}");
    // A file of another program: semicolons, no header, another encoding, NA.
    std::fs::write(host.directory.path().join("files/other.txt"), b"Bogot\xe1;NA\nLima;10\n")?;
    let csv = json!({"header": false, "columns": ["city", "people"], "delimiter": ";", "encoding": "latin1"});
    let other = client.structured("dataset_load", json!({"path": "data/other.txt", "csv": csv})).await?;
    assert_eq!(other["rows"], json!([{"city": "Bogotá", "people": null}, {"city": "Lima", "people": 10}]));
    assert_eq!(other["columns"][1]["null_words"], 1, "{other}");
    Ok(())
}

#[tokio::test]
async fn questions_to_indexes_are_answered_at_the_first_attempt() -> anyhow::Result<()> {
    let (host, client) = start().await?;
    let fields = json!([
        {"name": "name", "type": "text", "language": "english"}, {"name": "capital", "type": "text_folded"},
        {"name": "continent", "type": "keyword"}, {"name": "population", "type": "number"}
    ]);
    client.structured("search_create", json!({"index": "c", "fields": fields})).await?;
    let file = json!({"index": "c", "path": "data/countries.csv", "id": "code"});
    let indexed = client.structured("search_index_file", file).await?;
    assert_eq!((&indexed["rows"], &indexed["added"]), (&json!(78), &json!(78)), "{indexed}");
    assert!(indexed["columns_left_out"].to_string().contains("landlocked"), "{indexed}");
    for (query, filter, first) in [
        ("\"buenos aires\"", None, "AR"),
        ("capital:bogota", None, "CO"),
        ("name:united kingd*", None, "GB"),
        ("united", Some(json!({"op": "gte", "field": "population", "value": 300_000_000})), "US"),
        ("united", Some(json!({"op": "starts_with", "field": "continent", "text": "e", "ignore_case": true})), "GB"),
    ] {
        let found = client.structured("search_query", json!({"index": "c", "query": query, "filter": filter})).await?;
        assert_eq!(found["hits"][0]["id"], first, "{query}: {found}");
    }
    let facets = client.structured("search_query", json!({"index": "c", "facets": ["continent"], "limit": 1})).await?;
    assert_eq!(facets["facets"][0]["values"][0]["value"], "EU", "{facets}");
    // Which countries are like another in size and people?
    client.structured("vector_create", json!({"collection": "c", "dimensions": 2, "metric": "l2"})).await?;
    let log = |name: &str| json!({"op": "cast", "type": "float64", "args": [{"op": "column", "name": name}]});
    let steps = json!([
        {"step": "map", "column": "vector", "expr": {"op": "concat", "args": [
            {"op": "value", "value": "["}, log("area_km2"), {"op": "value", "value": ", "}, log("population"), {"op": "value", "value": "]"}
        ]}},
        {"step": "select", "columns": ["code", "name", "continent", "vector"]}
    ]);
    let output = json!({"path": "data/vectors.jsonl"});
    client
        .structured("dataset_process", json!({"path": "data/countries.csv", "steps": steps, "output": output}))
        .await?;
    let file = json!({"collection": "c", "path": "data/vectors.jsonl", "vector": ["vector"], "id": "code"});
    let added = client.structured("vector_add_file", file).await?;
    assert_eq!((&added["rows"], &added["items"]), (&json!(78), &json!(78)), "{added}");
    let columns = json!({"collection": "c", "path": "data/countries.csv", "vector": ["area_km2", "population"], "id": "code", "metadata": ["name", "continent"]});
    assert_eq!(client.structured("vector_add_file", columns).await?["replaced"], 78);
    let filter = json!({"op": "ne", "field": "continent", "value": "EU"});
    let search = json!({"collection": "c", "vector": [552_000, 66_400_000], "k": 1, "filter": filter});
    let found = client.structured("vector_search", search).await?;
    assert_eq!(found["matches"][0]["id"], "ZA", "about as many people as in France: {found}");
    let kept = json!({"name": "South Africa", "continent": "AF"});
    assert_eq!(found["matches"][0]["metadata"], kept, "the columns that were asked for: {found}");
    // Rows without a vector are named, or left out where that is asked for.
    let holes = "{\"id\": \"a\", \"v\": [1, 2]}\n{\"id\": \"b\", \"v\": null}\n{\"id\": null, \"v\": [1, 2]}\n{\"id\": \"d\", \"v\": [1, null]}\n";
    std::fs::write(host.directory.path().join("files/holes.jsonl"), holes)?;
    std::fs::write(host.directory.path().join("files/words.csv"), "id,v\na,1\nb,two\n")?;
    client.structured("vector_create", json!({"collection": "h", "dimensions": 2, "metric": "l2"})).await?;
    let add = |file: &str, skip: bool| json!({"collection": "h", "path": format!("data/{file}"), "vector": ["v"], "id": "id", "skip_null": skip});
    for (file, told) in [
        ("holes.jsonl", "row 1 has null in `v`: set `skip_null` to leave such rows out"),
        ("words.csv", "row 0 has text that is no list of numbers in `v`: name a column of numbers"),
    ] {
        let result = client.call("vector_add_file", add(file, false)).await?;
        let text = tandem_harness::text(&result);
        assert!(result.is_error == Some(true) && text.contains(told), "{file}: {text}");
    }
    let added = client.structured("vector_add_file", add("holes.jsonl", true)).await?;
    assert_eq!(added, json!({"rows": 4, "skipped": 3, "added": 1, "replaced": 0, "items": 1}));
    for tool in [json!({"collection": "h", "vector": ["v"]}), json!({"index": "c"})] {
        let (mut arguments, tool) =
            (tool.clone(), if tool["index"].is_null() { "vector_add_file" } else { "search_index_file" });
        arguments["path"] = "data/nameless.jsonl".into();
        arguments["id"] = "id".into();
        std::fs::write(host.directory.path().join("files/nameless.jsonl"), "{\"id\": null, \"v\": [1, 2]}\n")?;
        let text = tandem_harness::text(&client.call(tool, arguments).await?);
        assert!(
            text.contains("row 0 has null in `id`, the column of ids: name a column that each row fills"),
            "{tool}: {text}"
        );
    }
    // What cannot be read is told by the tool that reads.
    for (file, part) in [
        (json!({"index": "c", "path": "data/none.csv"}), "beside it: "),
        (json!({"index": "c", "path": "secret/none.csv"}), "begin the path with `data/`"),
        (json!({"index": "c", "path": "data/countries.csv", "id": "isbn"}), "the columns are code, name"),
        (json!({"index": "d", "path": "data/countries.csv"}), "`d`"),
    ] {
        let result = client.call("search_index_file", file).await?;
        let text = tandem_harness::text(&result);
        assert!(result.is_error == Some(true) && text.contains(part), "wanted {part}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_without_room_is_told_so_and_leaves_nothing() -> anyhow::Result<()> {
    let host = Options::with(&["dataset"])?
        .config(
            "[grants.dataset]\nfs.data = { path = \"{home}/files\", mode = \"read-write\", max-bytes = \"100KiB\" }",
        )
        .in_process()
        .start()
        .await?;
    let client = host.client("/mcp/full").await?;
    // Nothing that a codec makes small.
    let text = |i: u64| {
        (0..4).map(|j| format!("{:016x}", (i * 4 + j + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect::<String>()
    };
    let rows: Vec<_> = (0..3000).map(|i| json!({"i": i, "text": text(i)})).collect();
    for format in ["csv", "jsonl", "parquet"] {
        let save = json!({"path": format!("data/big.{format}"), "rows": rows});
        let result = client.call("dataset_save", save).await?;
        let told = tandem_harness::text(&result);
        assert!(result.is_error == Some(true) && told.contains("quota of its folder is used up"), "{format}: {told}");
    }
    let listing = client.structured("dataset_list", json!({"path": "data"})).await?;
    assert_eq!(listing["entries"], json!([]));
    Ok(())
}

#[tokio::test]
async fn plain_words_find_the_tool_that_is_meant() -> anyhow::Result<()> {
    let host = Options::with(&SHIPPED)?.in_process().start().await?;
    let client = host.client("/mcp").await?;
    for (query, first) in [
        ("read csv", "dataset_load"),
        ("nearest neighbour", "vector_search"),
        ("nearest neighbors", "vector_search"),
        ("average per group", "dataset_process"),
        ("sql query", "dataset_process"),
        ("datasetLoad", "dataset_load"),
        ("similar embeddings", "vector_search"),
        ("list files in a folder", "dataset_list"),
        ("top n per group", "dataset_process"),
        ("convert csv to parquet", "dataset_convert"),
        ("delete documents from index", "search_delete"),
        ("statistics of columns", "dataset_describe"),
    ] {
        let found = client.structured("tools_search", json!({"query": query})).await?;
        let names: Vec<_> = found["tools"].as_array().expect("tools").iter().map(|tool| tool["name"].clone()).collect();
        assert_eq!(names.first(), Some(&json!(first)), "{query}: {names:?}");
    }
    for (query, noise) in [("read csv", "p2p_peer_register"), ("average per group", "p2p_taskqueue_status")] {
        let found = client.structured("tools_search", json!({"query": query})).await?;
        assert!(!found.to_string().contains(noise), "{query}: {found}");
    }
    let schema = client.structured("tools_get_schema", json!({"tool": "dataset_process"})).await?;
    assert!(schema.to_string().len() < 20 << 10, "{} bytes", schema.to_string().len());
    Ok(())
}

/// With a network, since tools of the network are hidden without one.
#[tokio::test]
async fn plain_questions_have_their_tool_among_the_first_three() -> anyhow::Result<()> {
    let loopback = "[p2p]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]";
    let host = Options::with(&SHIPPED)?.mesh().config(loopback).in_process().start().await?;
    let client = host.client("/mcp").await?;
    let mut missed = Vec::new();
    for (query, tool) in PLAIN_QUESTIONS {
        let found = client.structured("tools_search", json!({"query": query, "limit": 3})).await?;
        let first = found["tools"].as_array().expect("tools");
        if first.iter().all(|one| one["name"] != tool) {
            let first: Vec<_> = first.iter().map(|one| one["name"].clone()).collect();
            missed.push(format!("{query}: {first:?} without {tool}; {}", found["note"]));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    Ok(())
}

#[test]
fn the_shipped_plugins_pass_a_strict_check() -> anyhow::Result<()> {
    for name in SHIPPED {
        let output = Command::new(binary()).args(["check", "--strict"]).arg(plugin(name)?).output()?;
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !told.contains("warning "), "{name}: {told}");
        let mut lines: Vec<_> = told.lines().filter(|line| line.starts_with("note")).collect();
        let all = lines.len();
        lines.dedup();
        assert_eq!(lines.len(), all, "{name} is told something twice: {told}");
    }
    Ok(())
}
