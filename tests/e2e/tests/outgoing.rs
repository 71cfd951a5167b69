//! Outgoing HTTP on the socket: which connection a request takes, how its bytes are counted, and what its head says.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;
use tandem_harness::{Client, Host, Options, text};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    policy::tandem,
    ports::{PLAIN, close},
    tenants::{both, host},
};

/// What a server saw: the connection's number and the request's head.
type Seen = Arc<Mutex<Vec<(usize, String)>>>;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// Two tenants whose fetcher may reach the tests' server.
pub(crate) async fn fetchers(limits: &str) -> anyhow::Result<(Host, Client, Client)> {
    let grants = format!("[grants.fetcher]\nhttp = [{{ host = \"127.0.0.1\", port = {} }}]\n", PLAIN.port());
    let host = host(&["fetcher"], limits, &grants).await?;
    let (good, bad) = both(&host).await?;
    Ok((host, good, bad))
}

pub(crate) fn url() -> String {
    format!("http://127.0.0.1:{}/", PLAIN.port())
}

/// Reads one request's head; none when the client is done.
pub(crate) async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A server that does `serve` with each connection.
pub(crate) async fn server<F>(serve: impl Fn(usize, TcpStream) -> F + Send + 'static) -> anyhow::Result<JoinHandle<()>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", PLAIN.port())).await?;
    Ok(tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(connections.len(), stream));
        }
    }))
}

/// Answers up to `requests` requests on each connection, and closes it then.
async fn keeping(requests: usize) -> anyhow::Result<(Seen, JoinHandle<()>)> {
    let seen = Seen::default();
    let server = server({
        let seen = seen.clone();
        move |number, mut stream| {
            let seen = seen.clone();
            async move {
                for _ in 0..requests {
                    let Some(head) = head(&mut stream).await else { return };
                    seen.lock().unwrap().push((number, head));
                    let _sent = stream.write_all(HELLO.as_bytes()).await;
                }
                crate::ports::part(stream).await;
            }
        }
    });
    Ok((seen, server.await?))
}

async fn fetched(client: &Client) -> anyhow::Result<String> {
    Ok(text(&client.call("fetch", json!({"url": url()})).await?))
}

/// Each of these asks once, in turn, and gets the server's answer.
async fn all_fetch(clients: &[&Client]) -> anyhow::Result<()> {
    for client in clients {
        let answer = fetched(client).await?;
        assert!(answer.contains("hello"), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn requests_of_one_tenant_share_a_connection_and_those_of_two_never_do() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = keeping(100).await?;
    let (host, good, bad) = fetchers("").await?;
    all_fetch(&[&good, &good, &bad, &good, &bad]).await?;
    let connections: Vec<usize> = seen.lock().unwrap().iter().map(|(connection, _)| *connection).collect();
    assert_eq!(connections, [0, 0, 1, 0, 1]);
    let revoked = tandem(host.directory.path(), &["grants", "revoke", "fetcher", "http"]).await?;
    assert!(revoked.status.success(), "{revoked:?}");
    let refused = fetched(&good).await?;
    assert!(refused.contains("RequestDenied"), "an open connection is no grant: {refused}");
    assert_eq!(seen.lock().unwrap().len(), 5);
    close(server).await;
    Ok(())
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_not_missed() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = keeping(1).await?;
    let (_host, good, _) = fetchers("").await?;
    all_fetch(&[&good; 4]).await?;
    assert_eq!(seen.lock().unwrap().len(), 4);
    close(server).await;
    Ok(())
}

#[tokio::test]
pub(crate) async fn heads_count_against_the_total_both_ways() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = keeping(100).await?;
    let (_host, good, bad) = fetchers("egress-per-minute = '1MiB'").await?;
    let header = format!("x-large: {}", "x".repeat(60 << 10));
    let mut refused = String::new();
    for _ in 0..60 {
        let result = bad.call("fetch", json!({"url": url(), "header": header})).await?;
        if result.is_error == Some(true) {
            refused = text(&result);
            break;
        }
    }
    assert!(refused.contains("tenant-egress"), "{refused}");
    let sent: usize = seen.lock().unwrap().iter().map(|(_, head)| head.len()).sum();
    assert!((512 << 10..2 << 20).contains(&sent), "{sent} bytes of heads for a total of 1 MiB a minute");
    assert!(fetched(&good).await?.contains("hello"), "the neighbour has its own");
    close(server).await;
    Ok(())
}

#[tokio::test]
async fn a_server_that_sends_interim_answers_without_end_is_ended() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let sent = Arc::new(AtomicU64::new(0));
    let server = server({
        let sent = sent.clone();
        move |_, mut stream| {
            let sent = sent.clone();
            async move {
                let _head = head(&mut stream).await;
                let hint = format!("HTTP/1.1 103 Early Hints\r\nlink: <{}>\r\n\r\n", "x".repeat(1000));
                while stream.write_all(hint.as_bytes()).await.is_ok() {
                    sent.fetch_add(hint.len() as u64, Ordering::Relaxed);
                }
            }
        }
    })
    .await?;
    let (_host, good, _) = fetchers("").await?;
    let answer = fetched(&good).await?;
    assert!(answer.contains("HeaderSectionSize"), "{answer}");
    // What the two kernels hold between them is sent, too.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 16 << 20, "{sent} bytes were sent");
    close(server).await;
    Ok(())
}

