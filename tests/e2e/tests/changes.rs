//! What one tenant's calls change is told to that tenant's clients only, in both eras of the protocol.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tandem_harness::{Host, Options};

const RESOURCE: &str = "test://watched-resource";
const TOOLS: &str = "notifications/tools/list_changed";
const PROMPTS: &str = "notifications/prompts/list_changed";
const UPDATED: &str = "notifications/resources/updated";

/// Server-sent events of one request.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    /// The method of the next notification.
    async fn next(&mut self) -> anyhow::Result<String> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                let message: Value = serde_json::from_str(&data).unwrap_or_default();
                if let Some(method) = message["method"].as_str() {
                    return Ok(method.to_owned());
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await;
            let chunk = chunk.context("nothing is told")??.context("the stream ended")?;
            self.text.push_str(std::str::from_utf8(&chunk)?);
        }
    }

    /// All that is told until, and with, `last`.
    async fn until(&mut self, last: &str) -> anyhow::Result<Vec<String>> {
        let mut told = Vec::new();
        while told.last().is_none_or(|method| method != last) {
            told.push(self.next().await?);
        }
        Ok(told)
    }
}

fn request(host: &Host, method: reqwest::Method, key: &str, version: &str) -> reqwest::RequestBuilder {
    reqwest::Client::new()
        .request(method, format!("{}/mcp/full", host.url))
        .bearer_auth(key)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", version)
}

/// A session with its stream, and with a subscription.
async fn session(host: &Host, key: &str) -> anyhow::Result<Events> {
    let version = "2025-11-25";
    let post = |body: Value| request(host, reqwest::Method::POST, key, version).json(&body);
    let hello = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let opened = post(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})).send().await?;
    let id = opened.headers()["mcp-session-id"].clone();
    opened.bytes().await?;
    let in_session = |request: reqwest::RequestBuilder| request.header("mcp-session-id", id.clone());
    in_session(post(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))).send().await?;
    let response = in_session(request(host, reqwest::Method::GET, key, version)).send().await?.error_for_status()?;
    let subscribe = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": RESOURCE}});
    let subscribed = in_session(post(subscribe)).send().await?.text().await?;
    anyhow::ensure!(!subscribed.contains("error"), "{subscribed}");
    Ok(Events { response, text: String::new() })
}

/// A listener for everything.
async fn listener(host: &Host, key: &str) -> anyhow::Result<Events> {
    let filter = json!({"toolsListChanged": true, "promptsListChanged": true, "resourceSubscriptions": [RESOURCE]});
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"notifications": filter, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params});
    let request = request(host, reqwest::Method::POST, key, "2026-07-28").header("mcp-method", "subscriptions/listen");
    let mut events = Events { response: request.json(&body).send().await?.error_for_status()?, text: String::new() };
    let first = events.next().await?;
    anyhow::ensure!(first == "notifications/subscriptions/acknowledged", "{first}");
    Ok(events)
}

#[tokio::test]
async fn changes_of_one_tenant_are_not_told_to_another() -> anyhow::Result<()> {
    let tenant = |name: &str| format!("[tenants.{name}]\nkeys = ['${{file:{{home}}/{name}}}']\n");
    let hash = |key: &str| hex::encode(Sha256::digest(key));
    let options = Options::with(&["conformance"])?.write("good", &hash("good")).write("bad", &hash("bad"));
    let host = options.config(&format!("{}{}", tenant("good"), tenant("bad"))).in_process().start().await?;
    let (good, bad) = (host.client_as("/mcp/full", "good").await?, host.client_as("/mcp/full", "bad").await?);
    for modern in [false, true] {
        let open = async |key| if modern { listener(&host, key).await } else { session(&host, key).await };
        let (mut to_good, mut to_bad) = (open("good").await?, open("bad").await?);
        bad.call("test_trigger_tool_change", json!({})).await?;
        assert_eq!(to_bad.until(TOOLS).await?, [TOOLS], "modern: {modern}");
        bad.call("test_trigger_resource_update", json!({})).await?;
        assert_eq!(to_bad.until(UPDATED).await?, [UPDATED], "modern: {modern}");
        // What comes in a burst is told together, lists first: only the second one shows that nothing came between.
        for _ in 0..2 {
            good.call("test_trigger_prompt_change", json!({})).await?;
            assert_eq!(to_good.until(PROMPTS).await?, [PROMPTS], "modern: {modern}");
        }
        good.call("test_trigger_resource_update", json!({})).await?;
        assert_eq!(to_good.until(UPDATED).await?, [UPDATED], "modern: {modern}");
    }
    Ok(())
}
