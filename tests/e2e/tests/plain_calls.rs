//! Plain calls of MCP 2026-07-28, which go straight to their tool, beside those that take the long way.

use std::time::Duration;

use serde_json::{Value, json};
use tandem_harness::{Host, Options};

const VERSION: &str = "2026-07-28";

/// A call as clients send it; `meta` is added to its `_meta`.
fn call(tool: &str, arguments: &Value, meta: &Value) -> Value {
    let mut all = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    all.as_object_mut().unwrap().extend(meta.as_object().cloned().unwrap_or_default());
    let params = json!({"name": tool, "arguments": arguments, "_meta": all});
    json!({"jsonrpc": "2.0", "id": "one", "method": "tools/call", "params": params})
}

async fn post(
    host: &Host,
    endpoint: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> anyhow::Result<reqwest::Response> {
    let mut request = reqwest::Client::new()
        .post(format!("{}{endpoint}", host.url))
        .header("accept", "application/json, text/event-stream")
        .json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?)
}

fn headers(tool: &str) -> [(&'static str, String); 3] {
    [("mcp-protocol-version", VERSION.into()), ("mcp-method", "tools/call".into()), ("mcp-name", tool.into())]
}

async fn sent(host: &Host, tool: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
    let endpoint = if tool == "tools_dispatch" { "/mcp" } else { "/mcp/full" };
    let own = headers(tool);
    let own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let response = post(host, endpoint, &own, body).await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).rfind(|data| data.contains("\"id\""));
    Ok((status, serde_json::from_str(data.unwrap_or(&text))?))
}

/// What is the same in the answers to two requests.
fn lasting((status, mut message): (u16, Value)) -> (u16, Value) {
    for place in ["/result/_meta", "/error/data"] {
        if let Some(meta) = message.pointer_mut(place).and_then(Value::as_object_mut) {
            meta.remove("tandem/request_id");
            meta.remove("tandem/duration_ms");
            meta.remove("request_id");
        }
    }
    if let Some(batch) = message.pointer_mut("/result/structuredContent").and_then(Value::as_object_mut) {
        batch.remove("duration_ms");
        let results = batch.get_mut("results").and_then(Value::as_array_mut);
        results.into_iter().flatten().for_each(|result| drop(result["_meta"].take()));
        if batch.contains_key("results") {
            message["result"]["content"].take();
        }
    }
    (status, message)
}

#[tokio::test]
async fn both_ways_answer_alike() -> anyhow::Result<()> {
    let host = Options::with(&["echo", "trap"])?.in_process().start().await?;
    // A progress token is the one thing that makes such a call take the long way.
    let token = json!({"progressToken": 1});
    let cases = [
        ("add", json!({"a": 1, "b": 2})),
        ("add", json!({"a": 12_345_678_901_234_567_890_u64, "b": 0.1})),
        ("echo", json!({"text": "ü\n\"\u{2028}"})),
        ("add", json!({"a": "x"})),
        ("add", Value::Null),
        ("none", json!({})),
        ("tools_dispatch", json!({"tool": "add", "arguments": {"a": 1, "b": 2}})),
        ("tools_dispatch", json!({"tool": "add", "arguments": {"a": 12_345_678_901_234_567_890_u64, "b": 0.1}})),
        ("tools_dispatch", json!({"tool": "add", "arguments": {"a": "x"}})),
        ("tools_dispatch", json!({"tool": "none"})),
        ("tools_dispatch", json!({"tool": "add", "calls": []})),
        ("tools_dispatch", json!({"calls": [{"tool": "echo", "arguments": {"text": "a"}}]})),
    ];
    for (tool, arguments) in cases {
        let plain = lasting(sent(&host, tool, &call(tool, &arguments, &json!({}))).await?);
        let long = lasting(sent(&host, tool, &call(tool, &arguments, &token)).await?);
        assert_eq!(plain, long, "{tool} {arguments}");
    }
    Ok(())
}

