//! Clients that take their time, or send too much of a head.

use std::time::{Duration, Instant};

use tandem_gateway::GatewayConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Edge, start};

/// What the host answers, and how long it takes until it closes.
async fn converse(edge: &Edge, parts: &[(&str, Duration)]) -> (String, Duration) {
    let begin = Instant::now();
    let (mut read, mut write) = TcpStream::connect(edge.address).await.unwrap().into_split();
    let parts: Vec<_> = parts.iter().map(|(text, pause)| ((*text).to_owned(), *pause)).collect();
    let writing = tokio::spawn(async move {
        for (text, pause) in parts {
            // The host may have cut the connection; that is what is looked for.
            if write.write_all(text.as_bytes()).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
        std::future::pending::<()>().await;
    });
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), read.read_to_end(&mut answer)).await;
    writing.abort();
    assert!(ended.is_ok(), "the host keeps the connection: {}", String::from_utf8_lossy(&answer));
    (String::from_utf8_lossy(&answer).into_owned(), begin.elapsed())
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let config = GatewayConfig { head_timeout: Duration::from_millis(300), ..GatewayConfig::default() };
    let edge = start(config).await;
    let pause = Duration::from_millis(100);
    for parts in
        [&[][..], &[("GET /health", pause), (" HTTP/1.1\r\n", pause), ("host: a\r\n", pause), ("x: y\r\n", pause)]]
    {
        let (answer, took) = converse(&edge, parts).await;
        assert_eq!(answer, "");
        assert!((Duration::from_millis(250)..Duration::from_secs(8)).contains(&took), "{took:?}");
    }
    assert_eq!(edge.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_after_its_idle_time() {
    let config = GatewayConfig {
        head_timeout: Duration::from_millis(100),
        idle_timeout: Duration::from_millis(600),
        ..GatewayConfig::default()
    };
    let edge = start(config).await;
    let request = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let (answer, took) = converse(&edge, &[(request, Duration::from_millis(300)), (request, Duration::ZERO)]).await;
    assert_eq!(answer.matches("200 OK").count(), 2, "the head's time is for the first alone: {answer}");
    assert!(took >= Duration::from_millis(800), "{took:?}");
}

#[tokio::test]
async fn a_body_that_drips_is_cut_and_named() {
    let config = GatewayConfig { body_timeout: Duration::from_millis(300), ..GatewayConfig::default() };
    let edge = start(config).await;
    let heads = [
        "POST /v1/tools/none/call HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n\
         content-length: 99\r\n\r\n",
    ];
    for head in heads {
        let drip = ("{", Duration::from_millis(50));
        let parts: Vec<_> = std::iter::once((head, Duration::ZERO)).chain(std::iter::repeat_n(drip, 400)).collect();
        let (answer, took) = converse(&edge, &parts).await;
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body-timeout"), "{answer}");
        assert!(took < Duration::from_secs(15), "{took:?}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let edge = start(GatewayConfig::default()).await;
    let long = format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "y".repeat(128 << 10));
    let many = format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(80));
    for head in [long, many] {
        let (answer, _) = converse(&edge, &[(&head, Duration::ZERO)]).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_not_kept() {
    let config = GatewayConfig {
        write_timeout: Duration::from_millis(300),
        connection_limit: 1,
        idle_timeout: Duration::from_secs(60),
        ..GatewayConfig::default()
    };
    let edge = start(config).await;
    let mut greedy = TcpStream::connect(edge.address).await.unwrap();
    let request = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(2000);
    let sending = tokio::spawn(async move {
        // Asks again and again and never reads: what is answered fills the buffers on both sides.
        drop(greedy.write_all(request.as_bytes()).await);
        std::future::pending::<()>().await;
        drop(greedy);
    });
    let answer = tokio::time::timeout(Duration::from_secs(20), edge.get("/health")).await;
    sending.abort();
    assert_eq!(answer.expect("the only place is free again").status, 200);
}
