//! Who may call: the real binary with keys, tokens and neither.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tandem_harness::{Host, Issuer, Options, Signer};

const AUDIENCE: &str = "https://tools.example.com/mcp";

fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

/// Two tenants. `acme` has all categories and a key that may be exchanged; `other` has one category.
fn tenants() -> anyhow::Result<Options> {
    let config = "
        [tenants.acme]
        keys = ['${file:{home}/key}', { hash = '${env:OLD}', name = 'old', expires = '2020-01-01T00:00:00Z' }]
        [tenants.other]
        keys = [{ hash = '${env:OTHER}', name = 'ci' }]
        categories = ['echo']
    ";
    let options = Options::with(&["echo", "kv-user"])?.config(config).env("OLD", &hash("old"));
    Ok(options.env("OTHER", &hash("other")).write("key", &hash("first")))
}

fn post(url: &str, key: &str, body: &Value) -> RequestBuilder {
    Client::new()
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("x-api-key", key)
        .body(body.to_string())
}

async fn add(host: &Host, key: &str) -> anyhow::Result<Response> {
    let url = format!("{}/v1/tools/add/call", host.url);
    Ok(post(&url, key, &json!({"arguments": {"a": 1, "b": 2}})).send().await?)
}

#[tokio::test]
async fn a_key_calls_and_another_or_an_old_one_does_not() -> anyhow::Result<()> {
    let host = tenants()?.start().await?;
    let client = host.client_as("/mcp/full", "first").await?;
    assert_eq!(client.structured("add", json!({"a": 1, "b": 2})).await?["sum"], 3.0);
    assert_eq!(add(&host, "first").await?.status(), 200);
    for (key, word) in [("second", "not an API key"), ("old", "expired")] {
        let answer = add(&host, key).await?;
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("www-authenticate"));
        let problem: Value = serde_json::from_str(&answer.text().await?)?;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(word)), "{problem}");
        assert!(host.client_as("/mcp/full", key).await.is_err());
    }
    assert!(host.client("/mcp/full").await.is_err(), "nobody is somebody");
    let metrics = Client::new().get(format!("{}/metrics", host.url)).header("x-api-key", "first").send().await?;
    assert_eq!(metrics.status(), 403, "no tenant sees the figures of all");
    Ok(())
}

