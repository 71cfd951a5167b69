//! Our side of the calls: one stream for each peer, opened when there is something to say.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{AsyncReadExt as _, future::BoxFuture};
use libp2p::{PeerId, Stream};
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{
    WAITING,
    frame::{self, Frame},
    message::{self, Message, RpcError},
};
use crate::{authority::Operator, network::PROTOCOL};

type Reply = oneshot::Sender<Result<Value, RpcError>>;
/// Answers that are awaited on one stream.
type Pending = Arc<Mutex<HashMap<u64, Reply>>>;

/// Opening a stream takes a round trip; a peer that is there answers long before.
const OPEN: Duration = Duration::from_secs(10);

struct Outgoing {
    frame: Value,
    reply: Option<(u64, Reply)>,
}

#[derive(Clone)]
struct Link {
    outgoing: mpsc::Sender<Outgoing>,
    places: Arc<Semaphore>,
    /// Its peer, as the operator writes it.
    name: Arc<str>,
}

/// Asks peers. Behind a trait, because the stream crate below is young.
pub trait PeerRpc: Send + Sync {
    /// Asks and waits for the answer.
    fn ask<'a>(
        &'a self,
        peer: PeerId,
        method: &'a str,
        params: Map<String, Value>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Value, RpcError>>;
    /// Says something, if the peer takes it now.
    fn tell(&self, peer: PeerId, method: &str, params: Map<String, Value>);
}

/// The streams to peers.
#[derive(Clone)]
pub struct Links {
    control: libp2p_stream::Control,
    links: Arc<Mutex<HashMap<PeerId, Link>>>,
    ids: Arc<AtomicU64>,
    operator: Operator,
}

impl Links {
    pub fn new(control: libp2p_stream::Control, operator: Operator) -> Self {
        Self { control, links: Arc::default(), ids: Arc::default(), operator }
    }

    /// A request as this peer takes it.
    fn shown(&self, peer: &str, mut params: Map<String, Value>) -> Map<String, Value> {
        if let Some(token) = self.operator.token_for(peer) {
            let meta = params.entry("_meta").or_insert_with(|| Map::new().into());
            if let Value::Object(meta) = meta {
                meta.insert("authorization".to_owned(), format!("Bearer {}", token.expose()).into());
            }
        }
        params
    }

    fn link(&self, peer: PeerId) -> Link {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(&peer).filter(|link| !link.outgoing.is_closed()) {
            return link.clone();
        }
        links.retain(|_, link| !link.outgoing.is_closed());
        let (outgoing, queue) = mpsc::channel(WAITING);
        let link = Link { outgoing, places: Arc::new(Semaphore::new(WAITING)), name: peer.to_string().into() };
        links.insert(peer, link.clone());
        tokio::spawn(drive(self.control.clone(), peer, queue));
        link
    }
}

impl PeerRpc for Links {
    fn ask<'a>(
        &'a self,
        peer: PeerId,
        method: &'a str,
        params: Map<String, Value>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Value, RpcError>> {
        Box::pin(async move {
            let start = Instant::now();
            let link = self.link(peer);
            let full = || RpcError::limited(format!("{WAITING} requests to {peer} wait already"));
            let _place = link.places.clone().try_acquire_owned().map_err(|_| full())?;
            let id = self.ids.fetch_add(1, Ordering::Relaxed);
            let (reply, answer) = oneshot::channel();
            let params = self.shown(&link.name, params);
            let outgoing = Outgoing { frame: message::request(id, method, params), reply: Some((id, reply)) };
            link.outgoing.try_send(outgoing).map_err(|_| full())?;
            let answer = tokio::time::timeout(timeout, answer).await;
            let took = start.elapsed().as_secs_f64();
            metrics::histogram!("tandem_p2p_rpc_duration_seconds", "method" => method.to_owned()).record(took);
            match answer {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(RpcError::lost("the connection broke before the answer came")),
                Err(_) => Err(RpcError::lost(format!("the peer did not answer within {} ms", timeout.as_millis()))),
            }
        })
    }

