//! Access tokens of an authorization server.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use tandem_gateway::{Authenticator, GatewayConfig, KeyRing, OAuthConfig, Tenant, TenantAuth};
use tandem_harness::{Issuer, Signer, unsigned};
use tandem_types::{Access, Allow, Caller};

use super::{
    Answer, Edge,
    keys::{get_as, key},
    start_with,
};

const AUDIENCE: &str = "https://tools.example.com/mcp";
const METADATA: &str = "/.well-known/oauth-protected-resource";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn ring() -> Arc<KeyRing> {
    let access = Access::everything().and(vec![Allow::Category("a".into()), Allow::Category("b".into())]);
    Arc::new(KeyRing::new(vec![Tenant { name: "acme".into(), access, keys: vec![key("api-key")] }]))
}

fn config(issuer: &Issuer) -> OAuthConfig {
    OAuthConfig {
        scopes: BTreeMap::from([("data.read".to_owned(), vec![Allow::Category("a".into())])]),
        min_refetch: Duration::from_millis(300),
        timeout: Duration::from_secs(2),
        ..OAuthConfig::new(&issuer.url, AUDIENCE)
    }
}

fn auth(config: OAuthConfig) -> Arc<TenantAuth> {
    Arc::new(TenantAuth::new(ring(), Caller::local()).with_tokens(config).unwrap())
}

async fn edge(config: OAuthConfig) -> Edge {
    start_with(GatewayConfig::default(), auth(config)).await
}

fn claims(issuer: &Issuer) -> Value {
    json!({"iss": issuer.url, "aud": AUDIENCE, "sub": "alice", "exp": now() + 300, "tenant": "acme", "scope": "tandem"})
}

/// The claims with some of them changed; null takes one out.
fn with(issuer: &Issuer, changes: Value) -> Value {
    let mut all = claims(issuer);
    let map = all.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        map.insert(name.clone(), value.clone());
        map.retain(|_, value| !value.is_null());
    }
    all
}

async fn ask(edge: &Edge, token: &str) -> Answer {
    get_as(edge, "/v1/categories", token).await
}

#[tokio::test]
async fn tokens_of_every_allowed_algorithm_open_and_keys_do_beside_them() {
    let signers = ["EdDSA", "ES256", "RS256", "PS256"].map(|algorithm| Signer::new(algorithm, algorithm));
    let issuer = Issuer::start(&signers.each_ref()).await;
    let edge = edge(config(&issuer)).await;
    for signer in &signers {
        let answer = ask(&edge, &signer.token(&claims(&issuer))).await;
        assert_eq!(answer.status, 200, "{}: {:?}", signer.algorithm, answer.body);
    }
    assert_eq!(ask(&edge, "api-key").await.status, 200);
    assert!(issuer.fetches() <= 2, "keys are fetched once, and not for every token: {}", issuer.fetches());
}

#[tokio::test]
async fn what_is_not_for_us_is_refused() {
    let (own, stranger, rsa) = (Signer::new("k", "EdDSA"), Signer::new("k", "EdDSA"), Signer::new("r", "RS256"));
    let issuer = Issuer::start(&[&own, &rsa]).await;
    let edge = edge(config(&issuer)).await;
    let good = claims(&issuer);
    let signed = |changes: Value| own.token(&with(&issuer, changes));
    let none = format!("{}.", unsigned(&json!({"alg": "none", "kid": "k"}), &good));
    // The public key is no secret: who may choose the algorithm could sign with it.
    let message = unsigned(&json!({"alg": "HS256", "kid": "r"}), &good);
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, rsa.jwk()["n"].as_str().unwrap().as_bytes());
    let hs256 = format!("{message}.{}", BASE64.encode(ring::hmac::sign(&secret, message.as_bytes())));
    let genuine = own.token(&good);
    let (body, signature) = genuine.rsplit_once('.').unwrap();
    let other_claims = unsigned(&json!({"alg": "EdDSA", "kid": "k"}), &with(&issuer, json!({"tenant": "other"})));
    let cases = [
        ("none", none),
        ("hs256 with the public key", hs256),
        ("expired", signed(json!({"exp": now() - 60}))),
        ("no exp", signed(json!({"exp": null}))),
        ("exp is a text", signed(json!({"exp": "never"}))),
        ("not yet", signed(json!({"nbf": now() + 120}))),
        ("another audience", signed(json!({"aud": "https://other.example.com/mcp"}))),
        ("several other audiences", signed(json!({"aud": ["https://a.example.com", "https://b.example.com"]}))),
        ("no audience", signed(json!({"aud": null}))),
        ("another issuer", signed(json!({"iss": "https://evil.example.com"}))),
        ("a list of issuers", signed(json!({"iss": [issuer.url, "https://evil.example.com"]}))),
        ("no issuer", signed(json!({"iss": null}))),
        ("no subject", signed(json!({"sub": null}))),
        ("a subject with a line end", signed(json!({"sub": "a\nb"}))),
        ("signed by a stranger", stranger.token(&good)),
        ("another key's id", own.token_with(&json!({"alg": "EdDSA", "kid": "r"}), &good)),
        ("another algorithm than the key's", rsa.token_with(&json!({"alg": "PS256", "kid": "r"}), &good)),
        ("critical extensions", own.token_with(&json!({"alg": "EdDSA", "kid": "k", "crit": ["x"]}), &good)),
        ("not an access token", own.token_with(&json!({"alg": "EdDSA", "kid": "k", "typ": "logout+jwt"}), &good)),
        ("changed claims", format!("{other_claims}.{signature}")),
        ("no signature", format!("{body}.")),
        ("half a token", body.to_owned()),
        ("no token", "eyJ.x.y".to_owned()),
        ("too long", signed(json!({"padding": "x".repeat(9000)}))),
    ];
    for (case, token) in cases {
        let answer = ask(&edge, &token).await;
        assert_eq!(answer.status, 401, "{case}: {:?}", answer.body);
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.contains("error=\"invalid_token\"") && challenge.contains("resource_metadata"),
            "{challenge}"
        );
    }
    for good in
        [json!({"aud": ["https://other.example.com", AUDIENCE]}), json!({"exp": now() - 5}), json!({"nbf": now() + 5})]
    {
        assert_eq!(ask(&edge, &signed(good.clone())).await.status, 200, "{good}");
    }
}

