//! Outgoing HTTP, secrets, sockets and the environment: what a grant opens, and nothing beside it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tandem_harness::{Host, Options, called, replace, text, variant_bytes};
use tandem_package::{HostPattern, HttpRequest, Method};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    policy::{recorded, records, tandem},
    ports::{PLAIN, TLS},
};

/// What a server saw: the heads of all requests.
type Seen = Arc<Mutex<Vec<String>>>;

/// A plain server that answers everything with `answer`.
async fn server(answer: &'static str) -> anyhow::Result<(Seen, tokio::task::JoinHandle<()>)> {
    let seen = Seen::default();
    let listener = TcpListener::bind(("127.0.0.1", PLAIN.port())).await?;
    let task = tokio::spawn({
        let seen = seen.clone();
        async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                seen.lock().unwrap().push(String::from_utf8_lossy(&head[..read]).into_owned());
                let _sent = stream.write_all(answer.as_bytes()).await;
                crate::ports::part(stream).await;
            }
        }
    });
    Ok((seen, task))
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

async fn fetcher(grants: &str) -> anyhow::Result<Host> {
    let grants = format!("[grants.fetcher]\n{grants}");
    Options::with(&["fetcher"])?.env("API_TOKEN", "s3cret-value").config(&grants).start().await
}

fn rule(more: &str) -> String {
    format!("http = [{{ host = \"127.0.0.1\", port = {}{more} }}]", PLAIN.port())
}

const SECRET: &str = "secrets.api-token = \"${env:API_TOKEN}\"";

#[tokio::test]
async fn a_secret_takes_its_placeholders_place_on_the_way_out() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = server(HELLO).await?;
    let cidrs = rule(", allow-cidrs = [\"127.0.0.0/8\"]");
    let host = fetcher(&format!("{cidrs}\n{SECRET}")).await?;
    let client = host.client("/mcp/full").await?;
    let url = format!("http://127.0.0.1:{}/x", PLAIN.port());
    let result = client.call("fetch_with_secret", json!({"url": url, "secret": "api-token"})).await?;
    assert_ne!(result.is_error, Some(true), "{result:?}");
    let head = seen.lock().unwrap()[0].to_ascii_lowercase();
    assert!(head.contains("authorization: bearer s3cret-value") && head.contains("?key=s3cret-value "), "{head}");
    let placeholder = text(&client.call("secret_placeholder", json!({"secret": "api-token"})).await?);
    assert!(placeholder.starts_with("tandem-secret-"), "{placeholder}");
    // One of an earlier call stands for nothing.
    let header = format!("authorization: {placeholder}");
    client.call("fetch", json!({"url": url, "header": header})).await?;
    assert!(seen.lock().unwrap()[1].contains(&placeholder));
    assert!(!format!("{:?}", host.log()).contains("s3cret-value"));
    crate::ports::close(server).await;
    Ok(())
}

#[tokio::test]
async fn a_secret_goes_nowhere_in_the_clear_and_is_not_shown() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = server(HELLO).await?;
    let host = fetcher(&format!("{}\n{SECRET}", rule("").replace("127.0.0.1", "localhost"))).await?;
    let client = host.client("/mcp/full").await?;
    let url = format!("http://localhost:{}/x", PLAIN.port());
    let without = text(&client.call("fetch", json!({"url": url})).await?);
    assert!(without.contains("IpProhibited"), "it is the address that is refused: {without}");
    let with = text(&client.call("fetch_with_secret", json!({"url": url, "secret": "api-token"})).await?);
    assert!(with.contains("RequestDenied"), "it is refused before any address is looked at: {with}");
    assert!(seen.lock().unwrap().is_empty(), "{seen:?}");
    let result = client.call("reveal_secret", json!({"secret": "api-token"})).await?;
    assert!(text(&result).contains("denied") && text(&result).contains("reveal-secrets"), "{result:?}");
    let result = client.call("secret_placeholder", json!({"secret": "another"})).await?;
    assert!(text(&result).contains("denied"), "{result:?}");
    crate::ports::close(server).await;
    let host = fetcher(&format!("allow = [\"reveal-secrets\"]\n{SECRET}")).await?;
    let client = host.client("/mcp/full").await?;
    let result = client.call("reveal_secret", json!({"secret": "api-token"})).await?;
    assert_eq!(text(&result), "s3cret-value");
    Ok(())
}

