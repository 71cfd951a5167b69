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
use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{
    WAITING,
    dialect::{Dialect, Dialects},
    error::{INIT_REQUIRED, RpcError},
    frame::{self, Frame},
    message::{self, Message},
    one_shot,
};
use crate::{authority::Operator, network::PROTOCOL};

/// An answer, and whether it came as a body with a `type`.
struct Answered {
    result: Result<Value, RpcError>,
    typed: bool,
}

type Reply = oneshot::Sender<Answered>;
/// Answers that are awaited on one stream.
type Pending = Arc<Mutex<HashMap<u64, Reply>>>;

/// The revision of MCP that `initialize` asks for: what the older peers speak.
const INITIALIZE: &str = "2024-11-05";
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
    dialects: Dialects,
    /// Requests that have a stream each, to all peers that want it so.
    one_shots: Arc<Semaphore>,
    operator: Operator,
}

impl Links {
    pub fn new(control: libp2p_stream::Control, operator: Operator) -> Self {
        Self {
            control,
            links: Arc::default(),
            ids: Arc::default(),
            dialects: Dialects::default(),
            one_shots: Arc::new(Semaphore::new(WAITING)),
            operator,
        }
    }

    /// What is known of peers that are not asked in the usual way.
    #[must_use]
    pub fn dialects(&self) -> Dialects {
        self.dialects.clone()
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
        let drive =
            Drive { control: self.control.clone(), peer, initialize: self.dialects.of(&peer) == Dialect::Initialized };
        tokio::spawn(drive.run(queue));
        link
    }
}

impl Links {
    /// Asks as the peer wants to be asked. A request is sent again in one case: the peer refused it unread, because it wants to be
    /// asked in another dialect.
    async fn ask_in_dialect(&self, peer: PeerId, method: &str, params: Map<String, Value>) -> Result<Value, RpcError> {
        // What may have to be sent again is kept, until the peer is known.
        let again = match self.dialects.of(&peer) {
            Dialect::Typed => return self.ask_typed(peer, method, params).await,
            Dialect::Unknown => Some(params.clone()),
            Dialect::JsonRpc | Dialect::Initialized => None,
        };
        let Answered { result, typed } = self.ask_json(peer, method, params).await?;
        let init_required = result.as_ref().is_err_and(|error| error.reason.as_deref() == Some(INIT_REQUIRED));
        let shown = match (typed, init_required) {
            (true, _) => Dialect::Typed,
            (false, true) => Dialect::Initialized,
            (false, false) if again.is_some() => Dialect::JsonRpc,
            (false, false) => return result,
        };
        self.dialects.set(peer, shown);
        match (shown, again) {
            (Dialect::Initialized, again) => {
                // The next stream begins with `initialize`.
                self.links.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
                match again {
                    Some(params) => self.ask_json(peer, method, params).await?.result,
                    None => result,
                }
            }
            // It took `tools/call` for the name of a tool, which it has not.
            (Dialect::Typed, Some(params)) if result.is_err() && method == "tools/call" => {
                self.ask_typed(peer, method, params).await
            }
            _ => result,
        }
    }

    async fn ask_json(&self, peer: PeerId, method: &str, params: Map<String, Value>) -> Result<Answered, RpcError> {
        let link = self.link(peer);
        let full = || RpcError::limited(format!("{WAITING} requests to {peer} wait already"));
        let _place = link.places.clone().try_acquire_owned().map_err(|_| full())?;
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let frame = message::request(id, method, self.shown(&link.name, params));
        let outgoing = Outgoing { frame, reply: Some((id, reply)) };
        link.outgoing.try_send(outgoing).map_err(|_| full())?;
        answer.await.map_err(|_| RpcError::lost("the connection broke before the answer came"))
    }

