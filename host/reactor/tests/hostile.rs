//! Peers that break the protocol, against a real host on loopback: each is answered or cut off, and the next one is served.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails so")]

use std::{sync::Arc, time::Duration};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _, StreamExt as _, future::BoxFuture};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, SwarmBuilder, multiaddr::Protocol, noise, tcp, yamux};
use serde_json::{Value, json};
use tandem_engine::{CallEnv, Caller, InvokeError, InvokeOutput, P2p, P2pRequest, Unmetered};
use tandem_manifest::{Admission, HostConfig};
use tandem_reactor::{Reactor, Settings, ToolCall, ToolInfo, Tools};
use tandem_store::Store;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/mcp+p2p/1.0.0");

/// Answers its arguments; `slow` never does.
struct Echo;

impl Tools for Echo {
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>> {
        async move {
            if call.tool == "slow" {
                call.cancel.cancelled().await;
            }
            if call.tool != "echo" {
                return Err(InvokeError::NotFound(format!("unknown tool `{}`", call.tool)));
            }
            let structured = Some(Value::Object(call.arguments).to_string());
            Ok(InvokeOutput { content: "[]".to_owned(), structured, is_error: false })
        }
        .boxed()
    }

    fn list(&self, _caller: &Caller) -> Vec<ToolInfo> {
        let info = |name: &str| ToolInfo {
            name: name.to_owned(),
            description: "answers".to_owned(),
            input_schema: json!({"type": "object"}),
            local: false,
        };
        [info("echo"), info("slow")].into_iter().chain((0..250).map(|i| info(&format!("tool-{i:03}")))).collect()
    }

    fn generation(&self) -> u64 {
        0
    }

    fn find(&self, _caller: &Caller, _tool: &str) -> Result<(), Vec<String>> {
        Ok(())
    }
}

struct Host {
    reactor: Arc<Reactor>,
    address: Multiaddr,
    _data: TempDir,
}

async fn host() -> Host {
    let data = TempDir::new().unwrap();
    let mut p2p = HostConfig::default().p2p;
    p2p.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    p2p.admission = Admission::Open;
    p2p.discovery.file = false;
    let settings = Settings::new(&p2p, data.path(), None, false).unwrap();
    let store = Store::open(&data.path().join("store.db")).unwrap();
    let callers = Arc::new(|peer: &str| Caller::new("peers", peer));
    let reactor = Reactor::start(settings, store, callers, tokio::runtime::Handle::current()).unwrap();
    reactor.set_tools(Arc::new(Echo));
    let address = loop {
        if let Some(address) = reactor.listening().into_iter().next() {
            break address;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let me = P2pRequest::PeerRegister { addresses: Vec::new(), ttl_s: 60, metadata: None };
    let record: Value = serde_json::from_str(&reactor.request(env(), me).await.unwrap()).unwrap();
    let peer: PeerId = record["peer_id"].as_str().unwrap().parse().unwrap();
    Host { reactor, address: address.with(Protocol::P2p(peer)), _data: data }
}

fn env() -> CallEnv {
    CallEnv {
        request_id: "test".into(),
        caller: Caller::local(),
        deadline: std::time::Instant::now() + Duration::from_secs(60),
        cancel: CancellationToken::new(),
        client: None,
        depth: 0,
        traceparent: None,
        account: Arc::new(Unmetered),
    }
}

/// A peer that can be told to do anything.
struct Peer {
    control: libp2p_stream::Control,
    host: PeerId,
    _swarm: tokio::task::JoinHandle<()>,
}

async fn peer(host: &Host) -> Peer {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| libp2p_stream::Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build();
    let control = swarm.behaviour().new_control();
    swarm.dial(host.address.clone()).unwrap();
    let swarm = tokio::spawn(async move { while swarm.next().await.is_some() {} });
    let Some(Protocol::P2p(id)) = host.address.iter().last() else { panic!("the address names the host") };
    Peer { control, host: id, _swarm: swarm }
}

impl Peer {
    async fn stream(&mut self) -> Stream {
        for _ in 0..100 {
            if let Ok(stream) = self.control.open_stream(self.host, PROTOCOL).await {
                return stream;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the host opens no stream");
    }
}

async fn send(stream: &mut Stream, frame: &[u8]) {
    let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, frame].concat()).await.unwrap();
    stream.flush().await.unwrap();
}

async fn receive(stream: &mut Stream) -> Option<Value> {
    let mut head = [0; 4];
    let answer = async {
        stream.read_exact(&mut head).await.ok()?;
        let mut frame = vec![0; u32::from_be_bytes(head) as usize];
        stream.read_exact(&mut frame).await.ok()?;
        serde_json::from_slice(&frame).ok()
    };
    tokio::time::timeout(Duration::from_secs(20), answer).await.expect("an answer or an end comes in time")
}

async fn ask(stream: &mut Stream, frame: Value) -> Value {
    send(stream, frame.to_string().as_bytes()).await;
    receive(stream).await.expect("an answer")
}

fn echo(id: u32) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "echo", "arguments": {"n": id}}})
}

