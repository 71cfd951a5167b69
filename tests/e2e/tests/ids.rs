//! Requests in flight with one id: each has its own answer, its own progress and its own end.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tandem_harness::{Host, Options};

use crate::stdio::Pipe;

const VERSION: &str = "2025-06-18";
/// A call that is still there when everything else of a test is done.
const LONG: u64 = 30_000;

async fn post(host: &Host, headers: &[(&str, &str)], body: &Value) -> anyhow::Result<reqwest::Response> {
    let mut request = reqwest::Client::new()
        .post(format!("{}/mcp/full", host.url))
        .header("accept", "application/json, text/event-stream")
        .json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?)
}

/// The messages of an answer that is read to its end.
async fn messages(response: reqwest::Response) -> anyhow::Result<Vec<Value>> {
    let text = tokio::time::timeout(Duration::from_secs(60), response.text()).await.context("the stream hangs")??;
    if text.starts_with('{') {
        return Ok(vec![serde_json::from_str(&text)?]);
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    data.filter(|data| !data.is_empty()).map(|data| Ok(serde_json::from_str(data)?)).collect()
}

fn call(id: &Value, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": id}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

/// A session of an older revision.
struct Session<'a> {
    host: &'a Host,
    id: String,
}

impl<'a> Session<'a> {
    async fn open(host: &'a Host) -> anyhow::Result<Self> {
        let params =
            json!({"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let response = post(host, &[], &hello).await?;
        let id = response.headers().get("mcp-session-id").context("no session")?.to_str()?.to_owned();
        anyhow::ensure!(messages(response).await?[0]["id"] == 1);
        let session = Self { host, id };
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        Ok(session)
    }

    async fn send(&self, body: &Value) -> anyhow::Result<reqwest::Response> {
        post(self.host, &[("mcp-session-id", &self.id), ("mcp-protocol-version", VERSION)], body).await
    }
}

/// The text of the answer, which must have this id.
fn answer<'a>(messages: &'a [Value], id: &Value) -> &'a str {
    let last = messages.last().expect("an answer");
    assert_eq!(last["id"], *id, "{last}");
    last["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{last}"))
}

#[tokio::test]
async fn each_request_of_a_session_has_its_own_answer() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let session = Session::open(&host).await?;
    // Whichever ends first, and where one is a number and the other a text.
    for (a, b, first, second) in
        [(json!(1), json!(1), 900, 100), (json!("s"), json!("s"), 100, 900), (json!(1), json!("1"), 500, 500)]
    {
        let long = session.send(&call(&a, "sleep_ms", json!({"ms": first}))).await?;
        let short = session.send(&call(&b, "sleep_ms", json!({"ms": second}))).await?;
        let (long, short) = tokio::try_join!(messages(long), messages(short))?;
        assert_eq!(answer(&long, &a), format!("slept {first} ms"));
        assert_eq!(answer(&short, &b), format!("slept {second} ms"));
    }
    Ok(())
}

#[tokio::test]
async fn requests_of_the_newer_revision_have_their_own_answers() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let ask = async |ms: u64| {
        let mut body = call(&json!(1), "sleep_ms", json!({"ms": ms}));
        body["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}});
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "sleep_ms")];
        messages(post(&host, &headers, &body).await?).await
    };
    let (long, short) = tokio::try_join!(ask(900), ask(100))?;
    assert_eq!(answer(&long, &json!(1)), "slept 900 ms");
    assert_eq!(answer(&short, &json!(1)), "slept 100 ms");
    Ok(())
}

#[tokio::test]
async fn progress_goes_to_the_request_that_makes_it() -> anyhow::Result<()> {
    let host = Options::with(&["progress"])?.in_process().start().await?;
    let session = Session::open(&host).await?;
    let id = json!(1);
    let long = session.send(&call(&id, "progress_steps", json!({"steps": 60}))).await?;
    let short = session.send(&call(&id, "progress_steps", json!({"steps": 5}))).await?;
    let (long, short) = tokio::try_join!(messages(long), messages(short))?;
    for (messages, steps) in [(long, 60.0), (short, 5.0)] {
        let (last, reports) = messages.split_last().context("an answer")?;
        assert_eq!(last["result"]["structuredContent"]["result"], json!(steps as u64), "{last}");
        assert!(!reports.is_empty());
        for report in reports {
            assert_eq!(report["params"]["progressToken"], id, "{report}");
            assert_eq!(report["params"]["total"], steps, "{report}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_cancellation_ends_the_last_request_of_its_id_and_no_other() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.in_process().start().await?;
    let session = Session::open(&host).await?;
    let id = json!("same");
    let kept = session.send(&call(&id, "sleep_ms", json!({"ms": 3000}))).await?;
    let stopped = session.send(&call(&id, "sleep_ms", json!({"ms": LONG}))).await?;
    let other = session.send(&call(&json!(7), "sleep_ms", json!({"ms": 100}))).await?;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    assert_eq!(session.send(&cancel).await?.status(), 202);
    let (kept, stopped, other) = tokio::try_join!(messages(kept), messages(stopped), messages(other))?;
    assert!(stopped.is_empty(), "a cancelled request has no answer: {stopped:?}");
    assert_eq!(answer(&kept, &id), "slept 3000 ms");
    assert_eq!(answer(&other, &json!(7)), "slept 100 ms");
    Ok(())
}

#[tokio::test]
async fn over_a_pipe_the_second_request_of_an_id_is_refused() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let mut pipe = Pipe::with(home.path(), &["echo"], &[]).await?;
    pipe.send(call(&json!(5), "sleep_ms", json!({"ms": 2000}))).await?;
    pipe.send(call(&json!("5"), "sleep_ms", json!({"ms": 1000}))).await?;
    pipe.send(call(&json!(5), "sleep_ms", json!({"ms": 100}))).await?;
    let refused = pipe.next().await?;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(5), &json!(-32600)), "{refused}");
    let text = pipe.next().await?;
    assert_eq!(answer(&[text], &json!("5")), "slept 1000 ms");
    let number = pipe.next().await?;
    assert_eq!(answer(&[number], &json!(5)), "slept 2000 ms");

    // What is cancelled is out of the way, and never answers for the next one of its id.
    pipe.send(call(&json!(5), "sleep_ms", json!({"ms": LONG}))).await?;
    pipe.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}})).await?;
    pipe.send(call(&json!(5), "sleep_ms", json!({"ms": 200}))).await?;
    let next = pipe.next().await?;
    assert_eq!(answer(&[next], &json!(5)), "slept 200 ms");
    pipe.close().await
}
