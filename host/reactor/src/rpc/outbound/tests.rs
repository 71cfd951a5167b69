use futures::{AsyncWriteExt as _, StreamExt as _};
use libp2p::{SwarmBuilder, noise, swarm::SwarmEvent, tcp, yamux};
use serde_json::json;
use tandem_types::Caller;
use tokio_util::task::AbortOnDropHandle;

use super::*;

fn swarm() -> libp2p::Swarm<libp2p_stream::Behaviour> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::new(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| libp2p_stream::Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build()
}

/// Our side, a peer, and the streams that it is opened; both are driven.
async fn linked() -> (Links, PeerId, libp2p_stream::IncomingStreams, AbortOnDropHandle<()>) {
    let (mut there, mut here) = (swarm(), swarm());
    let streams = there.behaviour().new_control().accept(PROTOCOL).unwrap();
    there.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = there.select_next_some().await {
            break address;
        }
    };
    let peer = *there.local_peer_id();
    here.dial(address.with(libp2p::multiaddr::Protocol::P2p(peer))).unwrap();
    let links = Links::new(here.behaviour().new_control(), Arc::new(|peer: &str| Caller::new("peers", peer)));
    let driven = tokio::spawn(async move {
        loop {
            tokio::select! { _ = there.next() => {}, _ = here.next() => {} }
        }
    });
    (links, peer, streams, AbortOnDropHandle::new(driven))
}

/// Asks a peer that takes the request, writes this, and closes the stream.
async fn answered(bytes: Vec<u8>) -> Result<Value, RpcError> {
    let (links, peer, mut streams, _driven) = linked().await;
    let serving = tokio::spawn(async move {
        let (_, mut stream) = streams.next().await.unwrap();
        frame::read(&mut stream).await.unwrap().unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.close().await.unwrap();
    });
    let answer = links.ask(peer, "ping", Map::new(), Duration::from_secs(30)).await;
    serving.await.unwrap();
    answer
}

fn frame_of(value: &Value) -> Vec<u8> {
    framed(&value.to_string())
}

