//! What is said to a client whose messages are not as they should be.

use futures::StreamExt as _;
use serde_json::{Value, json};
use tandem_gateway::GatewayConfig;

use super::{Answer, Edge, start};

const JSON: (&str, &str) = ("content-type", "application/json");
const BOTH: (&str, &str) = ("accept", "application/json, text/event-stream");
const MODERN: &str = "2026-07-28";

/// A session of a revision.
async fn session(edge: &Edge, version: &str) -> String {
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let answer = post(edge, &[], hello.to_string()).await;
    assert_eq!(answer.message()["result"]["protocolVersion"], version);
    answer.header("mcp-session-id").to_owned()
}

async fn post(edge: &Edge, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Answer {
    let headers: Vec<_> = [JSON, BOTH].into_iter().chain(headers.iter().copied()).collect();
    edge.send(edge.request("POST", "/mcp", &headers, body)).await
}

/// A refusal: its status, code and id.
fn refusal(answer: &Answer) -> (u16, i64, Value) {
    assert_eq!(answer.header("content-type"), "application/json", "{:?}", answer.body);
    let message = answer.json();
    assert_eq!(message["jsonrpc"], "2.0");
    let id = message.get("id").cloned().expect("an id, or null");
    (answer.status, message["error"]["code"].as_i64().unwrap(), id)
}

#[tokio::test]
async fn what_is_no_message_is_a_json_rpc_error() {
    let edge = start(GatewayConfig::default()).await;
    let id = session(&edge, "2025-06-18").await;
    let in_session = [("mcp-session-id", id.as_str()), ("mcp-protocol-version", "2025-06-18")];
    let modern = [("mcp-protocol-version", MODERN)];
    let cases: [(&[u8], i64); 11] = [
        (b"", -32700),
        (b"{", -32700),
        (b"hello", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x", -32700),
        (b"5", -32600),
        (b"{\"a\":1}", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"tools/list\"}", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"tools/list\"}", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"tools/list\"}", -32600),
        (b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600),
    ];
    for (body, code) in cases {
        for headers in [&[][..], &in_session, &modern] {
            let answer = post(&edge, headers, body).await;
            assert_eq!(refusal(&answer), (400, code, Value::Null), "{}", String::from_utf8_lossy(body));
        }
    }
    let text = edge.send(edge.request("POST", "/mcp", &[("content-type", "text/plain"), BOTH], "{}")).await;
    assert_eq!(text.status, 415);
    refusal(&text);
}

#[tokio::test]
async fn a_request_without_a_session_says_how_to_get_one() {
    let edge = start(GatewayConfig::default()).await;
    let list = r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}"#;
    for headers in [&[][..], &[("mcp-protocol-version", "2025-06-18")]] {
        let answer = post(&edge, headers, list).await;
        assert_eq!(refusal(&answer), (400, -32600, json!(7)));
        let text = answer.json()["error"]["message"].to_string();
        assert!(text.contains("initialize") && text.contains("Mcp-Session-Id") && text.contains(MODERN), "{text}");
    }
    let id = session(&edge, "2025-06-18").await;
    let answer = post(&edge, &[("mcp-session-id", &id), ("mcp-protocol-version", "2025-06-18")], list).await;
    assert!(answer.message()["result"]["tools"].is_array(), "{:?}", answer.body);
}

/// A client of the newest revision has no session, and would look for one in vain.
#[tokio::test]
async fn nobody_is_sent_for_a_session_who_needs_none() {
    let edge = start(GatewayConfig::default()).await;
    let newest = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}}});
    for (headers, method, params) in [
        (&[][..], "tools/list", newest),
        (&[("mcp-protocol-version", MODERN)], "tools/list", json!({})),
        (&[], "server/discover", json!({})),
    ] {
        let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let answer = post(&edge, headers, request.to_string()).await;
        assert!(!answer.message().to_string().contains("Mcp-Session-Id"), "{request}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn what_is_too_long_is_said_with_the_limit() {
    let edge = start(GatewayConfig { max_body: 1000, ..GatewayConfig::default() }).await;
    let long = json!({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"t": "x".repeat(1000)}}).to_string();
    let answer = post(&edge, &[], long.clone()).await;
    assert_eq!(refusal(&answer), (413, -32600, Value::Null));
    assert_eq!(answer.json()["error"]["data"]["limit"], "max-body");
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("1000"));

    // Without a length before it.
    let chunks = futures::stream::iter(long.into_bytes()).map(|byte| Ok::<_, std::convert::Infallible>(frame(byte)));
    let request = edge.request("POST", "/mcp", &[JSON, BOTH], "");
    let answer = edge.send_any(request.map(|_| http_body_util::StreamBody::new(chunks))).await;
    assert_eq!(refusal(&answer), (413, -32600, Value::Null));
}

