//! API keys, and what is open without one.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tandem_gateway::{ApiKey, GatewayConfig, KeyRing, OperatorToken, Tenant, TenantAuth};
use tandem_types::{Access, Caller};

use super::{Answer, Edge, start, start_with};

pub(crate) fn key(text: &str) -> ApiKey {
    ApiKey::new(Sha256::digest(text).into()).named(text)
}

pub(crate) fn tenant(name: &str, keys: Vec<ApiKey>) -> Tenant {
    Tenant { name: name.into(), access: Access::everything(), keys }
}

/// Two tenants; each one's key is called like it.
pub(crate) fn ring() -> Arc<KeyRing> {
    Arc::new(KeyRing::new(vec![tenant("acme", vec![key("acme")]), tenant("other", vec![key("other")])]))
}

pub(crate) async fn keyed(config: GatewayConfig, ring: &Arc<KeyRing>) -> Edge {
    start_with(config, Arc::new(TenantAuth::new(ring.clone(), Caller::local()))).await
}

pub(crate) async fn get_as(edge: &Edge, path: &str, credential: &str) -> Answer {
    let credential = format!("Bearer {credential}");
    edge.send(edge.request("GET", path, &[("authorization", &credential)], "")).await
}

#[tokio::test]
async fn a_key_opens_in_both_headers_and_nothing_else_does() {
    let edge = keyed(GatewayConfig::default(), &ring()).await;
    let status = async |headers: &[(&str, &str)]| {
        let answer = edge.send(edge.request("GET", "/v1/categories", headers, "")).await;
        (answer.status, answer.header("www-authenticate").to_owned())
    };
    assert_eq!(status(&[("authorization", "Bearer acme")]).await.0, 200);
    assert_eq!(status(&[("x-api-key", "acme")]).await.0, 200);
    assert_eq!(status(&[]).await, (401, "Bearer realm=\"tandem\"".to_owned()));
    for wrong in [
        &[("authorization", "Bearer acmf")][..],
        &[("x-api-key", "ACME")],
        &[("authorization", "Basic acme")],
        &[("authorization", "acme")],
        &[("authorization", "Bearer acme"), ("x-api-key", "acme")],
    ] {
        let (status, challenge) = status(wrong).await;
        assert_eq!(status, 401, "{wrong:?}");
        assert!(challenge.contains("error=\"invalid_token\""), "{wrong:?}: {challenge}");
    }
    let in_the_url = edge.get("/v1/categories?access_token=acme").await;
    assert_eq!(in_the_url.status, 401, "URLs stand in logs");
}

#[tokio::test]
async fn without_a_key_only_probes_answer() {
    let edge = keyed(GatewayConfig::default(), &ring()).await;
    for path in ["/", "/openapi.json", "/v1/categories", "/mcp", "/mcp/full", "/mcp/category/x", "/nothing"] {
        assert_eq!(edge.get(path).await.status, 401, "{path}");
    }
    for path in ["/v1/tools/none/call", "/tools/execute", "/mcp"] {
        assert_eq!(edge.post(path, &json!({})).await.status, 401, "{path}");
    }
    for path in ["/health", "/health/ready"] {
        let answer = edge.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.json().get("in_flight").is_none(), "how busy tenants are is not for everybody");
    }
    assert_eq!(edge.get("/.well-known/oauth-protected-resource").await.status, 404, "there is no issuer");
}

#[tokio::test]
async fn figures_of_all_tenants_are_for_the_operator() {
    let config = GatewayConfig { operator_token: Some(OperatorToken::new("op")), ..GatewayConfig::default() };
    let (with, without) = (keyed(config.clone(), &ring()).await, keyed(GatewayConfig::default(), &ring()).await);
    for path in ["/metrics", "/health/runtime"] {
        assert_eq!(get_as(&with, path, "op").await.status, 200, "{path}");
        for (edge, credential) in [(&with, "acme"), (&without, "acme"), (&without, "op")] {
            let answer = get_as(edge, path, credential).await;
            assert_eq!((answer.status, answer.json()["code"].clone()), (403, json!("forbidden")), "{path}");
        }
        assert_eq!(with.get(path).await.status, 403, "{path}");
    }
    assert_eq!(get_as(&with, "/v1/categories", "op").await.status, 401, "an operator is no tenant");
    let page = |answer: Answer| String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(!page(get_as(&with, "/", "acme").await).contains("p99"), "lanes count the calls of all");
    let open = start(config).await;
    assert!(page(open.get("/").await).contains("p99"));
    assert_eq!(open.get("/metrics").await.status, 403, "who sets a token wants it shown");
}

#[tokio::test]
async fn keys_end_with_their_time_and_with_their_ring() {
    let ring = ring();
    let edge = keyed(GatewayConfig::default(), &ring).await;
    let status = async |credential: &str| get_as(&edge, "/v1/categories", credential).await.status;
    let soon = SystemTime::now() + Duration::from_millis(300);
    ring.replace(vec![tenant("acme", vec![key("new"), key("brief").until(soon)])]);
    assert_eq!((status("acme").await, status("other").await), (401, 401));
    assert_eq!((status("new").await, status("brief").await), (200, 200));
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!((status("new").await, status("brief").await), (200, 401));
    let said = get_as(&edge, "/v1/categories", "brief").await.json()["detail"].to_string();
    assert!(said.contains("expired"), "{said}");
}