fn framed(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

#[tokio::test]
async fn a_stream_that_breaks_in_the_middle_is_an_error_and_never_an_empty_answer() {
    let whole = frame_of(&json!({"jsonrpc": "2.0", "id": 0, "result": {"fine": true}}));
    assert_eq!(answered(whole.clone()).await, Ok(json!({"fine": true})));
    let other = frame_of(&json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    let neither = frame_of(&json!({"jsonrpc": "2.0", "id": 0}));
    for bytes in [Vec::new(), whole[..whole.len() - 1].to_vec(), other, neither] {
        let error = answered(bytes.clone()).await.unwrap_err();
        assert_eq!(error.reason.as_deref(), Some("timeout"), "{bytes:?}: {error}");
    }
}

#[tokio::test]
async fn an_answer_with_an_integer_beyond_64_bits_is_an_error_and_never_rounded() {
    let answer = |number: &str| framed(&format!(r#"{{"jsonrpc":"2.0","id":0,"result":{{"a":[{number}]}}}}"#));
    assert_eq!(answered(answer("18446744073709551615")).await, Ok(json!({"a": [u64::MAX]})));
    let error = answered(answer("18446744073709551616")).await.unwrap_err();
    assert_eq!(error.reason.as_deref(), Some("bad_output"), "{error}");
    assert!(error.message.starts_with("/result/a/0 "), "{error}");
}

/// The bytes of a body as an older Python peer writes it: every field, also those that are null.
fn python(kind: &str, method: &str, id: &str, result: &str, error: &str) -> Vec<u8> {
    framed(&format!(
        r#"{{"type":"{kind}","method":"{method}","params":{{}},"id":"{id}","result":{result},"error":{error},"sender":"12D3KooWOlder","timestamp":1782680000.25}}"#
    ))
}

async fn write(stream: &mut Stream, bytes: &[u8]) {
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
}

/// A peer that takes whatever comes for a body with a `type`, and serves one request a stream.
async fn serve_typed(mut streams: libp2p_stream::IncomingStreams) -> Vec<Value> {
    let mut asked = Vec::new();
    while asked.len() < 3 {
        let (_, mut stream) = streams.next().await.unwrap();
        let body = frame::read(&mut stream).await.unwrap().unwrap().value;
        let id = body["id"].as_str().map_or_else(|| body["id"].to_string(), str::to_owned);
        let answer = match body["method"].as_str().unwrap() {
            "add" => python("response", "add", &id, r#"{"sum":3}"#, "null"),
            "full" => python("response", "", "", "null", r#""Server overloaded (backpressure)""#),
            other => python("response", other, &id, "null", &format!(r#""no tool {other}""#)),
        };
        write(&mut stream, &answer).await;
        stream.close().await.unwrap();
        asked.push(body);
    }
    asked
}

fn call(tool: &str) -> Map<String, Value> {
    json!({"name": tool, "arguments": {"a": 1}}).as_object().unwrap().clone()
}

#[tokio::test]
async fn a_peer_of_typed_bodies_is_asked_so_once_it_has_shown_it() {
    let (links, peer, streams, _driven) = linked().await;
    let serving = tokio::spawn(serve_typed(streams));
    let wait = Duration::from_secs(30);
    let answer = links.ask(peer, "tools/call", call("add"), wait).await.unwrap();
    assert_eq!(answer["structuredContent"], json!({"sum": 3}), "{answer}");
    let error = links.ask(peer, "tools/call", call("full"), wait).await.unwrap_err();
    assert_eq!(error.message, "Server overloaded (backpressure)");
    let asked = serving.await.unwrap();
    let methods: Vec<_> = asked.iter().map(|body| (body["type"].as_str(), body["method"].as_str().unwrap())).collect();
    // The first is refused as a tool that is not there; nothing that was done is asked for again.
    assert_eq!(methods, [(None, "tools/call"), (Some("request"), "add"), (Some("request"), "full")]);
    assert_eq!(asked[1]["params"], json!({"a": 1}));
}

/// A peer that closes a stream which does not begin with `initialize`.
async fn serve_initialized(mut streams: libp2p_stream::IncomingStreams) -> Vec<String> {
    let mut methods = Vec::new();
    for _ in 0..2 {
        let (_, mut stream) = streams.next().await.unwrap();
        let mut initialized = false;
        while let Ok(Some(Frame { value, .. })) = frame::read(&mut stream).await {
            let (method, id) = (value["method"].as_str().unwrap().to_owned(), value["id"].clone());
            methods.push(method.clone());
            let answer = match method.as_str() {
                "initialize" => {
                    initialized = true;
                    json!({"jsonrpc": "2.0", "id": id, "result": {"ok": true, "protocolVersion": "2024-11-05"}})
                }
                "notifications/initialized" => continue,
                _ if !initialized => {
                    let refused =
                        json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": "init_required"}});
                    write(&mut stream, &frame_of(&refused)).await;
                    break;
                }
                _ => json!({"jsonrpc": "2.0", "id": id, "result": {"sum": 3}}),
            };
            write(&mut stream, &frame_of(&answer)).await;
            if methods.len() == 5 {
                return methods;
            }
        }
    }
    methods
}

#[tokio::test]
async fn a_peer_that_wants_initialize_first_gets_it_on_each_stream() {
    let (links, peer, streams, _driven) = linked().await;
    let serving = tokio::spawn(serve_initialized(streams));
    let wait = Duration::from_secs(30);
    for _ in 0..2 {
        let answer = links.ask(peer, "tools/call", call("add"), wait).await.unwrap();
        assert_eq!(answer, json!({"sum": 3}));
    }
    let expected = ["tools/call", "initialize", "notifications/initialized", "tools/call", "tools/call"];
    assert_eq!(serving.await.unwrap(), expected);
}

#[tokio::test]
async fn an_error_that_only_looks_like_that_is_not_asked_again() {
    let failed = json!({"jsonrpc": "2.0", "id": 0, "error": {"code": -32000, "message": "init_required, perhaps"}});
    let error = answered(frame_of(&failed)).await.unwrap_err();
    assert_eq!((error.code, error.reason), (-32000, None));
}
