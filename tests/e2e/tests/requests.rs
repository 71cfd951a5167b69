//! What requests cost the host itself, before and beside the guests: names, arguments that do not fit, large values.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tandem_harness::{Host, Options, text, variant};

use crate::{
    fault,
    policy::{recorded, records, tandem},
    tenants::{both, host},
};

/// The most memory that the host ever had, in MiB.
fn peak(host: &Host) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.pid().unwrap_or(0)))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(u64::MAX) >> 10)
}

/// The arguments of a search whose filter has `leaf` below so many levels.
fn nested(leaf: Value, depth: usize) -> Value {
    let filter = (0..depth).fold(leaf, |filter, _| json!({"and": [filter]}));
    json!({"index": "i", "query": "q", "filter": filter})
}

/// The search plugin with a schema of filters that refers to itself, as plugins of strangers have them.
fn recursive(directory: &std::path::Path) -> anyhow::Result<std::path::PathBuf> {
    let path = directory.join("search.wasm");
    variant("search", &path, |_, descriptors| {
        let comparison = json!({"type": "object", "properties": {"field": {"type": "string"}, "value": {"anyOf": [
            {"type": "boolean"}, {"type": "number"}, {"type": "string"}
        ]}}, "required": ["field", "value"], "additionalProperties": false});
        let one = |name: &str, schema: &Value| json!({"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": false});
        let list = json!({"type": "array", "items": {"$ref": "#/$defs/filter"}});
        let filter = json!({"oneOf": [
            one("eq", &comparison), one("gte", &comparison), one("and", &list), one("or", &list),
            one("not", &json!({"$ref": "#/$defs/filter"}))
        ]});
        for tool in descriptors.tools.iter_mut().filter(|tool| tool.name == "search_query") {
            tool.input_schema["properties"]["filter"] = json!({"$ref": "#/$defs/filter"});
            tool.input_schema["$defs"] = json!({"filter": filter});
        }
    })?;
    Ok(path)
}