#[tokio::test]
async fn a_hang_up_exchanges_keys_and_a_wrong_file_changes_nothing() -> anyhow::Result<()> {
    let host = tenants()?.start().await?;
    let key = host.directory.path().join("key");
    std::fs::write(&key, hash("second"))?;
    assert_eq!(add(&host, "second").await?.status(), 401, "not yet");
    host.signal("HUP").await?;
    let line = host.logged("keys exchanged").await?;
    let labels = (line["added"].to_string(), line["removed"].to_string());
    assert!(labels.0.contains(&hash("second")[..8]) && labels.1.contains(&hash("first")[..8]), "{line}");
    assert!(!line.to_string().contains(&hash("second")), "{line}");
    assert_eq!(
        (add(&host, "second").await?.status(), add(&host, "first").await?.status()),
        (200.try_into()?, 401.try_into()?)
    );
    std::fs::write(&key, "no hash")?;
    host.signal("HUP").await?;
    let line = host.logged("the old one stays").await?.to_string();
    assert!(line.contains("64 hexadecimal digits"), "{line}");
    assert_eq!(add(&host, "second").await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_tenants_categories_are_what_it_lists_and_calls() -> anyhow::Result<()> {
    let host = tenants()?.start().await?;
    let (all, one) = (host.client_as("/mcp/full", "first").await?, host.client_as("/mcp/full", "other").await?);
    let (all, few) = (all.plugin_tools().await?, one.plugin_tools().await?);
    assert!(few.iter().all(|tool| all.contains(tool)) && few.len() < all.len(), "{few:?}");
    for tool in &all {
        let url = format!("{}/v1/tools/{tool}/call", host.url);
        let answer = post(&url, "other", &json!({"arguments": {"no-such-argument": 1}})).send().await?;
        let hidden = !few.contains(tool);
        assert_eq!(answer.status() == 404, hidden, "{tool}");
        let problem: Value = serde_json::from_str(&answer.text().await?)?;
        let near = problem["near"].as_array().cloned().unwrap_or_default();
        let seen = |name: &Value| few.iter().any(|tool| name == tool.as_str());
        assert!(near.iter().all(seen), "what is hidden is not suggested either: {problem}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_of_another_tenant_is_not_found() -> anyhow::Result<()> {
    let host = tenants()?.start().await?;
    let url = format!("{}/mcp/full", host.url);
    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello});
    let answer = post(&url, "first", &hello).send().await?;
    let session = answer.headers()["mcp-session-id"].to_str()?.to_owned();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let ask = async |key: &str, session: &str| {
        let request =
            post(&url, key, &list).header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
        let answer = request.send().await?;
        anyhow::Ok((answer.status().as_u16(), answer.text().await?))
    };
    let never = ask("other", "00000000-0000-4000-8000-000000000000").await?;
    assert_eq!((ask("other", &session).await?, never.0), (never, 404));
    assert_eq!(ask("first", &session).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn beyond_loopback_somebody_must_be_asked() -> anyhow::Result<()> {
    let open = || Options::with(&["echo"]).map(|options| options.config("[server]\nhost = '0.0.0.0'"));
    let refusal = open()?.start().await.expect_err("it must not start").to_string();
    for remedy in ["[tenants.NAME]", "[auth]", "127.0.0.1", "server.allow-unauthenticated"] {
        assert!(refusal.contains(remedy), "{refusal}");
    }
    let host = open()?.config("allow-unauthenticated = true").start().await?;
    assert_eq!(add(&host, "").await?.status(), 200);
    host.logged("everybody who reaches this address").await?;
    let host = tenants()?.args(&["--set", "server.host=0.0.0.0"]).start().await?;
    assert_eq!(
        (add(&host, "").await?.status(), add(&host, "first").await?.status()),
        (401.try_into()?, 200.try_into()?)
    );
    Ok(())
}

#[tokio::test]
async fn a_token_lists_and_calls_what_its_scopes_say() -> anyhow::Result<()> {
    let own = Signer::new("k", "ES256");
    let issuer = Issuer::start(&[&own]).await;
    let config = format!(
        "[auth]\nissuer = '{}'\naudience = '{AUDIENCE}'\n[auth.scopes.'numbers.add']\ntools = ['add']\n",
        issuer.url
    );
    let host = tenants()?.config(&config).start().await?;
    let exp = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(300);
    let token = |tenant: &str, scope: &str| {
        let claims = json!({"iss": issuer.url, "aud": AUDIENCE, "sub": "alice", "exp": exp.as_secs(), "tenant": tenant, "scope": scope});
        own.token(&claims)
    };
    let client = host.client_as("/mcp/full", &token("acme", "numbers.add")).await?;
    assert_eq!(client.plugin_tools().await?, ["add"]);
    assert_eq!(client.structured("add", json!({"a": 2, "b": 2})).await?["sum"], 4.0);
    let hidden = client.call("sleep_ms", json!({"ms": 1})).await.expect_err("it is not there").to_string();
    assert!(hidden.contains("unknown tool"), "{hidden}");
    let other = host.client_as("/mcp/full", &token("other", "tandem:category:kv-user tandem:category:echo")).await?;
    assert!(!other.tools().await?.iter().any(|tool| tool.starts_with("kv")), "no scope widens a tenant");
    assert!(host.client_as("/mcp/full", "first").await.is_ok(), "keys work beside tokens");

    let url = format!("{}/mcp", host.url);
    let status = async |token: String| -> anyhow::Result<(u16, String)> {
        let answer = Client::new().get(&url).bearer_auth(token).send().await?;
        Ok((
            answer.status().as_u16(),
            answer.headers().get("www-authenticate").map_or("", |value| value.to_str().unwrap()).to_owned(),
        ))
    };
    let (insufficient, challenge) = status(token("acme", "openid")).await?;
    assert!(insufficient == 403 && challenge.contains("error=\"insufficient_scope\""), "{insufficient} {challenge}");
    assert_eq!(status(token("nobody", "tandem")).await?.0, 403);
    assert_eq!(status(Signer::new("k", "ES256").token(&json!({"iss": issuer.url}))).await?.0, 401);
    let metadata = reqwest::get(format!("{}/.well-known/oauth-protected-resource/mcp", host.url)).await?.text().await?;
    assert_eq!(serde_json::from_str::<Value>(&metadata)?["authorization_servers"], json!([issuer.url]));
    let named = Client::new().get(format!("{}/v1/categories", host.url)).header("host", "tools.example.com");
    assert_eq!(named.bearer_auth(token("acme", "tandem")).send().await?.status(), 200, "the audience's host is known");
    Ok(())
}