#[tokio::test]
async fn what_does_not_fit_its_headers_is_refused_and_not_run() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let fits = || call("add", &json!({"a": 1, "b": 2}), &json!({}));
    assert_eq!(sent(&host, "add", &fits()).await?.0, 200);
    let mut wrong = Vec::new();
    for (name, value) in [
        ("mcp-name", "echo"),
        ("mcp-method", "tools/list"),
        ("mcp-protocol-version", "2025-11-25"),
        ("mcp-param-region", "eu"),
    ] {
        let own = headers("add");
        let mut own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        own.retain(|(own, _)| *own != name);
        own.push((name, value));
        let response = post(&host, "/mcp/full", &own, &fits()).await?;
        wrong.push((format!("{name}: {value}"), response.status().as_u16(), response.text().await?));
    }
    let versions = json!({"io.modelcontextprotocol/protocolVersion": "2025-11-25"});
    let body = call("add", &json!({"a": 1, "b": 2}), &versions);
    let (status, answer) = sent(&host, "add", &body).await?;
    wrong.push(("_meta of another revision".to_owned(), status, answer.to_string()));
    let without = call("add", &json!({"a": 1, "b": 2}), &json!({"io.modelcontextprotocol/clientCapabilities": null}));
    let (status, answer) = sent(&host, "add", &without).await?;
    wrong.push(("no capabilities".to_owned(), status, answer.to_string()));
    for (case, status, answer) in wrong {
        // A header for no argument is let go by.
        let expected = if case.starts_with("mcp-param") { 200 } else { 400 };
        assert_eq!(status, expected, "{case}: {answer}");
        assert!(expected == 200 || answer.contains("\"error\""), "{case}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn lists_in_the_place_of_objects_and_long_ids_are_refused_and_not_run() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let fits = call("add", &json!({"a": 1, "b": 2}), &json!({}));
    let meta = fits["params"]["_meta"].clone();
    let (mut listed, mut unnamed, mut long) = (fits.clone(), fits.clone(), fits.clone());
    listed["params"] = json!(["add", {"a": 1, "b": 2}, meta]);
    unnamed["params"]["_meta"] = json!([VERSION, {}, null, null, null]);
    long["id"] = json!("x".repeat(1025));
    let message = json!(["2.0", "one", "tools/call", fits["params"]]);
    for wrong in [listed, unnamed, long, message] {
        let (status, answer) = sent(&host, "add", &wrong).await?;
        assert!(answer.get("error").is_some(), "{status} {answer}");
    }
    let own = headers("add");
    let own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request =
        reqwest::Client::new().post(format!("{}/mcp/full", host.url)).header("accept", "text/html").json(&fits);
    let request = own.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    assert_eq!(request.send().await?.status().as_u16(), 406, "the client takes neither JSON nor events");
    Ok(())
}

/// Large arguments are read on threads of their own, of which a tenant has one where two threads serve: a call that waits there
/// for what it holds itself never ends.
#[tokio::test]
async fn large_arguments_and_answers_come_whole_where_one_thread_works() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.config("[general]\nworkers = 2").start().await?;
    for size in [15_000, 17_000, 300_000] {
        let text = "\u{e4}\"b".chars().cycle().take(size).collect::<String>();
        let body = call("echo", &json!({"text": text}), &json!({}));
        let sending = sent(&host, "echo", &body);
        let (status, answer) = tokio::time::timeout(Duration::from_secs(60), sending).await??;
        assert_eq!(status, 200, "{size}");
        assert!(answer["result"]["content"][0]["text"] == text.as_str(), "{size}: {answer:.300}");
    }
    Ok(())
}

/// How many calls of a category run.
async fn in_flight(host: &Host, category: &str) -> anyhow::Result<u64> {
    let status: Value = reqwest::get(format!("{}/health/runtime", host.url)).await?.json().await?;
    let all = status["categories"].as_array().cloned().unwrap_or_default();
    Ok(all.iter().find(|c| c["name"] == category).and_then(|c| c["in_flight"].as_u64()).unwrap_or(0))
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_plain_call() -> anyhow::Result<()> {
    let host = Options::with(&["progress"])?.in_process().start().await?;
    for tool in ["progress_endlessly", "progress_until_cancelled"] {
        let body = call(tool, &json!({}), &json!({}));
        let own = headers(tool);
        let own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let open = post(&host, "/mcp/full", &own, &body);
        let gone = tokio::time::timeout(Duration::from_secs(30), async {
            let mut open = std::pin::pin!(open);
            loop {
                tokio::select! {
                    answered = &mut open => anyhow::bail!("{tool} answered: {answered:?}"),
                    running = in_flight(&host, "progress") => if running? == 1 { return anyhow::Ok(()) },
                }
            }
        });
        gone.await??;
        let ended = async {
            while in_flight(&host, "progress").await? > 0 {}
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(30), ended).await??;
    }
    Ok(())
}
