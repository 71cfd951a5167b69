//! Peers that break the protocol: each is answered or cut off, and the next one is served.

use std::{io, iter, time::Duration};

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, FutureExt as _, future::BoxFuture};
use libp2p::{
    Transport as _,
    core::{
        Endpoint, UpgradeInfo,
        transport::{DialOpts, PortUse},
        upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, Version},
    },
    identity::Keypair,
    noise, tcp, yamux,
};
use serde_json::json;
use tandem_cluster::P2pRequest;

use crate::kit::{ask, echo, host, is_well, peer, peer_of, receive, send};

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
async fn malformed_frames_close_only_their_own_stream() {
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
    let (host, key) = (host().await, Keypair::generate_ed25519());
    let mut peer = peer_of(&key, &host);
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
    let mut again = peer_of(&key, &host);
    assert!(again.try_stream().await.is_none(), "it is blocked for a time");
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
    let task = host.request(submit).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_used_again_is_another_request() {
    let host = host().await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    let slow = json!({"id": 7, "method": "tools/call", "params": {"name": "slow"}});
    send(&mut stream, slow.to_string().as_bytes()).await;
    for _ in 0..3 {
        let answer = ask(&mut stream, echo(7)).await;
        assert_eq!((&answer["id"], &answer["result"]["structuredContent"]), (&json!(7), &json!({"n": 7})), "{answer}");
    }
}

/// Says that it speaks yamux, and speaks nonsense. It never becomes a connection: the error says how it ended.
#[derive(Clone)]
struct Nonsense;

impl UpgradeInfo for Nonsense {
    type Info = &'static str;
    type InfoIter = iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        iter::once("/yamux/1.0.0")
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin + Send + 'static> OutboundConnectionUpgrade<C> for Nonsense {
    type Output = yamux::Muxer<C>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Output>>;

    fn upgrade_outbound(self, mut socket: C, _: Self::Info) -> Self::Future {
        async move {
            socket.write_all(&[0x5a; 4096]).await?;
            socket.flush().await?;
            let read = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut Vec::new())).await;
            Err(io::Error::other(if read.is_ok() { "the host closed it" } else { "the host listens on" }))
        }
        .boxed()
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin + Send + 'static> InboundConnectionUpgrade<C> for Nonsense {
    type Output = yamux::Muxer<C>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Output>>;

    fn upgrade_inbound(self, socket: C, info: Self::Info) -> Self::Future {
        self.upgrade_outbound(socket, info)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_after_the_handshake_costs_its_connection() {
    let host = host().await;
    let noise = noise::Config::new(&Keypair::generate_ed25519()).unwrap();
    let mut tcp = tcp::tokio::Transport::new(tcp::Config::new())
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(Nonsense)
        .boxed();
    let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
    let ended = tcp.dial(host.address(), options).unwrap().await;
    let ended = ended.err().map(|error| format!("{error:?}")).unwrap_or_default();
    assert!(ended.contains("the host closed it"), "{ended}");
    is_well(&host).await;
}
