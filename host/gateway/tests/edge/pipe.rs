use std::time::Duration;

use serde_json::{Value, json};
use tandem_gateway::{GatewayConfig, StdioError};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{Edge, start};

#[tokio::test]
async fn both_eras_are_served_over_a_pipe() {
    let edge = start(GatewayConfig::default()).await;
    for modern in [false, true] {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let serving = tokio::spawn({
            let gateway = edge.gateway.clone();
            async move { gateway.serve_pipe(tokio::io::split(theirs), CancellationToken::new()).await }
        });
        let (read, mut write) = tokio::io::split(ours);
        let mut lines = BufReader::new(read).lines();
        let mut call = async |body: Value| {
            write.write_all(format!("{body}\n").as_bytes()).await.unwrap();
            serde_json::from_str::<Value>(&lines.next_line().await.unwrap().unwrap()).unwrap()
        };
        let mut params = json!({});
        if modern {
            params["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {}});
        } else {
            let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"}});
            let hello = call(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})).await;
            assert_eq!(hello["result"]["protocolVersion"], "2025-06-18");
        }
        let list = call(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params})).await;
        assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 5, "{list}");
        params["name"] = json!("tools_search");
        params["arguments"] = json!({"query": "anything"});
        let found = call(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})).await;
        assert_eq!(found["result"]["structuredContent"], json!({"tools": []}), "{found}");
        drop((write, lines));
        serving.await.unwrap().unwrap();
    }
}

/// A client at the other end of a pipe.
struct Client {
    write: WriteHalf<DuplexStream>,
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    serving: JoinHandle<Result<(), StdioError>>,
}

impl Client {
    async fn open(edge: &Edge, version: &str) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let gateway = edge.gateway.clone();
        let serving =
            tokio::spawn(async move { gateway.serve_pipe(tokio::io::split(theirs), CancellationToken::new()).await });
        let (read, write) = tokio::io::split(ours);
        let mut client = Self { write, lines: BufReader::new(read).lines(), serving };
        let hello =
            json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        client.send(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}).to_string()).await;
        assert_eq!(client.next().await["result"]["protocolVersion"], version);
        client
    }

    async fn send(&mut self, line: impl Into<Vec<u8>>) {
        let mut line = line.into();
        line.push(b'\n');
        self.write.write_all(&line).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(30), self.lines.next_line()).await.expect("an answer");
        serde_json::from_str(&line.unwrap().unwrap()).unwrap()
    }

    async fn refusal(&mut self, line: impl Into<Vec<u8>>) -> (Value, i64) {
        self.send(line).await;
        let mut message = self.next().await;
        assert!(message.get("id").is_some(), "{message}");
        (message["id"].take(), message["error"]["code"].as_i64().expect("an error"))
    }

    async fn close(self) {
        drop((self.write, self.lines));
        self.serving.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn what_a_pipe_cannot_read_is_answered() {
    let edge = start(GatewayConfig { max_body: 10_000, ..GatewayConfig::default() }).await;
    let mut client = Client::open(&edge, "2025-06-18").await;
    let list = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":"l","method":"tools/list","params":{params}}}"#);
    let long = "x".repeat(300_000);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(2000), "]".repeat(2000));
    let cases: Vec<(Vec<u8>, Value, i64)> = vec![
        (b"not json".to_vec(), Value::Null, -32700),
        (br#"{"jsonrpc":"2.0","#.to_vec(), Value::Null, -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"\xff\"}".to_vec(), Value::Null, -32700),
        (b"5".to_vec(), Value::Null, -32600),
        (b"[]".to_vec(), Value::Null, -32600),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#.to_vec(), Value::Null, -32600),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.to_vec(), Value::Null, -32600),
        (br#"{"jsonrpc":"2.0","id":6}"#.to_vec(), json!(6), -32600),
        (list("[]").into(), json!("l"), -32602),
        (list(r#"{"cursor":5}"#).into(), json!("l"), -32602),
        (list(&format!("{{\"_meta\":{{\"progressToken\":\"{}\"}}}}", "x".repeat(2000))).into(), json!("l"), -32602),
        (list(&deep).into(), json!("l"), -32602),
        (
            format!(r#"{{"jsonrpc":"2.0","id":"big","method":"m","params":{{"t":"{long}"}}}}"#).into(),
            json!("big"),
            -32600,
        ),
        (
            format!(r#"{{"method":"m","params":{{"id":1,"t":"{long}"}},"jsonrpc":"2.0","id":8}}"#).into(),
            json!(8),
            -32600,
        ),
        (long.clone().into(), Value::Null, -32600),
    ];
    for (line, id, code) in cases {
        let shown = String::from_utf8_lossy(&line).chars().take(80).collect::<String>();
        assert_eq!(client.refusal(line).await, (id, code), "{shown}");
    }
    // What has no answer gets none, and the pipe goes on.
    for line in ["", "   ", "\r", r#"{"jsonrpc":"2.0","method":"notifications/x","params":[1]}"#] {
        client.send(line).await;
    }
    client.send("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":\"end\",\"method\":\"ping\"}\r").await;
    assert_eq!(client.next().await, json!({"jsonrpc": "2.0", "id": "end", "result": {}}));
    client.close().await;
}

#[tokio::test]
async fn a_client_that_writes_nonsense_and_reads_nothing_is_not_read_without_end() {
    let edge = start(GatewayConfig::default()).await;
    let mut client = Client::open(&edge, "2025-06-18").await;
    let nonsense = "nonsense\n".repeat(1000);
    let mut taken = 0;
    // Some of it stands in the pipe; what is read is answered with more than it has.
    while taken < 1 << 20 {
        let write = client.write.write_all(nonsense.as_bytes());
        match tokio::time::timeout(Duration::from_secs(3), write).await {
            Ok(written) => written.unwrap(),
            Err(_) => return,
        }
        taken += nonsense.len();
    }
    panic!("{taken} bytes were taken");
}

#[tokio::test]
async fn a_pipe_has_batches_where_its_revision_has_them() {
    let edge = start(GatewayConfig::default()).await;
    let mut client = Client::open(&edge, "2025-03-26").await;
    client
        .send(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#)
        .await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let message = client.next().await;
        answers.push(format!("{} {}", message["id"], message["error"]["code"]));
    }
    answers.sort();
    assert_eq!(answers, ["1 null", "2 null", "null -32600"]);
    assert_eq!(client.refusal("[]").await, (Value::Null, -32600));
    client.close().await;
}
