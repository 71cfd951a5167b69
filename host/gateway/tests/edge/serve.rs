use std::time::{Duration, Instant};

use serde_json::json;
use tandem_gateway::GatewayConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::start;

#[tokio::test]
async fn shutdown_is_seen_by_probes_before_the_port_closes() {
    let edge = start(GatewayConfig { unready: Duration::from_millis(300), ..GatewayConfig::default() }).await;
    edge.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = edge.get("/health/ready").await;
    assert_eq!((answer.status, answer.json()["draining"].clone()), (503, json!(true)));
    edge.serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(edge.address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn what_never_ends_by_itself_does_not_hold_shutdown_up() {
    let edge = start(GatewayConfig { drain: Duration::from_millis(200), ..GatewayConfig::default() }).await;
    let id = edge.initialize().await.header("mcp-session-id").to_owned();
    let headers = [("accept", "text/event-stream"), ("mcp-session-id", id.as_str())];
    let stream = edge.open(edge.request("GET", "/mcp", &headers, "")).await;
    assert_eq!(stream.status(), 200);
    // A request that never becomes whole: its head is there, its body is not.
    let mut half = TcpStream::connect(edge.address).await.unwrap();
    let head = format!(
        "POST /v1/tools/none/call HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{{",
        edge.address
    );
    half.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    edge.shutdown.cancel();
    edge.serving.await.unwrap().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let mut rest = Vec::new();
    assert_eq!(half.read_to_end(&mut rest).await.unwrap_or(0), 0, "the half request is cut off");
}

#[tokio::test]
async fn connections_are_bounded_and_the_next_waits_its_turn() {
    let edge = start(GatewayConfig { connection_limit: 1, ..GatewayConfig::default() }).await;
    let holder = TcpStream::connect(edge.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = tokio::time::timeout(Duration::from_millis(300), edge.get("/health")).await;
    assert!(waiting.is_err(), "the only place is taken");
    drop(holder);
    let answer = tokio::time::timeout(Duration::from_secs(60), edge.get("/health")).await.unwrap();
    assert_eq!(answer.status, 200);
}