    async fn ask_typed(&self, peer: PeerId, method: &str, params: Map<String, Value>) -> Result<Value, RpcError> {
        let full = |_| RpcError::limited(format!("{WAITING} requests to peers of its kind wait already"));
        let _place = self.one_shots.clone().try_acquire_owned().map_err(full)?;
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        one_shot::ask(self.control.clone(), peer, (id, method, params), OPEN).await
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
            let asked = self.ask_in_dialect(peer, method, params);
            let answer = tokio::time::timeout(timeout, asked).await;
            let took = start.elapsed().as_secs_f64();
            metrics::histogram!("tandem_p2p_rpc_duration_seconds", "method" => method.to_owned()).record(took);
            let late = |_| Err(RpcError::lost(format!("the peer did not answer within {} ms", timeout.as_millis())));
            answer.unwrap_or_else(late)
        })
    }

    fn tell(&self, peer: PeerId, method: &str, params: Map<String, Value>) {
        // Such a peer looks at nothing but requests.
        if self.dialects.of(&peer) == Dialect::Typed {
            return;
        }
        // It is a hint: one that cannot be sent now is worth nothing later.
        drop(self.link(peer).outgoing.try_send(Outgoing { frame: message::notification(method, params), reply: None }));
    }
}

/// The work for one peer.
struct Drive {
    control: libp2p_stream::Control,
    peer: PeerId,
    /// Whether the peer wants `initialize` first.
    initialize: bool,
}

impl Drive {
    /// Opens the stream when there is something to say, and works until it breaks or everybody has gone.
    async fn run(mut self, mut queue: mpsc::Receiver<Outgoing>) {
        let peer = self.peer;
        let opened = tokio::time::timeout(OPEN, self.control.open_stream(peer, PROTOCOL)).await;
        let mut stream = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return refuse(&mut queue, &format!("no stream to {peer}: {error}")),
            Err(_) => return refuse(&mut queue, &format!("{peer} opened no stream within 10 s")),
        };
        if self.initialize {
            let begun = tokio::time::timeout(OPEN, initialize(&mut stream)).await;
            if !matches!(begun, Ok(Ok(()))) {
                return refuse(&mut queue, &format!("{peer} did not answer `initialize`"));
            }
        }
        let pending = Pending::default();
        talk(stream, &mut queue, &pending).await;
        // Those who wait for an answer are told by this.
        drop(pending);
        refuse(&mut queue, &format!("the stream to {peer} broke"));
    }
}

/// Begins a session, as MCP until 2025-11-25 has it. Whatever the peer answers, it has been asked.
async fn initialize(stream: &mut Stream) -> Result<(), frame::FrameError> {
    let params = json!({
        "protocolVersion": INITIALIZE, "capabilities": {},
        "clientInfo": {"name": "tandem", "version": env!("CARGO_PKG_VERSION")},
    });
    let params = params.as_object().cloned().unwrap_or_default();
    frame::send(stream, &frame::encode(&message::request(u64::MAX, "initialize", params))?).await?;
    if frame::read(stream).await?.is_none() {
        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
    }
    frame::send(stream, &frame::encode(&message::notification("notifications/initialized", Map::new()))?).await
}

fn refuse(queue: &mut mpsc::Receiver<Outgoing>, why: &str) {
    queue.close();
    while let Ok(outgoing) = queue.try_recv() {
        if let Some((_, reply)) = outgoing.reply {
            drop(reply.send(Answered { result: Err(RpcError::unavailable(why)), typed: false }));
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
                        let result = Err(RpcError::limited(format!("the request does not fit: {error}")));
                        drop(reply.send(Answered { result, typed: false }));
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
            let (id, result, typed) = match Message::read(value) {
                Ok(Message::Response { id, result }) => (id, result, false),
                Ok(Message::TypedResponse { id: Some(id), result }) => (id, result, true),
                _ => continue,
            };
            {
                let result = match wide {
                    Some(at) => Err(RpcError::new(-32603, "bad_output", message::wide(&at))),
                    None => result,
                };
                let reply = pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                if let Some(reply) = reply {
                    drop(reply.send(Answered { result, typed }));
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
mod tests;