#[tokio::test]
async fn method_and_path_are_part_of_the_grant() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = server(HELLO).await?;
    let host = fetcher(&rule(", methods = [\"GET\"], path = \"/ok\"")).await?;
    let client = host.client("/mcp/full").await?;
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", PLAIN.port());
    let result = client.call("fetch", json!({"url": url("/ok/a")})).await?;
    assert_ne!(result.is_error, Some(true), "{result:?}");
    for (method, path) in [("POST", "/ok"), ("GET", "/other"), ("GET", "/ok/../other"), ("GET", "/okay")] {
        let result = client.call("fetch", json!({"url": url(path), "method": method})).await?;
        assert_eq!(result.is_error, Some(true), "{method} {path}: {result:?}");
    }
    assert_eq!(seen.lock().unwrap().len(), 1);
    crate::ports::close(server).await;
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_is_checked_like_any_other() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    const AWAY: &str = "HTTP/1.1 302 Found\r\nlocation: http://localhost:18734/inside\r\ncontent-length: 0\r\n\
                        connection: close\r\n\r\n";
    let (seen, server) = server(AWAY).await?;
    let host = fetcher(&rule("")).await?;
    let client = host.client("/mcp/full").await?;
    let answer = client.structured("fetch", json!({"url": format!("http://127.0.0.1:{}/", PLAIN.port())})).await?;
    assert_eq!(answer["status"], 302, "the guest sees it and may ask anew");
    let result = client.call("fetch", json!({"url": "http://localhost:18734/inside"})).await?;
    assert_eq!(result.is_error, Some(true), "{result:?}");
    assert_eq!(seen.lock().unwrap().len(), 1);
    crate::ports::close(server).await;
    Ok(())
}

#[tokio::test]
async fn http2_is_spoken_over_tls_with_an_authority_of_the_operators() -> anyhow::Result<()> {
    let _port = TLS.lock().await;
    let (mut config, pem) = tandem_harness::tls_server()?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", TLS.port())).await?;
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = hyper::service::service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                let seen = format!("{:?} {}", request.version(), request.uri());
                Ok::<_, std::convert::Infallible>(hyper::Response::new(http_body_util::Full::new(bytes::Bytes::from(
                    seen,
                ))))
            });
            let executor = hyper_util::rt::TokioExecutor::new();
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http2::Builder::new(executor).serve_connection(io, service));
        }
    });
    let authority = tempfile::NamedTempFile::new()?;
    std::fs::write(authority.path(), pem)?;
    let grant = format!(
        "[grants.fetcher]\nhttp = [{{ host = \"localhost\", port = {}, allow-cidrs = [\"127.0.0.0/8\", \"::1/128\"] }}]",
        TLS.port()
    );
    let trust = format!("[http]\nauthorities = [\"{}\"]", authority.path().display());
    let url = format!("https://localhost:{}/over/tls", TLS.port());
    let host = Options::with(&["fetcher"])?.config(&grant).config(&trust).start().await?;
    let answer = host.client("/mcp/full").await?.structured("fetch", json!({"url": url})).await?;
    assert_eq!(answer["body"], format!("HTTP/2.0 {url}"));

    let host = Options::with(&["fetcher"])?.config(&grant).start().await?;
    let result = host.client("/mcp/full").await?.call("fetch", json!({"url": url})).await?;
    assert_eq!(result.is_error, Some(true), "nobody vouches for this certificate: {result:?}");
    crate::ports::close(server).await;
    Ok(())
}

/// What the audit log says of the newest call of a tool.
async fn call_of(host: &Host, tool: &str) -> anyhow::Result<Value> {
    recorded(host, &format!("\"{tool}\"")).await?;
    let rows = records(host).await?;
    let mut calls = rows.into_iter().map(|mut row| row["body"].take());
    calls.rfind(|body| body["kind"] == "call" && body["tool"] == tool).ok_or_else(|| anyhow::anyhow!("no {tool}"))
}

#[tokio::test]
async fn a_guest_has_no_sockets_and_every_attempt_is_recorded() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let host = Options::with(&["dialer"])?.config("[audit]\ncalls = \"all\"").in_process().start().await?;
    let client = host.client("/mcp/full").await?;
    for (tool, arguments, what) in [
        ("connect", json!({"address": address}), "tcp"),
        ("listen", json!({"address": "127.0.0.1:0"}), "tcp"),
        ("send", json!({"address": address}), "udp"),
        ("look_up", json!({"name": "data.example.com:80"}), "lookup of data.example.com"),
    ] {
        let result = client.call(tool, arguments).await?;
        assert_eq!(result.is_error, Some(true), "{tool}: {result:?}");
        let call = call_of(&host, tool).await?;
        assert_eq!(call["denied"], json!([{"capability": "sockets", "what": what}]), "{tool}: {call}");
    }
    let reached = tokio::time::timeout(std::time::Duration::from_millis(100), listener.accept()).await;
    assert!(reached.is_err(), "nobody came: {reached:?}");
    Ok(())
}

