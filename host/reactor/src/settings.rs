//! What an operator decides about the network, with texts already parsed.

use std::{path::PathBuf, time::Duration};

use libp2p::{Multiaddr, PeerId};
use tandem_manifest::{Admission, GithubConfig, P2pConfig};

use crate::discovery::github::GithubSettings;

/// How long GitHub may take for one answer.
const GITHUB: Duration = Duration::from_secs(10);

/// Everything that the reactor needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The network.
    pub network: NetworkSettings,
    /// The directory of the file registry, if it is on.
    pub registry: Option<PathBuf>,
    /// The GitHub registry, if it is on.
    pub github: Option<GithubSettings>,
    /// How long this host's own record is good for.
    pub record_ttl: Duration,
    /// Nodes to connect to from the start, as `…/p2p/ID`.
    pub nodes: Vec<Multiaddr>,
    /// Whether public nodes may be used.
    pub public_nodes: bool,
    /// Tasks that may wait, for each tenant.
    pub queue_capacity: u32,
    /// Tasks that this host runs at a time.
    pub workers: u32,
    /// Bytes of a task's result.
    pub max_result: usize,
    /// Workflows that may be active.
    pub max_workflows: u32,
    /// Whether callers have to say who they are.
    pub asks: bool,
    /// Whether peers may name loopback addresses: several hosts on one machine.
    pub loopback: bool,
    /// Whether peers may name private addresses.
    pub private: bool,
}

/// The network.
#[derive(Clone, Debug)]
pub struct NetworkSettings {
    /// The file of the host's key.
    pub key: PathBuf,
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Connections that peers may open.
    pub max_connections: u32,
    /// Which peers may connect.
    pub admission: Admission,
    /// Those that may when admission is closed.
    pub allow: Vec<PeerId>,
    /// The network's key, when admission is by it.
    pub psk: Option<[u8; 32]>,
    /// Whether peers are looked for in the local network.
    pub mdns: bool,
    /// Whether this host is a rendezvous point for others.
    pub rendezvous_server: bool,
    /// Rendezvous points to register at and to ask, as `…/p2p/ID`.
    pub rendezvous: Vec<Multiaddr>,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct SettingsError {
    /// Its key.
    pub key: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl Settings {
    /// From the configuration. `data` is the data directory.
    ///
    /// # Errors
    ///
    /// When an address, id or key is none.
    pub fn new(
        config: &P2pConfig,
        data: &std::path::Path,
        bootstrap: Option<&str>,
        asks: bool,
    ) -> Result<Self, SettingsError> {
        let discovery = &config.discovery;
        let nodes = match bootstrap {
            Some(text) if discovery.env => nodes("TANDEM_BOOTSTRAP", text)?,
            _ => Vec::new(),
        };
        Ok(Self {
            network: NetworkSettings {
                key: data.join("peer.key"),
                listen: addresses("p2p.listen", config.listen.iter().map(|address| address.as_str()))?,
                max_connections: config.max_connections,
                admission: config.admission,
                allow: config.allow.iter().map(|peer| parse("p2p.allow", peer.as_str())).collect::<Result<_, _>>()?,
                psk: config.psk.as_ref().map(|key| psk(key.expose())).transpose()?,
                mdns: discovery.mdns,
                rendezvous_server: discovery.rendezvous_server,
                rendezvous: addresses("p2p.discovery.rendezvous", discovery.rendezvous.iter().map(|a| a.as_str()))?,
            },
            registry: discovery.file.then(|| match &discovery.directory {
                Some(directory) => data.join(directory),
                None => data.join("peers"),
            }),
            github: discovery.github.enabled.then(|| github(&discovery.github)).flatten(),
            record_ttl: discovery.peer_ttl.as_duration(),
            nodes,
            public_nodes: discovery.public_nodes,
            queue_capacity: config.task_queue.capacity,
            workers: config.task_queue.workers,
            max_result: config.task_queue.max_result.as_usize(),
            max_workflows: config.workflow.max_active,
            asks,
            loopback: discovery.loopback,
            private: discovery.private,
        })
    }
}

impl Settings {
    /// What addresses strangers may name.
    pub(crate) fn reach(&self) -> crate::trust::Reach {
        crate::trust::Reach { loopback: self.loopback, private: self.private, names: false }
    }
}

/// None without a repository, which the configuration's own check refuses.
fn github(config: &GithubConfig) -> Option<GithubSettings> {
    Some(GithubSettings {
        api_base: config.api_base.clone(),
        repository: config.repository.clone()?,
        issue: None,
        token: config.token.clone(),
        timeout: GITHUB,
    })
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(key: &'static str, text: &str) -> Result<T, SettingsError> {
    text.parse().map_err(|error| SettingsError { key, reason: format!("`{text}`: {error}") })
}

fn addresses<'a>(key: &'static str, texts: impl Iterator<Item = &'a str>) -> Result<Vec<Multiaddr>, SettingsError> {
    texts.map(|text| parse(key, text)).collect()
}

/// Multiaddrs with `/p2p/ID`, between commas, spaces or line ends.
fn nodes(key: &'static str, text: &str) -> Result<Vec<Multiaddr>, SettingsError> {
    let texts = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty());
    let nodes = addresses(key, texts)?;
    match nodes.iter().find(|address| peer_of(address).is_none()) {
        Some(address) => Err(SettingsError { key, reason: format!("`{address}` names no peer; end it with /p2p/ID") }),
        None => Ok(nodes),
    }
}

/// The peer that an address ends with.
pub(crate) fn peer_of(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(libp2p::multiaddr::Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

/// 64 hexadecimal digits, alone or as the last line of a swarm key file.
fn psk(text: &str) -> Result<[u8; 32], SettingsError> {
    let wrong = || SettingsError {
        key: "p2p.psk",
        reason: "write 64 hexadecimal digits, or the text of a swarm.key file; make one with: openssl rand -hex 32"
            .to_owned(),
    };
    let digits = text.trim().lines().last().unwrap_or_default().trim();
    let mut key = [0; 32];
    hex::decode_to_slice(digits, &mut key).map_err(|_| wrong())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_nodes_are_read_or_refused() {
        let digits = "ab".repeat(32);
        assert_eq!(psk(&digits), Ok([0xab; 32]));
        assert_eq!(psk(&format!("/key/swarm/psk/1.0.0/\n/base16/\n{digits}\n")), Ok([0xab; 32]));
        assert!(psk("abc").is_err());
        let id = PeerId::random();
        let text = format!("/ip4/127.0.0.1/tcp/1/p2p/{id}, /dns4/a.example/tcp/2/p2p/{id}\n");
        assert_eq!(nodes("x", &text).unwrap().len(), 2);
        assert!(nodes("x", "/ip4/127.0.0.1/tcp/1").unwrap_err().reason.contains("names no peer"));
    }
}
