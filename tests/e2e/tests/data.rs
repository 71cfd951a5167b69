//! Values: what is sent arrives, what is stored comes back, and nothing is rounded without a word.

use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, binary};
use tokio::process::Command;

use crate::{fault, stdio::Pipe};

async fn start() -> anyhow::Result<(Host, Client)> {
    let host = Options::with(&["dataset", "vector", "search", "echo", "caller"])?
        .config("[grants.dataset]\nfs.data = { path = \"{home}/files\", mode = \"read-write\" }")
        .in_process()
        .start()
        .await?;
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

fn read(host: &Host, name: &str) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(host.directory.path().join("files").join(name))?)
}

/// Calls over REST with arguments as text, which keeps what a JSON value would change. Answers the body's text.
async fn rest(host: &Host, tool: &str, arguments: &str) -> anyhow::Result<String> {
    let request = reqwest::Client::new().post(format!("{}/v1/tools/{tool}/call", host.url));
    let body = format!("{{\"arguments\":{arguments}}}");
    Ok(request.header("content-type", "application/json").body(body).send().await?.text().await?)
}

/// The same over MCP, without a session.
async fn mcp(host: &Host, endpoint: &str, tool: &str, arguments: &str) -> anyhow::Result<String> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
    });
    let params = format!("{{\"name\":\"{tool}\",\"arguments\":{arguments},\"_meta\":{meta}}}");
    let request = reqwest::Client::new()
        .post(format!("{}{endpoint}", host.url))
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", tool);
    let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{params}}}");
    Ok(request.body(body).send().await?.text().await?)
}

/// Ordinary decimals, the same on every run, of which one in ten once changed its last digit.
fn decimals(count: usize) -> Vec<f64> {
    let mut state = 42_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|at| if at % 3 == 0 { (next() - 0.5) * 2e6 } else { next() }).collect()
}

fn bits(values: impl Iterator<Item = Value>) -> Vec<u64> {
    values.map(|value| value.as_f64().expect("a number").to_bits()).collect()
}

#[tokio::test]
async fn decimals_come_back_bit_by_bit_from_every_store() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    let sent = decimals(300);
    let expected: Vec<u64> = sent.iter().map(|number| number.to_bits()).collect();
    let rows: Vec<Value> = sent.iter().map(|x| json!({"x": x})).collect();
    for format in ["jsonl", "csv", "parquet"] {
        let path = format!("data/f.{format}");
        client.structured("dataset_save", json!({"path": path, "rows": rows})).await?;
        let back = client.structured("dataset_load", json!({"path": path, "limit": 1000})).await?;
        let back = back["rows"].as_array().expect("rows").iter().map(|row| row["x"].clone());
        assert_eq!(bits(back), expected, "{format}");
    }
    for number in sent.iter().take(30) {
        let sum = client.structured("add", json!({"a": number, "b": 0})).await?;
        assert_eq!(sum["sum"].as_f64(), Some(*number));
    }
    let fields = json!([{"name": "stored", "type": "stored"}, {"name": "number", "type": "number"}]);
    client.structured("search_create", json!({"index": "i", "fields": fields})).await?;
    let some = || sent.iter().take(100).enumerate();
    let documents: Vec<_> =
        some().map(|(at, x)| json!({"id": format!("{at:03}"), "fields": {"stored": x, "number": x}})).collect();
    client.structured("search_index", json!({"index": "i", "documents": documents})).await?;
    let found = client.structured("search_query", json!({"index": "i", "limit": 100})).await?;
    let mut hits = found["hits"].as_array().expect("hits").clone();
    hits.sort_by_key(|hit| hit["id"].as_str().map(str::to_owned));
    for field in ["stored", "number"] {
        assert_eq!(bits(hits.iter().map(|hit| hit["fields"][field].clone())), expected[..100], "{field}");
    }
    client.structured("vector_create", json!({"collection": "c", "dimensions": 1, "metric": "l2"})).await?;
    let items: Vec<_> =
        some().map(|(at, x)| json!({"id": at.to_string(), "vector": [1], "metadata": {"x": x}})).collect();
    client.structured("vector_add", json!({"collection": "c", "items": items})).await?;
    let ids: Vec<_> = (0..50).map(|at| at.to_string()).collect();
    let got = client.structured("vector_get", json!({"collection": "c", "ids": ids})).await?;
    let back = got["items"].as_array().expect("items").iter().map(|item| item["metadata"]["x"].clone());
    assert_eq!(bits(back), expected[..50], "metadata");
    Ok(())
}

