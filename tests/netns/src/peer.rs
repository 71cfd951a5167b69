//! A peer of the network that does only what a test tells it: it speaks libp2p, and frames of `/mcp+p2p/1.0.0` where the test
//! wants them whole.

use std::time::Duration;

use anyhow::Context as _;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, SwarmBuilder, Transport as _, core::upgrade::Version,
    multiaddr::Protocol, noise, pnet, swarm::SwarmEvent, tcp, yamux,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::namespace::Namespace;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/mcp+p2p/1.0.0");
/// Longest frame that it reads: four times what hosts send.
const MAX_FRAME: usize = 4 << 20;
/// How long a connection, or a stream, may take on a bad network.
const OPEN: Duration = Duration::from_secs(60);

/// A peer in a namespace. It goes when it is dropped.
pub struct Peer {
    id: PeerId,
    control: libp2p_stream::Control,
    dials: mpsc::Sender<Multiaddr>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Peer {
    pub(crate) fn start(inside: &Namespace, psk: [u8; 32]) -> anyhow::Result<Self> {
        let (dials, asked) = mpsc::channel(8);
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        // Sockets are made on the thread that polls the swarm: it stays inside.
        inside.run(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let swarm = swarm(psk)?;
                drop(ready.send((*swarm.local_peer_id(), swarm.behaviour().new_control())));
                drive(swarm, asked).await;
                Ok(())
            })
        })?;
        let (id, control) = started.recv().context("the peer does not start")?;
        Ok(Self { id, control, dials })
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// Opens a stream to a host, which is dialled if there is no connection. `address` ends with its id.
    ///
    /// # Errors
    ///
    /// Where that does not succeed within a minute.
    pub async fn stream(&mut self, address: &Multiaddr) -> anyhow::Result<Wire> {
        let Some(Protocol::P2p(host)) = address.iter().last() else { anyhow::bail!("`{address}` names no host") };
        let end = tokio::time::Instant::now() + OPEN;
        loop {
            match self.control.open_stream(host, PROTOCOL).await {
                Ok(stream) => return Ok(Wire { stream, ids: 0 }),
                Err(error) if tokio::time::Instant::now() > end => return Err(error).context("no stream"),
                Err(_) => self.dials.send(address.clone()).await.context("the peer has ended")?,
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

type Swarm = libp2p::Swarm<libp2p_stream::Behaviour>;

fn swarm(psk: [u8; 32]) -> anyhow::Result<Swarm> {
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(move |key| {
            let noise = noise::Config::new(key)?;
            let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true));
            let key = pnet::PnetConfig::new(pnet::PreSharedKey::new(psk));
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                tcp.and_then(move |socket, _| key.handshake(socket))
                    .upgrade(Version::V1Lazy)
                    .authenticate(noise)
                    .multiplex(yamux::Config::default()),
            )
        })
        .map_err(|error| anyhow::anyhow!("no transport: {error}"))?
        .with_behaviour(|_| libp2p_stream::Behaviour::new())?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build();
    Ok(swarm)
}

async fn drive(mut swarm: Swarm, mut asked: mpsc::Receiver<Multiaddr>) {
    let mut dialling = false;
    loop {
        tokio::select! {
            address = asked.recv() => {
                let Some(address) = address else { return };
                if !dialling {
                    dialling = swarm.dial(address).is_ok();
                }
            }
            event = swarm.select_next_some() => {
                let ended = matches!(
                    event,
                    SwarmEvent::ConnectionEstablished { .. }
                        | SwarmEvent::ConnectionClosed { .. }
                        | SwarmEvent::OutgoingConnectionError { .. }
                );
                dialling &= !ended;
            }
        }
    }
}

/// A stream to a host.
#[derive(Debug)]
pub struct Wire {
    stream: Stream,
    ids: u64,
}

impl Wire {
    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// Where the host does not take them any more.
    pub async fn raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// As [`Wire::raw`].
    pub async fn send(&mut self, frame: &Value) -> std::io::Result<()> {
        let text = frame.to_string();
        let length = u32::try_from(text.len()).map_err(std::io::Error::other)?;
        self.raw(&[&length.to_be_bytes(), text.as_bytes()].concat()).await
    }

    /// The next frame; none when the host ended the stream.
    ///
    /// # Errors
    ///
    /// Where what comes is no frame.
    pub async fn receive(&mut self) -> anyhow::Result<Option<Value>> {
        let mut head = [0; 4];
        if self.stream.read_exact(&mut head).await.is_err() {
            return Ok(None);
        }
        let length = u32::from_be_bytes(head) as usize;
        anyhow::ensure!(length <= MAX_FRAME, "a frame of {length} bytes");
        let mut frame = vec![0; length];
        if self.stream.read_exact(&mut frame).await.is_err() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&frame)?))
    }

    /// Says something that has no answer.
    ///
    /// # Errors
    ///
    /// As [`Wire::raw`].
    pub async fn tell(&mut self, method: &str, params: Value) -> std::io::Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await
    }

    /// Asks, and waits for the answer to this.
    ///
    /// # Errors
    ///
    /// Where the stream ends before.
    pub async fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.ids += 1;
        let id = self.ids;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await?;
        loop {
            let answer = self.receive().await?.with_context(|| format!("the host ended the stream of `{method}`"))?;
            if answer.get("id").and_then(Value::as_u64) == Some(id) {
                return Ok(answer);
            }
        }
    }
}