#[tokio::test]
async fn arguments_that_do_not_fit_cost_little_and_are_named_by_their_parameter() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let host = Options::with(&["echo"])?.file(recursive(directory.path())?).start().await?;
    let client = host.client("/mcp/full").await?;
    client.call("add", json!({"a": 1, "b": 2})).await?;
    let before = peak(&host)?;
    let wrong = || json!({"eq": {"field": "a", "value": []}});
    let wide = json!({"index": "i", "query": "q", "filter": {"and": vec![wrong(); 10_000]}});
    for arguments in [nested(wrong(), 3), nested(wrong(), 14), nested(wrong(), 45), wide] {
        let start = Instant::now();
        let fault = fault(&client.call("search_query", arguments).await?);
        assert_eq!(fault["code"], "invalid_arguments", "{fault}");
        let place = fault["violations"][0]["pointer"].as_str().expect("a place");
        assert!(place.starts_with("/filter") && place.ends_with("/eq/value"), "{fault}");
        // It took minutes and gigabytes, twice as much for each level.
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
    assert!(peak(&host)? < before + 150, "{before} MiB, then {}", peak(&host)?);
    Ok(())
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_charged_to_their_tenant() -> anyhow::Result<()> {
    let host = host(&["search", "echo"], "cpu-per-minute = '100ms'", "").await?;
    let (good, bad) = both(&host).await?;
    // Nothing is wrong with them before the last one.
    let mut ids = vec![json!("a"); 100_000];
    ids.push(json!([]));
    let arguments = json!({"index": "i", "ids": ids});
    let mut limited = false;
    for _ in 0..50 {
        // Reading them is charged as well, and is refused before there is a call.
        limited = limited
            || match bad.call("search_delete", arguments.clone()).await {
                Ok(result) => fault(&result)["limit"] == "tenant-cpu",
                Err(refused) => format!("{refused:?}").contains("tenant-cpu"),
            };
    }
    assert!(limited, "fifty of these take more than 100 ms");
    assert_eq!(good.call("add", json!({"a": 1, "b": 2})).await?.is_error, Some(false));
    Ok(())
}

#[tokio::test]
async fn a_tool_name_of_megabytes_is_not_found_and_charged_as_a_call() -> anyhow::Result<()> {
    let host = host(&["echo"], "rate = { per-second = 1, burst = 6 }", "").await?;
    let (good, bad) = both(&host).await?;
    let long = "add".repeat(1_000_000);
    let told = bad.call(&long, json!({})).await.expect_err("there is no such tool").to_string();
    assert!(told.len() < 1000 && told.contains("addadd"), "the name is cut: {} bytes", told.len());
    let mut limited = 0;
    for i in 0..20 {
        let refused = bad.call(&format!("probe_{i}"), json!({})).await.expect_err("there is no such tool");
        limited += usize::from(format!("{refused:?}").contains("tenant-rate"));
    }
    assert!(limited > 5, "calls of what is not there count against the rate: {limited}");
    assert_eq!(good.call("add", json!({"a": 1, "b": 2})).await?.is_error, Some(false), "the neighbour has its own");
    recorded(&host, "\"tool\": String(\"probe_1\")").await?;
    let rows = records(&host).await?;
    let probe = rows.iter().map(|row| &row["body"]).find(|body| body["tool"] == "probe_1");
    let probe = probe.unwrap_or_else(|| panic!("no probe in {rows:?}"));
    assert_eq!((&probe["tenant"], &probe["outcome"]), (&json!("bad"), &json!("not_found")), "{probe}");
    assert!(rows.iter().all(|row| row.to_string().len() < 4000), "no record holds the long name");
    Ok(())
}

#[tokio::test]
async fn names_that_are_not_there_are_recorded_without_tenants_too_and_through_every_door() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    let client = host.client("/mcp").await?;
    let long = "x".repeat(100_000);
    for (name, arguments) in [
        ("tools_dispatch", json!({"tool": "not_there_1"})),
        ("tools_dispatch", json!({"calls": [{"tool": "not_there_2"}, {"tool": long}]})),
        ("tools_get_schema", json!({"tool": ["add", long, "ad"]})),
    ] {
        let result = client.call(name, arguments).await?;
        assert!(format!("{result:?}").len() < 20_000, "{name} repeats the name");
    }
    reqwest::Client::new()
        .post(format!("{}/v1/tools/not_there_3/call", host.url))
        .json(&json!({"arguments": {}}))
        .send()
        .await?
        .error_for_status()
        .expect_err("it is not there");
    for i in 1..=3 {
        recorded(&host, &format!("String(\"not_there_{i}\")")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn calls_with_a_key_that_was_issued_are_recorded() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.config("[tenants.good]\n").start().await?;
    let issued = tandem(host.directory.path(), &["keys", "issue", "--tenant", "good", "--name", "laptop"]).await?;
    let said = String::from_utf8(issued.stdout)?;
    let key = said.split_whitespace().find(|word| word.starts_with("tdm_")).unwrap_or_else(|| panic!("no key: {said}"));
    for _ in 0..100 {
        let Ok(client) = host.client_as("/mcp/full", key).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        assert_eq!(text(&client.call("echo", json!({"text": "hello"})).await?), "hello");
        break;
    }
    recorded(&host, "\"tool\": String(\"echo\")").await
}

/// A body of so many small objects, which take a hundred times their text.
fn small_objects(count: usize) -> String {
    format!("{{\"arguments\": {{\"text\": [{}]}}}}", vec!["{\"\":0}"; count].join(","))
}

async fn post(host: &Host, key: &str, tool: &str, body: String) -> reqwest::Result<u16> {
    let request = reqwest::Client::new().post(format!("{}/v1/tools/{tool}/call", host.url));
    let request = request.header("content-type", "application/json").bearer_auth(key);
    Ok(request.body(body).send().await?.status().as_u16())
}

#[tokio::test]
async fn what_bodies_are_parsed_to_is_charged_before_they_are() -> anyhow::Result<()> {
    let host = host(&["echo"], "memory = '64MiB'", "").await?;
    let (before, large) = (peak(&host)?, small_objects(300_000));
    for _ in 0..4 {
        // The connection may close before all of it is sent.
        let status = post(&host, "bad", "echo", large.clone()).await;
        assert!(status.as_ref().map_or(true, |status| *status == 429), "{status:?}");
    }
    assert!(peak(&host)? < before + 60, "{before} MiB, then {}", peak(&host)?);
    assert_eq!(post(&host, "bad", "echo", small_objects(10)).await?, 400, "a small one is read, and does not fit");
    assert_eq!(post(&host, "good", "echo", large).await?, 400, "the neighbour has memory of its own");
    let text = json!({"arguments": {"text": "x".repeat(3 << 20)}}).to_string();
    assert_ne!(post(&host, "bad", "echo", text).await?, 429, "texts take little more than they are, and all came back");
    Ok(())
}

#[tokio::test]
async fn bodies_that_are_never_finished_hold_no_more_than_their_tenants_share() -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let host = host(&["echo"], "memory = '16MiB'", "").await?;
    let address = host.url.trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /v1/tools/echo/call HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer bad\r\n\
         content-type: application/json\r\ncontent-length: 4000000\r\n\r\n"
    );
    let (mut open, mut refused) = (Vec::new(), 0);
    for _ in 0..12 {
        let mut stream = tokio::net::TcpStream::connect(&address).await?;
        stream.write_all(head.as_bytes()).await?;
        let _cut = stream.write_all(b"\"").await;
        let _cut = stream.write_all(&vec![b'x'; 1 << 20]).await;
        let mut answer = [0; 12];
        let read = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut answer)).await;
        refused += usize::from(read.is_ok());
        open.push(stream);
    }
    assert!(refused >= 6, "16 MiB are at most four bodies of one: {refused}");
    assert_eq!(post(&host, "good", "echo", json!({"arguments": {"text": "x"}}).to_string()).await?, 200);
    drop(open);
    for _ in 0..100 {
        let text = json!({"arguments": {"text": "x".repeat(1 << 20)}}).to_string();
        if post(&host, "bad", "echo", text).await.is_ok_and(|status| status == 200) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("what closed connections held did not come back")
}

#[tokio::test]
async fn refused_credentials_are_recorded_once_in_a_while() -> anyhow::Result<()> {
    let host = host(&["echo"], "", "").await?;
    for i in 0..30 {
        assert_eq!(post(&host, &format!("guess-{i}"), "echo", "{}".to_owned()).await?, 401);
    }
    recorded(&host, "credentials.refused").await?;
    let rows = records(&host).await?;
    let events: Vec<_> = rows.iter().filter(|row| row["body"]["event"] == "credentials.refused").collect();
    assert_eq!(events.len(), 1, "guessing does not fill the log: {events:?}");
    assert_eq!(events[0]["body"]["details"]["address"], "127.0.0.1");
    assert!(!format!("{rows:?}").contains("guess-"), "no credential is in the log");
    Ok(())
}
