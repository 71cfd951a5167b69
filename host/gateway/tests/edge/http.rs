use serde_json::json;
use tandem_gateway::GatewayConfig;

use super::start;

#[tokio::test]
async fn pages_of_others_and_rebound_names_are_turned_away_everywhere() {
    let edge = start(GatewayConfig::default()).await;
    for path in ["/mcp", "/mcp/full", "/", "/v1/categories", "/metrics", "/health/runtime", "/nothing"] {
        for (header, value, code) in [
            ("origin", "http://evil.example.com", "origin_not_allowed"),
            ("host", "evil.example.com", "host_not_allowed"),
        ] {
            let answer = edge.send(edge.request("GET", path, &[(header, value)], "")).await;
            assert_eq!(answer.status, 403, "{path} {header}");
            assert_eq!(answer.json()["code"], code, "{path}");
        }
    }
    let own = format!("http://{}", edge.address);
    let answer = edge.send(edge.request("GET", "/v1/categories", &[("origin", &own)], "")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn probes_need_neither_name_nor_credentials() {
    let edge = start(GatewayConfig::default()).await;
    for path in ["/health", "/health/ready"] {
        let answer = edge.send(edge.request("GET", path, &[("host", "10.1.2.3.probe")], "")).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    edge.router.set_ready(false);
    let answer = edge.get("/health/ready").await;
    assert_eq!((answer.status, answer.json()["ready"].clone()), (503, json!(false)));
}

#[allow(clippy::type_complexity, reason = "a table of cases")]
#[tokio::test]
async fn wrong_requests_are_answered_with_problems() {
    let edge = start(GatewayConfig { max_body: 1000, ..GatewayConfig::default() }).await;
    let long = json!({"arguments": {"text": "x".repeat(2000)}}).to_string();
    let json = ("content-type", "application/json");
    let cases: [(&str, &str, &[(&str, &str)], &str, u16, &str); 12] = [
        ("GET", "/nowhere", &[], "", 404, "not_found"),
        ("DELETE", "/v1/categories", &[], "", 405, "method_not_allowed"),
        ("GET", "/v1/tools/none", &[], "", 404, "not_found"),
        ("GET", "/v1/categories/none/tools", &[], "", 404, "not_found"),
        ("POST", "/v1/tools/none/call", &[json], "{}", 404, "not_found"),
        ("POST", "/v1/tools/none/call", &[json], r#"{"arguments": null}"#, 404, "not_found"),
        ("POST", "/tools/execute", &[json], r#"{"tool": "none", "args": null}"#, 404, "not_found"),
        ("POST", "/v1/tools/none/call", &[json], "[{}]", 400, "invalid_arguments"),
        ("POST", "/v1/tools/none/call", &[json], "{", 400, "invalid_arguments"),
        ("POST", "/v1/tools/none/call", &[json], r#"{"args": {}}"#, 400, "invalid_arguments"),
        ("POST", "/v1/tools/none/call", &[], "{}", 415, "unsupported_media_type"),
        ("POST", "/tools/execute", &[json], &long, 413, "limited"),
    ];
    for (method, path, headers, body, status, code) in cases {
        let answer = edge.send(edge.request(method, path, headers, body.to_owned())).await;
        assert_eq!(answer.status, status, "{method} {path} {body}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        assert_eq!(answer.json()["code"], code, "{method} {path} {body}");
    }
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let edge = start(GatewayConfig::default()).await;
    let (first, second) = (edge.get("/v1/categories").await, edge.get("/v1/tools/none").await);
    assert_eq!(first.header("x-request-id").len(), 36);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    let call = edge.post("/tools/execute", &json!({"tool": "none", "args": {}})).await;
    assert_eq!(call.json()["request_id"], call.header("x-request-id"));
}

#[tokio::test]
async fn every_described_path_is_served() {
    let edge = start(GatewayConfig::default()).await;
    let document = edge.get("/openapi.json").await.json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let filled = path.replace("{category}", "none").replace("{tool}", "none");
        for method in operations.as_object().unwrap().keys() {
            let request = edge.request(&method.to_uppercase(), &filled, &[("content-type", "application/json")], "{}");
            let answer = edge.send(request).await;
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            assert!(answer.status != 405 && !text.contains("nothing is served"), "{method} {path}: {text}");
        }
    }
}

#[tokio::test]
async fn the_page_stands_alone_and_the_metrics_are_there() {
    let edge = start(GatewayConfig::default()).await;
    let page = edge.get("/").await;
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(html.contains("general") && !html.contains("<script") && !html.contains("src="), "{html}");
    let metrics = edge.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    assert!(String::from_utf8(metrics.body.to_vec()).unwrap().contains("process_resident_memory_bytes"));
}