/// A well-behaved peer is served, whatever another one did before.
async fn is_well(host: &Host) {
    let mut peer = peer(host).await;
    let mut stream = peer.stream().await;
    let answer = ask(&mut stream, echo(7)).await;
    assert_eq!(answer["result"]["structuredContent"], json!({"n": 7}), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_are_listed_in_pages_and_called_in_both_forms() {
    let host = host().await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    let (mut cursor, mut names) = (None::<String>, Vec::new());
    loop {
        let page = ask(&mut stream, json!({"id": 1, "method": "tools/list", "params": {"cursor": cursor}})).await;
        names.extend(page["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()));
        cursor = page["result"]["nextCursor"].as_str().map(ToOwned::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 252);
    let older = ask(&mut stream, json!({"tool": "echo", "args": {"a": 1}})).await;
    assert_eq!((&older["ok"], &older["result"]["structuredContent"]), (&json!(true), &json!({"a": 1})), "{older}");
    let unknown = ask(&mut stream, json!({"id": 2, "method": "tools/call", "params": {"name": "none"}})).await;
    assert_eq!(unknown["error"]["data"]["reason"], "not_found", "{unknown}");
    let method = ask(&mut stream, json!({"id": "x", "method": "tasks/steal"})).await;
    assert_eq!((&method["id"], &method["error"]["code"]), (&json!("x"), &json!(-32601)), "{method}");
    host.reactor.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_run_beside_each_other_and_end_with_their_stream() {
    let host = host().await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    send(&mut stream, json!({"id": 1, "method": "tools/call", "params": {"name": "slow"}}).to_string().as_bytes())
        .await;
    let answer = ask(&mut stream, echo(2)).await;
    assert_eq!(answer["id"], 2, "the slow one holds nobody up: {answer}");
    // More than may be under way are refused by name, and the stream goes on.
    for id in 100..163 {
        let slow = json!({"id": id, "method": "tools/call", "params": {"name": "slow"}});
        send(&mut stream, slow.to_string().as_bytes()).await;
    }
    let refused = ask(&mut stream, echo(3)).await;
    assert_eq!(
        (&refused["id"], &refused["error"]["data"]["reason"]),
        (&json!(3), &json!("limit_exceeded")),
        "{refused}"
    );
    drop(stream);
    is_well(&host).await;
    host.reactor.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_frames_cost_their_stream_and_nobody_elses() {
    let host = host().await;
    let cases: [&[u8]; 5] = [
        &[0xff, 0xff, 0xff, 0xff],
        &[0x00, 0x10, 0x00, 0x01],
        &[0, 0, 0, 4, 0xff, 0xfe, 0x00, 0x01],
        &[0, 0, 0, 3, b'{', b'{', b'{'],
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for bytes in cases {
        let mut peer = peer(&host).await;
        let mut stream = peer.stream().await;
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(receive(&mut stream).await, None, "{bytes:?} closes the stream");
        is_well(&host).await;
    }
    let mut nested = vec![b'['; 4096];
    nested.extend(vec![b']'; 4096]);
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    send(&mut stream, &nested).await;
    assert_eq!(receive(&mut stream).await, None, "a depth bomb closes the stream");
    is_well(&host).await;
    host.reactor.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_goes_on_breaking_the_protocol_is_sent_away() {
    let host = host().await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    let first = ask(&mut stream, json!([1, 2])).await;
    assert_eq!(first["error"]["data"]["reason"], "invalid_request", "the first is answered: {first}");
    send(&mut stream, b"[3]").await;
    let mut ended = false;
    for _ in 0..20 {
        if receive(&mut stream).await.is_none() {
            ended = true;
            break;
        }
        let again: [u8; 7] = [0, 0, 0, 3, b'[', b'4', b']'];
        if stream.write_all(&again).await.is_err() || stream.flush().await.is_err() {
            ended = true;
            break;
        }
    }
    assert!(ended, "its score falls below what is kept connected");
    is_well(&host).await;
    host.reactor.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_streams_and_messages_are_held_back() {
    let host = host().await;
    let mut peer = peer(&host).await;
    // Four streams are served; what is opened beyond them is dropped.
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = peer.stream().await;
        assert_eq!(ask(&mut stream, echo(1)).await["id"], 1);
        streams.push(stream);
    }
    let start = std::time::Instant::now();
    let mut answered = 0;
    // 600 messages: the burst of 400 goes through, the rest at 200 a second.
    for round in 0..10 {
        for id in 0..60 {
            send(&mut streams[0], echo(round * 60 + id).to_string().as_bytes()).await;
        }
        for _ in 0..60 {
            answered += u32::from(receive(&mut streams[0]).await.is_some());
        }
    }
    assert_eq!(answered, 600, "none is lost");
    assert!(start.elapsed() > Duration::from_millis(500), "they came at the rate that is allowed");
    is_well(&host).await;
    host.reactor.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_ones_lease_is_not_taken() {
    let host = host().await;
    let submit = P2pRequest::TaskSubmit { task: json!({"tool": "slow", "arguments": {}}).to_string() };
    let task: Value = serde_json::from_str(&host.reactor.request(env(), submit).await.unwrap()).unwrap();
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    let claim = json!({"id": 1, "method": "tasks/claim", "params": {"tools": ["slow"], "max": 1, "lease_s": 30}});
    let refused = ask(&mut stream, claim).await;
    assert_eq!(refused["error"]["data"]["reason"], "unauthorized", "an open network gives no tasks away: {refused}");
    for fence in [0, 1, 2] {
        let finish = json!({"id": task["task_id"], "fence": fence, "outcome": "ok", "result": {"forged": true}});
        let refused = ask(&mut stream, json!({"id": 2, "method": "tasks/finish", "params": finish})).await;
        assert_eq!(refused["error"]["data"]["reason"], "stale_fence", "{refused}");
    }
    let renew = json!({"id": 3, "method": "tasks/renew", "params": {"leases": [{"id": task["task_id"], "fence": 1}]}});
    assert_eq!(ask(&mut stream, renew).await["result"]["leases"][0]["state"], "stale_fence");
    host.reactor.stop();
}
