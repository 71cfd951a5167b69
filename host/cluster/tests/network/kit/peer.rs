//! Peers that can be told to do anything, and what they say byte by byte.

use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder,
    identity::Keypair,
    multiaddr::Protocol,
    noise,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use serde_json::{Value, json};

use super::{Host, PATIENCE};

pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/mcp+p2p/1.0.0");

/// A peer that can be told to do anything.
pub(crate) struct Peer {
    pub(crate) control: libp2p_stream::Control,
    host: PeerId,
    swarm: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.swarm.abort();
    }
}

pub(crate) async fn peer(host: &Host) -> Peer {
    peer_of(&Keypair::generate_ed25519(), host)
}

/// The same with a key of the test's choice.
pub(crate) fn peer_of(key: &Keypair, host: &Host) -> Peer {
    let mut swarm = swarm_of(key, libp2p_stream::Behaviour::new());
    let control = swarm.behaviour().new_control();
    swarm.dial(host.address()).unwrap();
    let swarm = tokio::spawn(async move { while swarm.next().await.is_some() {} });
    Peer { control, host: host.peer, swarm }
}

/// The socket of an address.
pub(crate) fn socket(address: &Multiaddr) -> std::net::SocketAddr {
    let mut parts = address.iter();
    match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port))) => (ip, port).into(),
        _ => panic!("{address} is not an address of TCP"),
    }
}

/// A swarm on TCP that speaks what it is given.
pub(crate) fn swarm_of<B: NetworkBehaviour>(key: &Keypair, behaviour: B) -> Swarm<B> {
    SwarmBuilder::with_existing_identity(key.clone())
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| behaviour)
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build()
}

/// Drives a swarm until an event that is waited for.
pub(crate) async fn event<B: NetworkBehaviour, T>(
    swarm: &mut Swarm<B>,
    wanted: impl Fn(SwarmEvent<B::ToSwarm>) -> Option<T>,
) -> T {
    let found = async {
        loop {
            if let Some(found) = wanted(swarm.select_next_some().await) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the event comes in time")
}

impl Peer {
    /// A stream, unless the host does not want this peer.
    pub(crate) async fn try_stream(&mut self) -> Option<Stream> {
        let opened = self.control.open_stream(self.host, PROTOCOL);
        tokio::time::timeout(Duration::from_secs(5), opened).await.ok()?.ok()
    }

    pub(crate) async fn stream(&mut self) -> Stream {
        for _ in 0..100 {
            if let Some(stream) = self.try_stream().await {
                return stream;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the host opens no stream");
    }
}

pub(crate) async fn send(stream: &mut Stream, frame: &[u8]) {
    try_send(stream, frame).await.unwrap();
}

pub(crate) async fn try_send(stream: &mut Stream, frame: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, frame].concat()).await?;
    stream.flush().await
}

pub(crate) async fn receive(stream: &mut Stream) -> Option<Value> {
    let mut head = [0; 4];
    let answer = async {
        stream.read_exact(&mut head).await.ok()?;
        let mut frame = vec![0; u32::from_be_bytes(head) as usize];
        stream.read_exact(&mut frame).await.ok()?;
        serde_json::from_slice(&frame).ok()
    };
    tokio::time::timeout(Duration::from_secs(20), answer).await.expect("an answer or an end comes in time")
}

pub(crate) async fn ask(stream: &mut Stream, frame: Value) -> Value {
    send(stream, frame.to_string().as_bytes()).await;
    receive(stream).await.expect("an answer")
}

pub(crate) fn echo(id: u32) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "echo", "arguments": {"n": id}}})
}