    fn tell(&self, peer: PeerId, method: &str, params: Map<String, Value>) {
        // It is a hint: one that cannot be sent now is worth nothing later.
        drop(self.link(peer).outgoing.try_send(Outgoing { frame: message::notification(method, params), reply: None }));
    }
}

/// Opens the stream and works until it breaks or everybody has gone.
async fn drive(mut control: libp2p_stream::Control, peer: PeerId, mut queue: mpsc::Receiver<Outgoing>) {
    let opened = tokio::time::timeout(OPEN, control.open_stream(peer, PROTOCOL)).await;
    let stream = match opened {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return refuse(&mut queue, &format!("no stream to {peer}: {error}")),
        Err(_) => return refuse(&mut queue, &format!("{peer} opened no stream within 10 s")),
    };
    let pending = Pending::default();
    talk(stream, &mut queue, &pending).await;
    // Those who wait for an answer are told by this.
    drop(pending);
    refuse(&mut queue, &format!("the stream to {peer} broke"));
}

fn refuse(queue: &mut mpsc::Receiver<Outgoing>, why: &str) {
    queue.close();
    while let Ok(outgoing) = queue.try_recv() {
        if let Some((_, reply)) = outgoing.reply {
            drop(reply.send(Err(RpcError::unavailable(why))));
        }
    }
}

async fn talk(stream: Stream, queue: &mut mpsc::Receiver<Outgoing>, pending: &Pending) {
    let (mut reader, mut writer) = stream.split();
    let writing = async {
        while let Some(outgoing) = queue.recv().await {
            let encoded = match frame::encode(&outgoing.frame) {
                Ok(encoded) => encoded,
                // The others on this stream go on.
                Err(error) => {
                    if let Some((_, reply)) = outgoing.reply {
                        drop(reply.send(Err(RpcError::limited(format!("the request does not fit: {error}")))));
                    }
                    continue;
                }
            };
            if let Some((id, reply)) = outgoing.reply {
                let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.retain(|_, reply| !reply.is_closed());
                pending.insert(id, reply);
            }
            frame::send(&mut writer, &encoded).await?;
        }
        Ok::<_, frame::FrameError>(())
    };
    let reading = async {
        while let Some(Frame { value, exact, .. }) = frame::read_answer(&mut reader).await? {
            let wide = exact.and_then(|exact| exact.wide_integer(&value));
            // Whatever else comes on our own stream is nothing that was asked for.
            if let Ok(Message::Response { id, result }) = Message::read(value) {
                let result = match wide {
                    Some(at) => Err(RpcError::new(-32603, "bad_output", message::wide(&at))),
                    None => result,
                };
                let reply = pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                if let Some(reply) = reply {
                    drop(reply.send(result));
                }
            }
        }
        Ok::<_, frame::FrameError>(())
    };
    tokio::select! {
        done = writing => note(done),
        done = reading => note(done),
    }
}

fn note(done: Result<(), frame::FrameError>) {
    if let Err(error) = done {
        tracing::debug!(%error, "p2p: stream closed");
    }
}

#[cfg(test)]
mod tests {
    use futures::{AsyncWriteExt as _, StreamExt as _};
    use libp2p::{SwarmBuilder, noise, swarm::SwarmEvent, tcp, yamux};
    use serde_json::json;
    use tandem_types::Caller;

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

    /// Asks a peer that takes the request, writes this, and closes the stream.
    async fn answered(bytes: Vec<u8>) -> Result<Value, RpcError> {
        let (mut there, mut here) = (swarm(), swarm());
        let mut streams = there.behaviour().new_control().accept(PROTOCOL).unwrap();
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
        let serving = tokio::spawn(async move {
            let (_, mut stream) = streams.next().await.unwrap();
            frame::read(&mut stream).await.unwrap().unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.close().await.unwrap();
        });
        let answer = links.ask(peer, "ping", Map::new(), Duration::from_secs(30)).await;
        serving.await.unwrap();
        driven.abort();
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
}