#[tokio::test]
async fn variables_count_as_used_when_the_guest_asks_for_them_and_has_some() -> anyhow::Result<()> {
    for (grant, used) in [("env.LANG = 'de_AT'", json!(["env"])), ("env = {}", json!([]))] {
        let config = format!("[audit]\ncalls = \"all\"\n[grants.env-reader]\n{grant}");
        let host = Options::with(&["env-reader"])?.config(&config).start().await?;
        let client = host.client("/mcp/full").await?;
        client.call("env_time", json!({})).await?;
        assert_eq!(call_of(&host, "env_time").await?["used"], json!([]), "it looked at the clock only");
        client.call("env_variables", json!({})).await?;
        let call = call_of(&host, "env_variables").await?;
        assert!(call["used"] == used && call["denied"] == json!([]), "{grant}: {call}");
    }
    Ok(())
}

/// The fetcher with another request for hosts, in the place of the one that serves.
async fn requests(host: &Host, request: HttpRequest) -> anyhow::Result<()> {
    let bytes = variant_bytes("fetcher", |manifest, descriptors| {
        called("fetcher", "0.2.0")(manifest, descriptors);
        manifest.request.http = vec![request];
    })?;
    replace(&host.directory.path().join("plugins/fetcher.wasm"), &bytes)?;
    let shown = tandem(host.directory.path(), &["reload", "--json"]).await?;
    anyhow::ensure!(String::from_utf8(shown.stdout)?.contains("0.2.0"), "it was not loaded");
    Ok(())
}

async fn shown(host: &Host, arguments: &[&str]) -> anyhow::Result<String> {
    let output = tandem(host.directory.path(), arguments).await?;
    Ok(format!("{}{}", String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

fn asked(host: HostPattern) -> HttpRequest {
    HttpRequest { host, port: None, methods: Some([Method::Get].into()), path: None, reason: None }
}

#[tokio::test]
async fn whichever_hosts_are_requested_are_those_that_the_operator_names() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = server(HELLO).await?;
    let url = |host: &str| json!({ "url": format!("http://{host}:{}/x", PLAIN.port()) });

    // By itself it is no host at all.
    let host = fetcher("").await?;
    requests(&host, asked(HostPattern::Granted)).await?;
    let client = host.client("/mcp/full").await?;
    assert_eq!(client.call("fetch", url("127.0.0.1")).await?.is_error, Some(true));
    let told = shown(&host, &["grants", "fetcher"]).await?;
    assert!(told.contains("http.*") && told.contains("do not have it"), "{told}");

    let host = fetcher(&rule("")).await?;
    requests(&host, asked(HostPattern::Granted)).await?;
    let client = host.client("/mcp/full").await?;
    let fetched = client.structured("fetch", url("127.0.0.1")).await?;
    assert_eq!(fetched["body"], "hello", "at the port that the grant names");
    let posted = json!({ "url": url("127.0.0.1")["url"], "method": "POST" });
    for refused in [url("localhost"), posted] {
        assert_eq!(client.call("fetch", refused.clone()).await?.is_error, Some(true), "{refused}");
    }
    assert_eq!(seen.lock().unwrap().len(), 1);
    let told = shown(&host, &["grants", "fetcher"]).await?;
    assert!(told.contains(&format!("127.0.0.1:{}", PLAIN.port())), "{told}");
    crate::ports::close(server).await;

    // No grant is so wide.
    let refused = Options::with(&["fetcher"])?.config("[grants.fetcher]\nhttp = [\"*\"]\n").in_process().start().await;
    assert!(refused.is_err(), "`*` is granted by nobody");
    Ok(())
}

#[tokio::test]
async fn a_grant_at_another_port_is_told_as_such() -> anyhow::Result<()> {
    let host = fetcher(&rule("")).await?;
    requests(&host, asked("127.0.0.1".parse()?)).await?;
    let other = format!("the operator's grant `127.0.0.1:{}` has another port", PLAIN.port());
    let told = shown(&host, &["grants", "fetcher"]).await?;
    assert!(told.contains(&other), "{told}");
    let told = shown(&host, &["inspect", "plugins/fetcher.wasm", "--config", "tandem.toml"]).await?;
    assert!(told.contains(&other), "{told}");
    let client = host.client("/mcp/full").await?;
    let url = format!("http://127.0.0.1:{}/", PLAIN.port());
    let answers = client.structured("fetch_all", json!({ "urls": [url] })).await?;
    assert!(answers.to_string().contains("no grant covers this host, port, method and path"), "{answers}");
    Ok(())
}
