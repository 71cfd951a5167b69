//! What a browser is told for the page that calls.

use serde_json::json;
use tandem_gateway::GatewayConfig;

use super::{
    Answer, Edge,
    keys::{keyed, ring},
    start,
};

const PAGE: &str = "https://app.example.com";
const OTHER: &str = "https://evil.example.com";

fn config() -> GatewayConfig {
    GatewayConfig {
        allowed_origins: vec![PAGE.to_owned(), "http://localhost:*".to_owned()],
        ..GatewayConfig::default()
    }
}

async fn preflight(edge: &Edge, path: &str, origin: &str, headers: &str) -> Answer {
    let headers =
        [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", headers)];
    edge.send(edge.request("OPTIONS", path, &headers, "")).await
}

#[tokio::test]
async fn a_preflight_of_an_allowed_page_is_answered_before_anybody_authenticates() {
    for edge in [start(config()).await, keyed(config(), &ring()).await] {
        for path in [
            "/mcp",
            "/mcp/",
            "/mcp/full",
            "/mcp/category/x",
            "/v1/tools/t/call",
            "/tools/execute",
            "/health",
            "/.well-known/oauth-protected-resource",
        ] {
            for origin in [PAGE, "http://localhost:5173"] {
                let answer = preflight(&edge, path, origin, "content-type,Mcp-Param-City,x-evil").await;
                assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}");
                assert_eq!(answer.header("access-control-allow-origin"), origin);
                assert_eq!(answer.header("access-control-allow-methods"), "GET, POST, DELETE");
                assert!(answer.headers.get_all("vary").iter().any(|vary| vary == "origin"), "{path}");
                let allowed: Vec<_> = answer.header("access-control-allow-headers").split(", ").collect();
                for name in [
                    "authorization",
                    "content-type",
                    "accept",
                    "mcp-protocol-version",
                    "mcp-session-id",
                    "mcp-method",
                    "mcp-name",
                    "last-event-id",
                    "x-api-key",
                    "mcp-param-city",
                ] {
                    assert!(allowed.contains(&name), "{name} is not in {allowed:?}");
                }
                assert!(!allowed.contains(&"x-evil"));
            }
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_get_no_cors_headers() {
    let edge = start(config()).await;
    for origin in [OTHER, "null", "https://app.example.com:8443", "http://app.example.com"] {
        for path in ["/mcp", "/health", "/v1/categories"] {
            let answer = preflight(&edge, path, origin, "content-type").await;
            assert_ne!(answer.status, 204, "{origin} {path}");
            for name in ["access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers"]
            {
                assert_eq!(answer.header(name), "", "{origin} {path}");
            }
            assert!(answer.headers.get_all("vary").iter().any(|vary| vary == "origin"), "{origin} {path}");
        }
    }
    // Under a name that is not this host's, nothing is allowed either.
    let headers = [("host", "rebound.example.com"), ("origin", PAGE), ("access-control-request-method", "POST")];
    assert_eq!(edge.send(edge.request("OPTIONS", "/mcp", &headers, "")).await.status, 403);
    let closed = start(GatewayConfig::default()).await;
    assert_ne!(preflight(&closed, "/mcp", PAGE, "").await.status, 204);
}

#[tokio::test]
async fn an_allowed_page_may_read_its_answers_and_their_headers() {
    let edge = start(config()).await;
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string();
    let headers = [("content-type", "application/json"), ("accept", "*/*"), ("origin", PAGE)];
    let answer = edge.send(edge.request("POST", "/mcp", &headers, hello)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, PAGE));
    assert!(!answer.header("mcp-session-id").is_empty());
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("mcp-session-id") && exposed.contains("www-authenticate"), "{exposed}");

    let keyed = keyed(config(), &ring()).await;
    for path in ["/mcp", "/v1/categories", "/health"] {
        let answer = keyed.send(keyed.request("GET", path, &[("origin", PAGE)], "")).await;
        let expected = if path == "/health" { 200 } else { 401 };
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (expected, PAGE), "{path}");
        let other = keyed.send(keyed.request("GET", path, &[("origin", OTHER)], "")).await;
        assert_eq!(other.header("access-control-allow-origin"), "", "{path}");
    }
}
