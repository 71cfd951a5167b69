//! Requests that somebody on the way could read otherwise.

use std::time::Duration;

use serde_json::json;
use tandem_gateway::GatewayConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    Edge,
    keys::{keyed, ring},
    start,
};

/// What is answered to these bytes, until the connection is closed.
async fn raw(edge: &Edge, pieces: &[&str]) -> String {
    let mut stream = TcpStream::connect(edge.address).await.unwrap();
    for piece in pieces {
        // It may be closed already.
        let _ = stream.write_all(piece.as_bytes()).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("it stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused() {
    for edge in [start(GatewayConfig::default()).await, keyed(GatewayConfig::default(), &ring()).await] {
        for target in ["/health", "/mcp", "/v1/categories"] {
            for request in [
                format!("GET {target} HTTP/1.1\nHost: localhost\n\n"),
                format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nX: y\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"),
                format!("GET http://evil.example{target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:evil\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:+80\r\n\r\n"),
                format!("GET {target} HTTP/1.1\r\nHost: x@127.0.0.1\r\n\r\n"),
                format!(
                    "POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                ),
                format!("POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
                format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
            ] {
                let answer = raw(&edge, &[&request]).await;
                assert_eq!(statuses(&answer), ["400"], "{request}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn a_later_head_of_a_connection_is_looked_at_too() {
    let edge = start(GatewayConfig::default()).await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "x\n\n\n"}).to_string() + "\n\n\n";
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nContent-Type: application/json\r\n";
    let length = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x};a=b\r\n{body}\r\n0\r\nX: y\r\n\r\n", body.len());
    let good = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let bad = "GET /health HTTP/1.1\r\nHost: localhost\n\r\n";
    let answer = raw(&edge, &[&length, &chunks, good, bad, good]).await;
    assert_eq!(statuses(&answer), ["400", "400", "200", "400"], "{answer}");
    assert_eq!(
        answer.matches("\"code\":\"malformed_request").count(),
        1,
        "line feeds of a body are nobody's business: {answer}"
    );
}

#[tokio::test]
async fn every_usual_form_of_a_host_is_taken() {
    let edge =
        start(GatewayConfig { allowed_hosts: vec!["tools.example".to_owned()], ..GatewayConfig::default() }).await;
    let port = edge.address.port();
    for host in ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "tools.example", "tools.example."] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let request = format!("GET /v1/categories HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            assert_eq!(statuses(&raw(&edge, &[&request]).await), ["200"], "{host}");
        }
    }
    for host in ["evil.example", "localhost.evil.example", "localhost..", "."] {
        let request = format!("GET /v1/categories HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(statuses(&raw(&edge, &[&request]).await), ["403"], "{host}");
    }
    let whole = format!(
        "GET http://localhost:{port}/v1/categories HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(statuses(&raw(&edge, &[&whole]).await), ["200"]);
    let old = "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n";
    assert!(raw(&edge, &[old]).await.starts_with("HTTP/1.0 200"));
}