fn frame(byte: u8) -> hyper::body::Frame<bytes::Bytes> {
    hyper::body::Frame::data(vec![byte].into())
}

#[tokio::test]
async fn wrong_parameters_are_named_in_both_eras() {
    let edge = start(GatewayConfig::default()).await;
    let id = session(&edge, "2025-06-18").await;
    let session = [("mcp-session-id", id.as_str()), ("mcp-protocol-version", "2025-06-18")];
    // Method, parameters, the member that is wrong, and whether each era has the method.
    let cases = [
        ("tools/call", json!({"name": "t", "arguments": []}), "arguments", true, true),
        ("tools/call", json!({"name": "t", "arguments": "{}"}), "arguments", true, true),
        ("tools/call", json!({"name": 7}), "name", true, true),
        ("tools/call", json!({"arguments": {}}), "name", true, true),
        ("tools/list", json!({"cursor": 5}), "cursor", true, true),
        ("prompts/list", json!({"cursor": {}}), "cursor", true, true),
        ("resources/list", json!({"cursor": []}), "cursor", true, true),
        ("resources/templates/list", json!({"cursor": true}), "cursor", true, true),
        ("prompts/get", json!({"name": "p", "arguments": []}), "arguments", true, true),
        ("prompts/get", json!({}), "name", true, true),
        ("resources/read", json!({"uri": 5}), "uri", true, true),
        ("completion/complete", json!({"argument": {"name": "a", "value": "b"}}), "ref", true, true),
        ("initialize", json!({"capabilities": {}}), "protocolVersion", true, false),
        ("logging/setLevel", json!({"level": "loud"}), "level", true, false),
        ("resources/subscribe", json!({"uri": {}}), "uri", true, false),
        ("resources/unsubscribe", json!({}), "uri", true, false),
        ("ping", json!({"_meta": {"progressToken": {}}}), "progressToken", true, true),
        ("tools/list", json!({"_meta": {"progressToken": "x".repeat(2000)}}), "progressToken", true, true),
        ("subscriptions/listen", json!({"notifications": 5}), "notifications", false, true),
    ];
    for (method, params, member, legacy, modern) in cases {
        let body = json!({"jsonrpc": "2.0", "id": "x", "method": method, "params": params});
        let answers = [
            (legacy, post(&edge, &session, body.to_string()).await),
            (modern, edge.ask("/mcp", method, params.clone()).await),
        ];
        for (has, answer) in answers {
            let error = &answer.message()["error"];
            match has {
                true => {
                    assert_eq!((answer.status, &error["code"]), (200, &json!(-32602)), "{method} {params}");
                    let text = error["message"].as_str().unwrap();
                    assert!(text.contains(&format!("{member}`")), "{method} {params}: {text}");
                    assert_eq!(error["data"]["code"], "invalid_params");
                }
                false => assert_eq!(error["code"], -32601, "{method} {params}"),
            }
        }
    }
    for params in [json!([]), json!(5), json!("{}")] {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params});
        let answer = post(&edge, &session, body.to_string()).await;
        assert_eq!(refusal(&answer), (200, -32602, json!(1)), "{params}");
    }
    // Deeper than anybody reads.
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{{"name":"t","arguments":{{"a":{}{}}}}}}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let answer = post(&edge, &session, deep).await;
    assert_eq!((answer.message()["error"]["code"].clone(), answer.message()["id"].clone()), (json!(-32602), json!(9)));
}

#[tokio::test]
async fn odd_forms_of_a_message_are_read_or_named() {
    let edge = start(GatewayConfig::default()).await;
    let id = session(&edge, "2025-06-18").await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let send = async |headers: &[(&str, &str)], body: String| {
        let usual = [("accept", "application/json"), ("mcp-session-id", id.as_str())];
        edge.send(edge.request("POST", "/mcp", &[&usual[..], headers].concat(), body)).await
    };
    for (headers, body) in [
        (vec![JSON], format!("\u{feff}{body}")),
        (vec![JSON], format!("\r\n {body}\n")),
        (vec![("content-type", "Application/JSON; charset=UTF-8")], body.clone()),
        (vec![JSON, ("content-encoding", "identity")], body.clone()),
    ] {
        let answer = send(&headers, body).await;
        assert_eq!(
            (answer.status, answer.message()),
            (200, json!({"jsonrpc": "2.0", "id": 1, "result": {}})),
            "{headers:?}"
        );
    }
    let packed = send(&[JSON, ("content-encoding", "gzip")], body).await;
    let told = packed.message()["error"]["message"].as_str().unwrap().to_owned();
    assert!(packed.status == 415 && told.contains("`gzip` is not supported"), "{told}");
    for method in ["roots/list", "nothing/like/it"] {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method}).to_string();
        let error = send(&[JSON], body).await.message()["error"].clone();
        assert_eq!(error, json!({"code": -32601, "message": format!("unknown method `{method}`")}));
    }
}