#[tokio::test]
async fn keys_and_columns_keep_their_order() -> anyhow::Result<()> {
    let (host, _client) = start().await?;
    let rows = r#"[{"planet":"Mars","moons":2,"au":1.5},{"planet":"Venus","moons":0,"au":0.7}]"#;
    for format in ["csv", "jsonl"] {
        rest(&host, "dataset_save", &format!(r#"{{"path":"data/p.{format}","rows":{rows}}}"#)).await?;
    }
    assert!(read(&host, "p.csv")?.starts_with("planet,moons,au\n"));
    assert!(read(&host, "p.jsonl")?.starts_with(r#"{"planet":"Mars","moons":2,"au":1.5}"#));
    let first = r#"{"planet":"Mars","moons":2,"au":1.5}"#;
    let load = r#"{"path":"data/p.csv"}"#;
    let answers = [rest(&host, "dataset_load", load).await?, mcp(&host, "/mcp/full", "dataset_load", load).await?];
    for answer in answers {
        assert!(answer.contains(first), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn numbers_beyond_64_bits_are_kept_digit_by_digit_or_refused() -> anyhow::Result<()> {
    let (host, client) = start().await?;
    let wide = r#"[{"v":12345678901234567890123,"w":[0.12345678901234567891]},{"v":9007199254740993,"w":1e21}]"#;
    let save = |name: &str| format!(r#"{{"path":"data/{name}.jsonl","rows":{wide},"overwrite":null}}"#);
    let dispatched = format!(r#"{{"tool":"dataset_save","arguments":{}}}"#, save("dispatched"));
    let many = format!(r#"{{"calls":[{{"tool":"nop"}},{{"tool":"dataset_save","arguments":{}}}]}}"#, save("many"));
    rest(&host, "dataset_save", &save("rest")).await?;
    mcp(&host, "/mcp/full", "dataset_save", &save("mcp")).await?;
    mcp(&host, "/mcp", "tools_dispatch", &dispatched).await?;
    mcp(&host, "/mcp", "tools_dispatch", &many).await?;
    for name in ["rest", "mcp", "dispatched", "many"] {
        let text = read(&host, &format!("{name}.jsonl"))?;
        for number in ["12345678901234567890123,", "[0.12345678901234567891]", "9007199254740993,"] {
            assert!(text.contains(number), "{name}: {text}");
        }
    }
    // Answers have what a reader would round, or could not read, as strings.
    std::fs::write(host.directory.path().join("files/own.jsonl"), "{\"v\":12345678901234567890123,\"w\":[1e400]}\n")?;
    let loaded = client.structured("dataset_load", json!({"path": "data/own.jsonl"})).await?;
    assert_eq!(loaded["rows"][0], json!({"v": "12345678901234567890123", "w": ["1e400"]}));
    // Where they would be rounded they are refused, with their place.
    let add = r#"{"a":12345678901234567890123,"b":1}"#;
    let stored = r#"{"collection":"c","items":[{"id":"a","vector":[1],"metadata":{"x/y":12345678901234567890123}}]}"#;
    let called = format!(r#"{{"tool":"add","arguments":{add}}}"#);
    for (tool, arguments, place) in [
        ("add", add, "/a"),
        ("vector_add", stored, "/items/0/metadata/x~1y"),
        ("call_other", called.as_str(), "/arguments/a"),
    ] {
        for answer in [rest(&host, tool, arguments).await?, mcp(&host, "/mcp/full", tool, arguments).await?] {
            assert!(answer.contains(&format!("\"{place}\"")) && answer.contains("send it as a string"), "{answer}");
        }
    }
    let nearest = rest(&host, "add", r#"{"a":0.1000000000000000055511151231257827,"b":0}"#).await?;
    assert!(nearest.contains(r#""sum":0.1}"#), "a decimal is the nearest number: {nearest}");
    let called =
        Command::new(binary()).args(["call", "--url", &format!("{}/mcp/full", host.url), "add", add]).output().await?;
    let said = String::from_utf8_lossy(&called.stderr).into_owned();
    assert!(!called.status.success() && said.contains("/a ") && said.contains("send it as a string"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_pipe_keeps_or_refuses_numbers_beyond_64_bits_as_well() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let files = home.path().join("files");
    std::fs::create_dir(&files)?;
    let grant = format!("[grants.dataset]\nfs.data = {{ path = {files:?}, mode = \"read-write\" }}\n");
    std::fs::write(home.path().join("tandem.toml"), grant)?;
    let mut pipe = Pipe::with(home.path(), &["dataset", "echo"], &[]).await?;
    let mut call = async |tool: &str, arguments: &str| {
        let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        pipe.write(format!("{line}\n").as_bytes()).await?;
        pipe.next().await
    };
    let rows = r#"[{"v":12345678901234567890123,"w":[0.12345678901234567891]}]"#;
    let saved = call("dataset_save", &format!(r#"{{"path":"data/own.jsonl","rows":{rows}}}"#)).await?;
    assert_ne!(saved["result"]["isError"], true, "{saved}");
    assert_eq!(
        std::fs::read_to_string(files.join("own.jsonl"))?.trim(),
        r#"{"v":12345678901234567890123,"w":[0.12345678901234567891]}"#
    );
    let refused = call("add", r#"{"a":12345678901234567890123,"b":1}"#).await?.to_string();
    assert!(refused.contains(r#""/a""#) && refused.contains("send it as a string"), "{refused}");
    pipe.close().await
}

#[tokio::test]
async fn null_stands_for_what_is_left_out() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    let fields = json!([{"name": "t", "type": "text"}]);
    let create = json!({"index": "i", "fields": fields, "k1": null, "b": null});
    let created = client.structured("search_create", create).await?;
    assert!((created["index"]["k1"].as_f64().expect("k1") - 1.2).abs() < 1e-6, "the default: {created}");
    client.structured("vector_create", json!({"collection": "c", "dimensions": 2, "metric": null})).await?;
    client.structured("dataset_save", json!({"path": "data/a.csv", "rows": [{"x": 1}], "overwrite": null})).await?;
    // Each with null for every optional parameter that it has.
    for (tool, required) in [
        ("search_query", json!({"index": "i", "query": "x"})),
        ("search_list", json!({})),
        ("vector_search", json!({"collection": "c", "vector": [1, 0]})),
        ("vector_list", json!({"collection": "c"})),
        ("dataset_load", json!({"path": "data/a.csv"})),
        (
            "dataset_process",
            json!({"path": "data/a.csv", "steps": [{"step": "sort", "by": [{"column": "x", "nulls": null}]}]}),
        ),
    ] {
        let mut arguments = required;
        let schema = client.listed(tool).await?["inputSchema"].clone();
        for name in schema["properties"].as_object().expect("properties").keys() {
            if arguments.get(name).is_none() {
                arguments[name] = Value::Null;
            }
        }
        client.structured(tool, arguments).await?;
    }
    let refused = client.call("search_query", json!({"index": null})).await?;
    assert_eq!(fault(&refused)["violations"][0]["pointer"], "/index", "null is no value for what is required");
    Ok(())
}

#[tokio::test]
async fn a_number_without_a_fraction_is_an_integer() -> anyhow::Result<()> {
    let (host, client) = start().await?;
    client.structured("dataset_save", json!({"path": "data/a.csv", "rows": [{"x": 1}, {"x": 2}, {"x": 3}]})).await?;
    for two in ["2.0", "2e0", "20e-1", "2"] {
        let answer: Value = serde_json::from_str(
            &rest(&host, "dataset_load", &format!(r#"{{"path":"data/a.csv","limit":{two}}}"#)).await?,
        )?;
        assert_eq!(answer["structured"]["rows"].as_array().map(Vec::len), Some(2), "{two}: {answer}");
    }
    client.structured("vector_create", json!({"collection": "c", "dimensions": 3.0})).await?;
    client.call("sleep_ms", json!({"ms": 1.0})).await?;
    let steps = json!([{"step": "limit", "count": 1.0}]);
    let one = client.structured("dataset_process", json!({"path": "data/a.csv", "steps": steps})).await?;
    assert_eq!(one["rows"], json!([{"x": 1}]));
    for wrong in [json!(1.5), json!("2"), json!(-1), json!(1e300)] {
        let refused = client.call("dataset_load", json!({"path": "data/a.csv", "offset": wrong})).await?;
        assert_eq!(refused.is_error, Some(true));
        assert!(format!("{refused:?}").contains("/offset"), "{wrong}: the parameter is named: {refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn input_schemas_have_plain_types_for_what_may_be_left_out() -> anyhow::Result<()> {
    let (_host, client) = start().await?;
    for tool in client.tools().await? {
        let schema = client.listed(&tool).await?["inputSchema"].clone();
        no_lists_of_types(&tool, &schema);
        assert!(!schema.to_string().contains("000000"), "{tool}: a default with noise: {schema}");
    }
    Ok(())
}

fn no_lists_of_types(tool: &str, schema: &Value) {
    match schema {
        Value::Object(keywords) => {
            assert!(!keywords.get("type").is_some_and(Value::is_array), "{tool}: {schema}");
            keywords.values().for_each(|below| no_lists_of_types(tool, below));
        }
        Value::Array(all) => all.iter().for_each(|below| no_lists_of_types(tool, below)),
        _ => {}
    }
}

#[tokio::test]
async fn members_keep_their_order_through_a_guest() -> anyhow::Result<()> {
    let host = Options::with(&["caller"])?.in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    let value = json!({"zebra": 1, "apple": {"y": [{"b": 2, "a": 3}], "x": null}, "mango": "m"});
    let given = client.structured("give_back", json!({"value": value})).await?;
    assert_eq!(given.to_string(), value.to_string());
    let body = rest(&host, "give_back", &format!("{{\"value\":{value}}}")).await?;
    assert!(body.contains(&value.to_string()), "over REST: {body}");
    Ok(())
}