#[tokio::test]
async fn the_challenge_leads_to_the_metadata() {
    let own = Signer::new("k", "EdDSA");
    let issuer = Issuer::start(&[&own]).await;
    let edge = edge(config(&issuer)).await;
    let challenge = edge.get("/mcp").await.header("www-authenticate").to_owned();
    let expected =
        format!("Bearer resource_metadata=\"https://tools.example.com{METADATA}/mcp\", scope=\"tandem data.read\"");
    assert_eq!(challenge, expected, "nobody has made an error yet");
    for path in [METADATA.to_owned(), format!("{METADATA}/mcp"), format!("{METADATA}/mcp/full")] {
        let answer = edge.send(edge.request("GET", &path, &[("host", "10.1.2.3.probe")], "")).await;
        assert_eq!(answer.status, 200, "{path}");
        let document = answer.json();
        assert_eq!(document["resource"], AUDIENCE);
        assert_eq!(document["authorization_servers"], json!([issuer.url]));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
    }
    assert_eq!(edge.get(&format!("{METADATA}/mcpx")).await.status, 404);
}

#[tokio::test]
async fn the_tenant_and_the_scopes_decide_what_is_there() {
    let own = Signer::new("k", "EdDSA");
    let issuer = Issuer::start(&[&own]).await;
    let auth = auth(OAuthConfig { tenant_claim: "org".to_owned(), ..config(&issuer) });
    let caller = async |changes: Value| {
        let mut all = with(&issuer, changes);
        all.as_object_mut().unwrap().entry("org").or_insert(json!("acme"));
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {}", own.token(&all)).parse().unwrap());
        auth.authenticate(&headers).await
    };
    let all = caller(json!({})).await.unwrap();
    assert_eq!((&*all.tenant, &*all.subject), ("acme", "sub:alice"));
    assert!(all.access.category("a") && all.access.category("b") && !all.access.category("c"), "as the tenant");
    let one = caller(json!({"scope": "openid tandem:category:b tandem:category:c"})).await.unwrap().access;
    assert!(one.category("b") && !one.category("a") && !one.category("c"), "no scope widens the tenant");
    let tool = caller(json!({"scope": null, "scp": ["tandem:tool:x"]})).await.unwrap().access;
    assert!(tool.tool("a", "x") && !tool.tool("a", "y") && !tool.tool("c", "x"));
    assert!(caller(json!({"scope": "data.read"})).await.unwrap().access.category("a"));
    for (changes, expected) in [
        (json!({"scope": "openid profile"}), "insufficient_scope"),
        (json!({"scope": null}), "insufficient_scope"),
        (json!({"org": "nobody"}), "unknown_tenant"),
        (json!({"org": 5}), "unknown_tenant"),
    ] {
        match caller(changes.clone()).await.unwrap_err() {
            tandem_gateway::AuthError::Forbidden { code, challenge, .. } => {
                assert_eq!(code, expected, "{changes}");
                let challenge = challenge.unwrap().to_str().unwrap().to_owned();
                assert!(challenge.contains("scope=\"tandem data.read\""), "{challenge}");
            }
            other => panic!("{changes}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_is_forgotten() {
    let (old, new) = (Signer::new("old", "EdDSA"), Signer::new("new", "ES256"));
    let issuer = Issuer::start(&[&old]).await;
    let edge = edge(OAuthConfig { refresh: Duration::from_millis(500), ..config(&issuer) }).await;
    let before = old.token(&claims(&issuer));
    assert_eq!(ask(&edge, &before).await.status, 200);
    issuer.publish(&[&new]);
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(ask(&edge, &new.token(&claims(&issuer))).await.status, 200, "an unknown key is looked for");
    assert_eq!(ask(&edge, &before).await.status, 401, "what was verified with the old keys does not count any more");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_does_not_reach_the_issuer() {
    let own = Signer::new("k", "EdDSA");
    let issuer = Issuer::start(&[&own]).await;
    let edge = edge(OAuthConfig { min_refetch: Duration::from_secs(60), ..config(&issuer) }).await;
    assert_eq!(ask(&edge, &own.token(&claims(&issuer))).await.status, 200);
    let before = issuer.fetches();
    for number in 0..100 {
        let header = json!({"alg": "EdDSA", "kid": format!("random-{number}")});
        assert_eq!(ask(&edge, &own.token_with(&header, &claims(&issuer))).await.status, 401);
    }
    assert_eq!(issuer.fetches(), before);
    assert_eq!(before, 1);
}

#[tokio::test]
async fn a_cancelled_request_does_not_cancel_the_shared_key_fetch() {
    let (old, new) = (Signer::new("old", "EdDSA"), Signer::new("new", "EdDSA"));
    let issuer = Issuer::start(&[&old]).await;
    let edge = edge(config(&issuer)).await;
    assert_eq!(ask(&edge, &old.token(&claims(&issuer))).await.status, 200);
    issuer.publish(&[&new]);
    *issuer.published.delay.lock().unwrap() = Duration::from_millis(200);
    tokio::time::sleep(Duration::from_millis(350)).await;
    let unknown = old.token_with(&json!({"alg": "EdDSA", "kid": "random"}), &claims(&issuer));
    let gone = tokio::time::timeout(Duration::from_millis(100), ask(&edge, &unknown)).await;
    assert!(gone.is_err(), "the client gave up before the issuer answered");
    let before = issuer.fetches();
    assert_eq!(ask(&edge, &new.token(&claims(&issuer))).await.status, 200, "the issuer's answer was not thrown away");
    assert_eq!(issuer.fetches(), before);
}

#[tokio::test]
async fn an_issuer_that_withdraws_its_keys_means_it() {
    let own = Signer::new("k", "EdDSA");
    let issuer = Issuer::start(&[&own]).await;
    let edge = edge(OAuthConfig { refresh: Duration::from_millis(300), ..config(&issuer) }).await;
    assert_eq!(ask(&edge, &own.token(&claims(&issuer))).await.status, 200);
    issuer.publish(&[]);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(ask(&edge, &own.token(&claims(&issuer))).await.status, 401);
}

#[tokio::test]
async fn the_last_keys_count_while_the_issuer_is_down_but_not_for_ever() {
    let own = Signer::new("k", "EdDSA");
    let issuer = Issuer::start(&[&own]).await;
    let settings = OAuthConfig {
        refresh: Duration::from_millis(100),
        min_refetch: Duration::from_millis(50),
        max_stale: Duration::from_millis(900),
        ..config(&issuer)
    };
    let edge = edge(settings).await;
    assert_eq!(ask(&edge, &own.token(&claims(&issuer))).await.status, 200);
    issuer.published.down.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let another = with(&issuer, json!({"jti": "2"}));
    assert_eq!(ask(&edge, &own.token(&another)).await.status, 200);
    tokio::time::sleep(Duration::from_millis(900)).await;
    let third = ask(&edge, &own.token(&with(&issuer, json!({"jti": "3"})))).await;
    assert_eq!((third.status, third.json()["code"].clone()), (503, json!("unavailable")));
    assert_eq!(third.header("retry-after"), "5");
    issuer.published.down.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(ask(&edge, &own.token(&another)).await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_is_not_itself_is_not_believed() {
    let own = Signer::new("k", "EdDSA");
    let status = async |change: &dyn Fn(&Issuer)| {
        let issuer = Issuer::start(&[&own]).await;
        change(&issuer);
        let edge = edge(config(&issuer)).await;
        ask(&edge, &own.token(&claims(&issuer))).await.status
    };
    assert_eq!(status(&|_| {}).await, 200);
    assert_eq!(status(&|issuer| issuer.published.openid.store(true, Ordering::SeqCst)).await, 200);
    let alias = |issuer: &Issuer| *issuer.published.alias.lock().unwrap() = Some("https://evil.example.com".to_owned());
    assert_eq!(status(&alias).await, 503, "it names another issuer");
    let elsewhere =
        |issuer: &Issuer| *issuer.published.elsewhere.lock().unwrap() = Some("http://keys.test/".to_owned());
    assert_eq!(status(&elsewhere).await, 503, "its keys come over plain http");
    let many = |issuer: &Issuer| {
        let jwk = own.jwk();
        *issuer.published.keys.lock().unwrap() = std::iter::repeat_n(jwk, 65).collect();
    };
    assert_eq!(status(&many).await, 503, "it has more keys than anybody needs");
    let huge = |issuer: &Issuer| {
        let mut jwk = own.jwk();
        jwk["x5c"] = json!(["x".repeat(300 << 10)]);
        *issuer.published.keys.lock().unwrap() = vec![jwk];
    };
    assert_eq!(status(&huge).await, 503, "its keys fill memory");
}
