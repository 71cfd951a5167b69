use serde_json::{Value, json};
use tandem_gateway::GatewayConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use super::start;

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