#[tokio::test]
async fn every_accept_that_means_json_is_answered() {
    let edge = start(GatewayConfig::default()).await;
    let id = session(&edge, "2025-06-18").await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let ask = async |accept: Option<&str>, session: bool| {
        let mut headers = vec![JSON];
        headers.extend(accept.map(|accept| ("accept", accept)));
        if session {
            headers.push(("mcp-session-id", &id));
            return edge.send(edge.request("POST", "/mcp", &headers, body.clone())).await;
        }
        let mut request = edge.modern("/mcp", "tools/list", json!({}));
        request.headers_mut().remove("accept");
        if let Some(accept) = accept {
            request.headers_mut().insert("accept", accept.parse().unwrap());
        }
        edge.send(request).await
    };
    for era in [true, false] {
        for accept in [None, Some("*/*"), Some("application/*, text/*"), Some("text/html, */*;q=0.1")] {
            let answer = ask(accept, era).await;
            assert_eq!(answer.status, 200, "{accept:?}");
            assert_eq!(answer.message()["result"]["tools"].as_array().unwrap().len(), 5);
        }
        for accept in ["application/json", "application/*", "text/event-stream;q=0, */*"] {
            let answer = ask(Some(accept), era).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{accept}");
            assert_eq!(answer.json()["result"]["tools"].as_array().unwrap().len(), 5);
        }
        let events = ask(Some("application/json;q=0, text/event-stream"), era).await;
        assert_eq!(events.message()["result"]["tools"].as_array().map(Vec::len), Some(5), "events alone");
        for accept in ["text/html", "*/*;q=0", "application/json;q=0"] {
            let answer = ask(Some(accept), era).await;
            assert_eq!((answer.status, answer.message()["id"].is_null()), (406, false), "{accept}");
            assert!(answer.message()["error"]["message"].as_str().unwrap().contains("or both"), "{accept}");
        }
    }
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}).to_string();
    let answer = edge.send(edge.request("POST", "/mcp", &[JSON, ("accept", "application/json")], hello)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert!(!answer.header("mcp-session-id").is_empty());
}