#[tokio::test]
async fn the_host_header_is_the_granted_host_whatever_the_url_says() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = keeping(100).await?;
    let (_host, good, _) = fetchers("").await?;
    let port = PLAIN.port();
    for odd in ["x@127.0.0.1:+", "x@127.0.0.1:", "127.0.0.1:+", "x:y@127.0.0.1:", "127.0.0.1:0"] {
        let _refused = good.call("fetch", json!({"url": format!("http://{odd}{port}/")})).await?;
    }
    assert!(fetched(&good).await?.contains("hello"));
    let usual = format!("host: 127.0.0.1:{port}");
    for (_, head) in seen.lock().unwrap().iter() {
        let mut hosts = head.lines().filter(|line| line.to_ascii_lowercase().starts_with("host:"));
        assert!(hosts.next().is_some_and(|host| host.to_ascii_lowercase() == usual), "{head}");
        assert_eq!(hosts.next(), None, "{head}");
    }
    let odd = good.call("fetch", json!({"url": format!("http://x@127.0.0.1:{port}/")})).await?;
    assert_eq!(odd.is_error, Some(true), "{odd:?}");
    close(server).await;
    Ok(())
}

const VALUE: &str = "s3cret-value";

/// A fetcher with a secret, and grants.
async fn with_secret(grants: &str) -> anyhow::Result<(Host, Client)> {
    let config = format!("[grants.fetcher]\nsecrets.api-token = \"${{file:{{home}}/token}}\"\n{grants}\n");
    let host = Options::with(&["fetcher"])?.config(&config).write("token", VALUE).start().await?;
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

#[tokio::test]
async fn a_server_that_echoes_a_secret_does_not_give_it_to_the_guest() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let seen = Seen::default();
    let server = server({
        let seen = seen.clone();
        move |number, mut stream| {
            let seen = seen.clone();
            async move {
                let Some(head) = head(&mut stream).await else { return };
                seen.lock().unwrap().push((number, head.clone()));
                let answer = format!("HTTP/1.1 200 OK\r\nx-echo: {VALUE}\r\ncontent-length: {}\r\n\r\n", head.len());
                let _sent = stream.write_all(answer.as_bytes()).await;
                // Cut within the secret, wherever it is.
                for part in head.as_bytes().chunks(5) {
                    let _sent = stream.write_all(part).await;
                    let _sent = stream.flush().await;
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
                crate::ports::part(stream).await;
            }
        }
    })
    .await?;
    let rule = format!("http = [{{ host = \"127.0.0.1\", port = {} }}]", PLAIN.port());
    let (host, client) = with_secret(&rule).await?;
    let result = client.call("fetch_with_secret", json!({"url": url(), "secret": "api-token"})).await?;
    let shown = text(&result);
    assert!(shown.to_ascii_lowercase().contains("authorization: bearer ************"), "{shown}");
    assert!(!format!("{result:?}").contains(VALUE), "{result:?}");
    assert_eq!(seen.lock().unwrap()[0].1.matches(VALUE).count(), 2, "it was in a header and in the query");
    assert!(!format!("{:?}", host.log()).contains(VALUE));
    close(server).await;
    Ok(())
}

#[tokio::test]
async fn a_secret_goes_to_its_own_hosts_only() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (seen, server) = keeping(100).await?;
    let port = PLAIN.port();
    let rules = format!(
        "http = [{{ host = \"127.0.0.1\", port = {port} }}, {{ host = \"localhost\", port = {port}, allow-cidrs = [\"127.0.0.0/8\", \"::1/128\"] }}]"
    );
    let ask = |name: &str| json!({"url": format!("http://{name}:{port}/"), "secret": "api-token"});

    let (host, client) = with_secret(&rules).await?;
    let refused = text(&client.call("fetch_with_secret", ask("127.0.0.1")).await?);
    assert!(refused.contains("not granted"), "several hosts, and nobody says which: {refused}");
    let shown = tandem(host.directory.path(), &["grants", "fetcher"]).await?;
    let shown = format!("{}{}", String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
    assert!(shown.contains("secret-hosts.api-token"), "{shown}");

    let (_host, client) = with_secret(&format!("secret-hosts.api-token = [\"127.0.0.1\"]\n{rules}")).await?;
    let refused = text(&client.call("fetch_with_secret", ask("localhost")).await?);
    assert!(refused.contains("RequestDenied"), "{refused}");
    assert!(seen.lock().unwrap().is_empty(), "{seen:?}");
    let answer = text(&client.call("fetch_with_secret", ask("127.0.0.1")).await?);
    assert!(answer.contains("hello"), "{answer}");
    assert!(seen.lock().unwrap()[0].1.contains(VALUE));
    close(server).await;
    Ok(())
}

#[tokio::test]
async fn requests_of_one_call_are_on_their_way_together() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (_host, client, _) = fetchers("").await?;
    // Nobody is answered before all are there.
    let all = Arc::new(tokio::sync::Barrier::new(4));
    let server = server({
        let all = all.clone();
        move |_, mut stream| {
            let all = all.clone();
            async move {
                let Some(head) = head(&mut stream).await else { return };
                all.wait().await;
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len());
                let _sent = stream.write_all(answer.as_bytes()).await;
                crate::ports::part(stream).await;
            }
        }
    })
    .await?;
    let urls: Vec<String> = (1..=4).map(|number| format!("{}{number}", url())).collect();
    let answers = client.structured("fetch_all", json!({ "urls": urls, "query": "New York&admin=1#x" })).await?;
    let query = "q=New%20York%26admin%3D1%23x";
    assert_eq!(answers["result"], json!([1, 2, 3, 4].map(|number| format!("/{number}?{query}"))), "in their order");
    close(server).await;
    Ok(())
}

#[tokio::test]
async fn a_request_is_given_up_after_its_own_time_and_a_long_answer_is_read_in_parts() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (_host, client, _) = fetchers("").await?;
    const LENGTH: usize = 3 << 20;
    let server = server(|_, mut stream| async move {
        let Some(head) = head(&mut stream).await else { return };
        if head.starts_with("GET /never") {
            // Until the client parts.
            let _gone = stream.read_u8().await;
            return;
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
        let _sent = stream.write_all(head.as_bytes()).await;
        let _sent = stream.write_all(&vec![b'x'; LENGTH]).await;
        crate::ports::part(stream).await;
    })
    .await?;
    let never = json!({ "urls": [format!("{}never", url())], "timeout_ms": 100 });
    let answers = client.structured("fetch_all", never).await?;
    assert!(answers["result"][0].to_string().contains("had no answer after 100ms"), "{answers}");
    let whole = client.structured("fetch_all", json!({ "urls": [url()] })).await?;
    assert!(whole["result"][0].to_string().contains("larger than 1048576 bytes"), "{whole}");
    assert_eq!(client.structured("fetch_length", json!({ "url": url() })).await?["result"], LENGTH);
    close(server).await;
    Ok(())
}
