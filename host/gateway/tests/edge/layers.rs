//! The order of what a request passes: the code of the first layer that refuses is the answer.

use tandem_gateway::GatewayConfig;

use super::{
    Answer, Edge,
    keys::{keyed, ring},
};

const PAGE: &str = "https://app.example.com";
const PREFLIGHT: (&str, &str) = ("access-control-request-method", "POST");
const KEY: (&str, &str) = ("x-api-key", "acme");
/// A name that is not this host's.
const FOREIGN: (&str, &str) = ("host", "evil.example.com");
/// A name that is none.
const MALFORMED: (&str, &str) = ("host", "127.0.0.1:evil");

async fn loading() -> Edge {
    let config = GatewayConfig { allowed_origins: vec![PAGE.to_owned()], ..GatewayConfig::default() };
    let edge = keyed(config, &ring()).await;
    edge.router.set_ready(false);
    edge
}

async fn ask(edge: &Edge, method: &str, headers: &[(&str, &str)]) -> Answer {
    edge.send(edge.request(method, "/v1/categories", headers, "")).await
}

#[tokio::test]
async fn layers_refuse_in_their_order() {
    let edge = loading().await;
    let origin = ("origin", PAGE);
    for (method, headers, status) in [
        ("OPTIONS", &[MALFORMED, origin, PREFLIGHT][..], 400),
        ("OPTIONS", &[origin, PREFLIGHT], 204),
        ("GET", &[MALFORMED, KEY], 400),
        ("GET", &[FOREIGN], 403),
        ("GET", &[FOREIGN, KEY], 403),
        ("GET", &[("origin", "https://evil.example.com"), KEY], 403),
        ("GET", &[], 401),
        ("GET", &[KEY], 503),
    ] {
        assert_eq!(ask(&edge, method, headers).await.status, status, "{method} {headers:?}");
    }
    edge.router.set_ready(true);
    assert_eq!(ask(&edge, "GET", &[KEY]).await.status, 200);
}

/// Layers see the refusals of those below them as they see answers.
#[tokio::test]
async fn refusals_pass_the_layers_above() {
    let edge = loading().await;
    let refused = ask(&edge, "GET", &[("origin", PAGE)]).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, PAGE));
    assert_eq!(refused.header("x-request-id"), "", "it has no id before it has a caller");
    edge.router.set_ready(true);
    let unknown = edge.send(edge.request("GET", "/v1/tools/none", &[KEY], "")).await;
    assert_eq!(unknown.status, 404);
    assert!(!unknown.header("x-request-id").is_empty());
}