#[tokio::test]
async fn batches_are_served_in_the_revision_that_has_them() {
    let edge = start(GatewayConfig::default()).await;
    let old = session(&edge, "2025-03-26").await;
    let ping = |id: Value| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
    let note = json!({"jsonrpc": "2.0", "method": "notifications/x"});
    let list = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": {"cursor": 5}});
    let begin = json!({"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": {"protocolVersion": "2025-03-26",
        "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
    let batch = json!([ping(json!(1)), note, ping(json!("1")), 5, list, begin]);
    // Clients of that revision send no header.
    for headers in
        [&[("mcp-session-id", old.as_str())][..], &[("mcp-session-id", &old), ("mcp-protocol-version", "2025-03-26")]]
    {
        let answer = post(&edge, headers, batch.to_string()).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        let mut answers: Vec<String> = data
            .filter(|data| !data.is_empty())
            .map(|data| serde_json::from_str::<Value>(data).unwrap())
            .map(|message| format!("{} {}", message["id"], message["error"]["code"]))
            .collect();
        answers.sort();
        assert_eq!(answers, ["\"1\" null", "1 null", "3 -32602", "4 -32600", "null -32600"]);
        assert_eq!(post(&edge, headers, json!([note, note]).to_string()).await.status, 202);
        assert_eq!(refusal(&post(&edge, headers, "[]").await), (400, -32600, Value::Null));
        let many = Value::Array(vec![ping(json!(1)); 65]);
        assert_eq!(refusal(&post(&edge, headers, many.to_string()).await), (400, -32600, Value::Null));
    }
    let gone =
        post(&edge, &[("mcp-session-id", "00000000-0000-4000-8000-000000000000")], json!([ping(json!(1))]).to_string());
    assert_eq!(gone.await.status, 400);
    let new = session(&edge, "2025-06-18").await;
    let refused = post(&edge, &[("mcp-session-id", &new)], json!([ping(json!(1))]).to_string()).await;
    assert_eq!(refusal(&refused), (400, -32600, Value::Null));
}

#[tokio::test]
async fn an_unknown_revision_is_told_the_known_ones() {
    let edge = start(GatewayConfig::default()).await;
    let id = session(&edge, "2025-06-18").await;
    let headers = [("mcp-session-id", id.as_str()), ("mcp-protocol-version", "2099-01-01")];
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}).to_string();
    let answer = post(&edge, &headers, ping).await;
    assert_eq!(refusal(&answer), (400, -32022, json!(2)));
    let supported = answer.json()["error"]["data"]["supported"].clone();
    assert_eq!(supported, json!(["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]));
    for method in ["GET", "DELETE"] {
        let all: Vec<_> = headers.into_iter().chain([("accept", "text/event-stream")]).collect();
        let answer = edge.send(edge.request(method, "/mcp", &all, "")).await;
        assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (400, json!(-32022)), "{method}");
    }
    // A client that hopes for more learns what there is.
    let params =
        json!({"protocolVersion": "2099-01-01", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
    let answer = post(&edge, &[("mcp-protocol-version", "2099-01-01")], hello).await;
    assert_eq!(answer.message()["result"]["protocolVersion"], "2025-11-25");
    let none = json!({"jsonrpc": "2.0", "id": 5, "method": "initialize", "params": {}}).to_string();
    let answer = post(&edge, &[], none).await;
    assert_eq!(refusal(&answer), (200, -32602, json!(5)));
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("`protocolVersion`"));
}

#[tokio::test]
async fn what_is_gone_is_not_found() {
    let edge = start(GatewayConfig::default()).await;
    let id = session(&edge, "2025-06-18").await;
    let with = |more: &[(&'static str, &'static str)]| {
        let mut headers = vec![JSON, BOTH, ("mcp-session-id", id.as_str())];
        headers.extend(more);
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let send = async |method: &str, headers: Vec<(String, String)>, body: &str| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = edge.send(edge.request(method, "/mcp/", &headers, body.to_owned()));
        tokio::time::timeout(std::time::Duration::from_secs(20), answer).await.expect("it hangs")
    };
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    assert_eq!(send("POST", with(&[]), ping).await.status, 200, "with a slash at the end");
    for (last, status) in [("7/99", 404), ("0/99", 404), ("x", 400), ("1/x", 400)] {
        let last: &'static str = last;
        let answer = send("GET", with(&[("last-event-id", last)]), "").await;
        assert_eq!(refusal(&answer).0, status, "{last}");
    }
    assert_eq!(send("DELETE", with(&[]), "").await.status, 204);
    for (method, body) in [("DELETE", ""), ("POST", ping), ("GET", "")] {
        assert_eq!(refusal(&send(method, with(&[]), body).await).0, 404, "{method}");
    }
    let resumed = send("GET", with(&[("last-event-id", "0/0")]), "").await;
    assert_eq!(resumed.status, 404);
}

#[tokio::test]
async fn many_large_messages_at_once_are_all_answered() {
    let edge = start(GatewayConfig::default()).await;
    let id = session(&edge, "2025-06-18").await;
    let in_session = [("mcp-session-id", id.as_str()), ("mcp-protocol-version", "2025-06-18")];
    let modern = [("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "none")];
    let meta = json!({"io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {}});
    let call = |number: usize| {
        let is_modern = number.is_multiple_of(2);
        let mut params = json!({"name": "none", "arguments": {"text": "x".repeat(number * 20_000)}});
        if is_modern {
            params["_meta"] = meta.clone();
        }
        let body = json!({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).to_string();
        let headers: &[(&str, &str)] = if is_modern { &modern } else { &in_session };
        let (edge, headers) = (&edge, headers.to_vec());
        async move {
            let answer = post(edge, &headers, body).await;
            assert_eq!(answer.message()["id"], number, "{:?}", answer.body);
            assert!(
                answer.message()["error"]["message"].as_str().unwrap().contains("unknown tool"),
                "{:?}",
                answer.body
            );
        }
    };
    let all = futures::future::join_all((0..24).map(call));
    tokio::time::timeout(std::time::Duration::from_secs(120), all).await.expect("one is never answered");
}
