//! Two tenants at one door.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tandem_gateway::GatewayConfig;

use super::{
    Answer, Edge,
    keys::{key, keyed, ring, tenant},
};

const ACCEPT: (&str, &str) = ("accept", "application/json, text/event-stream");
const JSON: (&str, &str) = ("content-type", "application/json");
const VERSION: (&str, &str) = ("mcp-protocol-version", "2025-11-25");

async fn initialize(edge: &Edge, who: &str) -> Answer {
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string();
    edge.send(edge.request("POST", "/mcp", &[JSON, ACCEPT, ("x-api-key", who)], body)).await
}

async fn session(edge: &Edge, who: &str) -> String {
    initialize(edge, who).await.header("mcp-session-id").to_owned()
}

/// Everything that a client can do with a session's id.
async fn try_all(edge: &Edge, who: &str, id: &str) -> Vec<(u16, String)> {
    let session = [JSON, ACCEPT, VERSION, ("x-api-key", who), ("mcp-session-id", id)];
    let message = |body: Value| edge.request("POST", "/mcp", &session, body.to_string());
    let with_last: Vec<_> = session.iter().copied().chain([("last-event-id", "0/0")]).collect();
    let requests = [
        message(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})),
        message(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})),
        message(
            json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}),
        ),
        message(json!({"jsonrpc": "2.0", "id": 1, "result": {}})),
        edge.request("GET", "/mcp", &session, ""),
        edge.request("GET", "/mcp", &with_last, ""),
        edge.request("DELETE", "/mcp", &session, ""),
    ];
    let mut answers = Vec::new();
    for request in requests {
        let answer = edge.send(request).await;
        answers.push((answer.status, String::from_utf8(answer.body.to_vec()).unwrap()));
    }
    answers
}

#[tokio::test]
async fn a_session_of_another_is_like_one_that_never_was() {
    let edge = keyed(GatewayConfig::default(), &ring()).await;
    let id = session(&edge, "acme").await;
    let never = try_all(&edge, "other", "00000000-0000-4000-8000-000000000000").await;
    assert_eq!(try_all(&edge, "other", &id).await, never);
    assert!(never.iter().take(6).all(|(status, _)| *status == 404), "{never:?}");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let mine = [JSON, ACCEPT, VERSION, ("x-api-key", "acme"), ("mcp-session-id", &id)];
    assert_eq!(edge.send(edge.request("POST", "/mcp", &mine, list)).await.status, 200, "it is still there");
}

#[tokio::test]
async fn one_tenant_does_not_take_the_sessions_of_all() {
    let edge = keyed(GatewayConfig { session_limit: 4, ..GatewayConfig::default() }, &ring()).await;
    for _ in 0..2 {
        assert_eq!(initialize(&edge, "acme").await.status, 200);
    }
    let refused = initialize(&edge, "acme").await;
    assert_eq!((refused.status, refused.json()["value"].clone()), (503, json!("2")));
    assert_eq!(initialize(&edge, "other").await.status, 200);

    let config = GatewayConfig { session_limit: 4, session_limit_per_tenant: Some(3), ..GatewayConfig::default() };
    let edge = keyed(config, &ring()).await;
    for status in [200, 200, 200, 503] {
        assert_eq!(initialize(&edge, "acme").await.status, status);
    }
}

#[tokio::test]
async fn one_tenant_does_not_take_the_listeners_of_all() {
    let edge = keyed(GatewayConfig { subscription_limit: 2, ..GatewayConfig::default() }, &ring()).await;
    let listen = async |who: &str| {
        let params = json!({"notifications": {"toolsListChanged": true}});
        let mut request = edge.modern("/mcp", "subscriptions/listen", params);
        request.headers_mut().insert("x-api-key", who.parse().unwrap());
        let mut body = edge.open(request).await.into_body();
        let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await.unwrap().unwrap().unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
        (body, text)
    };
    let (_held, first) = listen("acme").await;
    assert!(first.contains("acknowledged"), "{first}");
    let (mut body, mut second) = listen("acme").await;
    while !second.contains("error") {
        let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await.expect("the limit is told");
        let data = frame.expect("an answer").unwrap().into_data().unwrap();
        second.push_str(std::str::from_utf8(&data).unwrap());
    }
    assert!(second.contains("\"limit\":\"subscriptions\"") && second.contains("\"value\":\"1\""), "{second}");
    let (_other, third) = listen("other").await;
    assert!(third.contains("acknowledged"), "{third}");
}

#[tokio::test]
async fn an_open_stream_ends_when_its_key_does() {
    let ring = ring();
    let config = GatewayConfig { recheck: Duration::from_millis(50), ..GatewayConfig::default() };
    let edge = keyed(config, &ring).await;
    let id = session(&edge, "acme").await;
    let headers = [("accept", "text/event-stream"), VERSION, ("mcp-session-id", id.as_str()), ("x-api-key", "acme")];
    let stream = edge.open(edge.request("GET", "/mcp", &headers, "")).await;
    assert_eq!(stream.status(), 200);
    let mut reading = tokio::spawn(stream.into_body().collect());
    let early = tokio::time::timeout(Duration::from_millis(300), &mut reading).await;
    assert!(early.is_err(), "it stays open as long as the key is good");
    ring.replace(vec![tenant("acme", vec![key("new")])]);
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn before_plugins_are_loaded_nothing_is_unknown_yet() {
    let edge = super::start(GatewayConfig::default()).await;
    edge.router.set_ready(false);
    let call = edge.post("/v1/tools/add/call", &json!({})).await;
    assert_eq!((call.status, call.json()["code"].clone()), (503, json!("unavailable")));
    assert_eq!((call.header("retry-after"), call.json()["retryable"].clone()), ("2", json!(true)));
    assert_eq!(edge.ask("/mcp", "tools/list", json!({})).await.status, 503);
    assert_eq!(edge.get("/v1/categories").await.status, 503);
    assert_eq!((edge.get("/").await.status, edge.get("/health").await.status), (200, 200));
    edge.router.set_ready(true);
    assert_eq!(edge.post("/v1/tools/add/call", &json!({})).await.status, 404);
}
