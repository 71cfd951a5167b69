use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tandem_gateway::{Exposure, GatewayConfig};

use super::{Edge, start};

const META: &str = "io.modelcontextprotocol/serverInfo";

#[tokio::test]
async fn discovery_names_server_versions_and_how_to_find_tools() {
    let edge = start(GatewayConfig { server_name: "host".to_owned(), ..GatewayConfig::default() }).await;
    let answer = edge.ask("/mcp", "server/discover", json!({})).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let result = &answer.message()["result"];
    assert_eq!(result["supportedVersions"], json!(["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]));
    assert_eq!(result["_meta"][META]["name"], "host");
    assert!(result["instructions"].as_str().unwrap().contains("tools_search"));
    for capability in ["tools", "prompts", "resources"] {
        assert_eq!(result["capabilities"][capability]["listChanged"], true, "{capability}");
    }
    assert_eq!(result["capabilities"]["resources"]["subscribe"], true);
}

#[tokio::test]
async fn lists_are_answered_with_hints_for_clients_that_know_them() {
    let edge = start(GatewayConfig::default()).await;
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        let result = edge.ask("/mcp", method, json!({})).await.message()["result"].clone();
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(60_000), &json!("private")), "{method}");
        assert_eq!(result["_meta"][META]["name"], "tandem", "{method}");
    }
    let session = edge.initialize().await;
    let id = session.header("mcp-session-id").to_owned();
    let list = edge.legacy(Some(&id), &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await.message();
    assert!(list["result"].get("ttlMs").is_none() && list["result"].get("_meta").is_none(), "{list}");
}

#[tokio::test]
async fn each_endpoint_lists_what_it_exposes() {
    let edge = start(GatewayConfig::default()).await;
    let names = async |path: &str| {
        let message = edge.ask(path, "tools/list", json!({})).await.message();
        let tools = message["result"]["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let meta = ["tools_dispatch", "tools_get_schema", "tools_list_categories", "tools_list_tools", "tools_search"];
    assert_eq!(names("/mcp").await, meta);
    assert!(names("/mcp/full").await.is_empty());
    let missing = edge.ask("/mcp/category/none", "tools/list", json!({})).await;
    assert_eq!((missing.status, missing.json()["code"].clone()), (404, json!("not_found")));

    let full = start(GatewayConfig { exposure: Exposure::Full, ..GatewayConfig::default() }).await;
    let listed = full.ask("/mcp", "tools/list", json!({})).await.message();
    assert_eq!(listed["result"]["tools"], json!([]));
}

#[tokio::test]
async fn a_page_at_a_time_gives_the_whole_list() {
    let edge = start(GatewayConfig { page_size: 2, ..GatewayConfig::default() }).await;
    let (mut cursor, mut seen) = (Value::Null, Vec::new());
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({"cursor": cursor}) };
        let result = edge.ask("/mcp", "tools/list", params).await.message()["result"].clone();
        seen.extend(result["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()));
        cursor = result["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    let wrong = edge.ask("/mcp", "tools/list", json!({"cursor": "%"})).await.message();
    assert_eq!(wrong["error"]["code"], -32602);
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_words_of_each_era() {
    let edge = start(GatewayConfig::default()).await;
    let tool = edge.ask("/mcp", "tools/call", json!({"name": "none", "arguments": {}})).await.message();
    assert_eq!((&tool["error"]["code"], &tool["error"]["data"]["code"]), (&json!(-32602), &json!("not_found")));
    let prompt = edge.ask("/mcp", "prompts/get", json!({"name": "none"})).await.message();
    assert_eq!(prompt["error"]["code"], -32602);
    let resource = edge.ask("/mcp", "resources/read", json!({"uri": "test://none"})).await.message();
    assert_eq!(resource["error"]["code"], -32602);
    assert_eq!(resource["error"]["data"]["uri"], "test://none");
    let method = edge.ask("/mcp", "no/method", json!({})).await;
    assert_eq!((method.status, method.message()["error"]["code"].clone()), (404, json!(-32601)));
    let level = edge.ask("/mcp", "logging/setLevel", json!({"level": "info"})).await;
    assert_eq!((level.status, level.message()["error"]["code"].clone()), (404, json!(-32601)));

    let id = edge.initialize().await.header("mcp-session-id").to_owned();
    let read = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "test://none"}});
    assert_eq!(edge.legacy(Some(&id), &read).await.message()["error"]["code"], -32002);
}

async fn meta_tool(edge: &Edge, name: &str, arguments: Value) -> Value {
    edge.ask("/mcp", "tools/call", json!({"name": name, "arguments": arguments})).await.message()["result"].clone()
}

#[tokio::test]
async fn meta_tools_answer_and_say_what_was_wrong() {
    let edge = start(GatewayConfig::default()).await;
    let categories = meta_tool(&edge, "tools_list_categories", json!({})).await;
    assert_eq!(categories["structuredContent"], json!({"categories": []}));
    assert_eq!(categories["content"][0]["text"], r#"{"categories":[]}"#);
    assert_eq!(categories["_meta"]["tandem/request_id"].as_str().unwrap().len(), 36);

    for (name, arguments, code) in [
        ("tools_list_tools", json!({"category": "none"}), "not_found"),
        ("tools_get_schema", json!({"tool": ["none"]}), "not_found"),
        ("tools_dispatch", json!({"tool": "none"}), "not_found"),
        ("tools_dispatch", json!({}), "invalid_arguments"),
        ("tools_search", json!({"query": 5}), "invalid_arguments"),
        ("tools_list_tools", json!({"category": "none", "limit": 0}), "invalid_arguments"),
    ] {
        let result = meta_tool(&edge, name, arguments.clone()).await;
        assert_eq!(result["isError"], true, "{name} {arguments}");
        assert_eq!(result["_meta"]["tandem/error"]["code"], code, "{name} {arguments}");
        assert_eq!(result["structuredContent"]["error"]["code"], code, "{name} {arguments}");
        assert!(!result["content"][0]["text"].as_str().unwrap().is_empty());
    }

    // Null is what some models write for what they do not give.
    for (name, arguments, code) in [
        ("tools_dispatch", json!({"tool": "none", "arguments": null, "calls": null}), "not_found"),
        ("tools_list_tools", json!({"category": "none", "limit": null, "cursor": null}), "not_found"),
        ("tools_list_tools", json!({"category": null}), "invalid_arguments"),
    ] {
        let result = meta_tool(&edge, name, arguments).await;
        assert_eq!(result["_meta"]["tandem/error"]["code"], code, "{name}");
    }

    let batch = json!({"calls": [{"tool": "none", "arguments": null}, {"tool": "other"}]});
    let batch = meta_tool(&edge, "tools_dispatch", batch).await;
    assert_ne!(batch["isError"], true, "a batch keeps each call's own result");
    assert_eq!(batch["structuredContent"]["failed"], 2);
    assert_eq!(batch["structuredContent"]["results"][1]["tool"], "other");
}

#[tokio::test]
async fn meta_tools_are_no_tools_of_the_full_endpoint() {
    let edge = start(GatewayConfig::default()).await;
    let message = edge.ask("/mcp/full", "tools/call", json!({"name": "tools_search", "arguments": {}})).await.message();
    assert_eq!(message["error"]["code"], -32602);
}

#[tokio::test]
async fn sessions_are_bounded_and_an_idle_one_makes_room() {
    let edge = start(GatewayConfig { session_limit: 2, ..GatewayConfig::default() }).await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let id = async || edge.initialize().await.header("mcp-session-id").to_owned();
    // One that is used stays while a client opens one after the other and uses none.
    let used = id().await;
    assert_eq!(edge.legacy(Some(&used), &ping).await.status, 200);
    let mut leaked = Vec::new();
    for _ in 0..5 {
        leaked.push(id().await);
    }
    assert!(leaked.iter().all(|id| !id.is_empty()));
    assert_eq!(edge.legacy(Some(&used), &ping).await.status, 200);
    assert_eq!(edge.legacy(Some(&leaked[0]), &ping).await.status, 404);
    // What is open is not ended, and the next is told when to come again.
    let mut streams = Vec::new();
    for id in [&used, &leaked[4]] {
        let headers = [("accept", "text/event-stream"), ("mcp-session-id", id.as_str())];
        let stream = edge.open(edge.request("GET", "/mcp", &headers, "")).await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let refused = edge.initialize().await;
    assert_eq!(refused.status, 503);
    assert_eq!((&refused.json()["code"], &refused.json()["limit"]), (&json!("limited"), &json!("sessions")));
    assert_eq!(refused.header("retry-after"), "5");
    let ended = [("mcp-session-id", used.as_str())];
    assert_eq!(edge.send(edge.request("DELETE", "/mcp", &ended, "")).await.status, 204);
    assert_eq!(edge.initialize().await.status, 200);
    // Clients of the newer revision have no session to be short of.
    assert_eq!(edge.ask("/mcp", "tools/list", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_listener_hears_of_changes_that_it_asked_for_and_of_the_end() {
    let edge = start(GatewayConfig::default()).await;
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let mut stream = edge.open(edge.modern("/mcp", "subscriptions/listen", filter)).await.into_body();
    let mut next = async || {
        let mut text = String::new();
        while !text.contains("\n\n") || !text.contains("{") {
            let frame = tokio::time::timeout(Duration::from_secs(60), stream.frame()).await.unwrap();
            let Some(frame) = frame else { return Value::Null };
            text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
        }
        let data: String = text.lines().filter_map(|line| line.strip_prefix("data:")).collect();
        serde_json::from_str(&data).unwrap()
    };
    assert_eq!(next().await["method"], "notifications/subscriptions/acknowledged");
    edge.catalog.install(Vec::new(), Vec::new());
    let change = next().await;
    assert_eq!(change["method"], "notifications/tools/list_changed");
    assert!(!change["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].is_null(), "{change}");
    edge.shutdown.cancel();
    assert_eq!(next().await["id"], 1, "the end is the answer to the request");
    edge.serving.await.unwrap().unwrap();
}
