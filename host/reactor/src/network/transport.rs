//! How bytes get to peers: TCP with noise and yamux, QUIC beside it, or TCP alone under a network key.

use std::time::Duration;

use libp2p::{Swarm, SwarmBuilder, Transport as _, core::upgrade::Version, identity::Keypair, noise, pnet, tcp, yamux};

use super::{NetworkSettings, behaviour::Behaviour};

/// A handshake that takes longer is an attack or a dead network.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection without streams is kept so long, for the next call to find it open.
const IDLE: Duration = Duration::from_secs(600);

/// The swarm, which makes its tasks on the runtime that it is built in.
pub(super) fn swarm(key: &Keypair, settings: &NetworkSettings) -> Result<Swarm<Behaviour>, String> {
    let behaviour = Behaviour::new(key, settings).map_err(|error| format!("cannot look for peers by mdns: {error}"))?;
    let fail = |error: &dyn std::fmt::Display| format!("cannot build the transport: {error}");
    let builder = SwarmBuilder::with_existing_identity(key.clone()).with_tokio();
    let swarm = match settings.psk {
        Some(psk) => {
            let psk = pnet::PreSharedKey::new(psk);
            builder
                .with_other_transport(move |key| {
                    let noise = noise::Config::new(key)?;
                    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true));
                    Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                        tcp.and_then(move |socket, _| pnet::PnetConfig::new(psk).handshake(socket))
                            .upgrade(Version::V1Lazy)
                            .authenticate(noise)
                            .multiplex(yamux::Config::default()),
                    )
                })
                .map_err(|error| fail(&error))?
                .with_behaviour(|_| behaviour)
                .map_err(|error| fail(&error))?
                .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
                .with_connection_timeout(HANDSHAKE)
                .build()
        }
        None => builder
            .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, yamux::Config::default)
            .map_err(|error| fail(&error))?
            .with_quic()
            .with_dns()
            .map_err(|error| fail(&error))?
            .with_behaviour(|_| behaviour)
            .map_err(|error| fail(&error))?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
            .with_connection_timeout(HANDSHAKE)
            .build(),
    };
    Ok(swarm)
}
