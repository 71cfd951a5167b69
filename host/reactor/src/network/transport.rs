//! How bytes get to peers: TCP with noise and yamux, QUIC beside it, or TCP alone under a network key; and through relays,
//! where the operator turned that on. Everything that is dialled passes the [`Gate`], whoever connects the [`Door`].

use std::{io, time::Duration};

use libp2p::{
    Swarm, Transport as _,
    core::{muxing::StreamMuxerBox, transport::OrTransport, upgrade::Version},
    dns,
    identity::Keypair,
    noise, pnet, quic, swarm, tcp, yamux,
};

use super::{
    behaviour::Behaviour,
    gate::{Gate, Rules},
    handshake_slots::Door,
};
use crate::{error::NetworkError, settings::NetworkSettings};

/// A connection without streams is kept so long, for the next call to find it open.
const IDLE: Duration = Duration::from_secs(600);

/// A failed TCP connection. The transports above it show the cause of their error, and not the error itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct TcpError(#[source] io::Error);

/// The swarm, which makes its tasks on the runtime that it is built in.
pub(super) fn swarm(key: &Keypair, settings: &NetworkSettings, rules: Rules) -> Result<Swarm<Behaviour>, NetworkError> {
    let fail = |error: &dyn std::fmt::Display| NetworkError::Transport(error.to_string());
    let noise = noise::Config::new(key).map_err(|error| fail(&error))?;
    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true)).map_err(TcpError);
    let patience = settings.connection_timeout;
    let direct = match settings.psk {
        Some(psk) => {
            let psk = pnet::PreSharedKey::new(psk);
            let tcp = tcp
                .and_then(move |socket, _| pnet::PnetConfig::new(psk).handshake(socket))
                .upgrade(Version::V1Lazy)
                .authenticate(noise.clone())
                .multiplex(yamux::Config::default())
                .timeout(patience)
                .boxed();
            dns::tokio::Transport::system(tcp).map_err(|error| fail(&error))?.boxed()
        }
        None => {
            let tcp = tcp
                .upgrade(Version::V1Lazy)
                .authenticate(noise.clone())
                .multiplex(yamux::Config::default())
                .timeout(patience)
                .boxed();
            let mut config = quic::Config::new(key);
            config.handshake_timeout = patience;
            let quic = quic::tokio::Transport::new(config)
                .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
                .boxed();
            let both = OrTransport::new(quic, tcp).map(|either, _| either.into_inner());
            dns::tokio::Transport::system(both).map_err(|error| fail(&error))?.boxed()
        }
    };
    let me = key.public().to_peer_id();
    #[cfg(feature = "nat")]
    let (all, relayed) = super::nat::relayed(direct, me, noise, settings.nat.client, patience);
    #[cfg(not(feature = "nat"))]
    let (all, relayed) = (direct, ());
    let behaviour = Behaviour::new(key, settings, relayed)?;
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
    Ok(Swarm::new(Gate { inner: Door::new(all), rules }.boxed(), behaviour, me, config))
}
