//! What an operator decides about the network, with texts already parsed.

use std::{path::PathBuf, time::Duration};

use libp2p::{Multiaddr, PeerId};
use tandem_config::{GithubConfig, HttpUrl, P2pConfig, PeerIdText, PeerLimitsConfig, is_host_name};
use tandem_reactor::{
    DhtMode, NatSettings, NetworkSettings, PingSettings,
    discovery::github::GithubSettings,
    settings::peer_of,
    swarm_key,
    trust::{
        Reach,
        quota::{AcceptLimits, WireLimits},
    },
};

/// How long GitHub may take for one answer.
const GITHUB: Duration = Duration::from_secs(10);

/// A task that waits longer than this for a worker is one that somebody may look after: leases are half of it.
const LONG_WAIT: Duration = Duration::from_secs(60);

/// Everything that the reactor needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The network.
    pub network: NetworkSettings,
    /// The directory of the file registry, if it is on.
    pub registry: Option<PathBuf>,
    /// Whether that directory was named, so that other hosts may look into it.
    pub shares_registry: bool,
    /// The GitHub registry, if it is on.
    pub github: Option<GithubSettings>,
    /// How long this host's own record is good for.
    pub record_ttl: Duration,
    /// Nodes to connect to from the start that the configuration names, as `…/p2p/ID`.
    pub bootstrap: Vec<Multiaddr>,
    /// Those that the environment names.
    pub nodes: Vec<Multiaddr>,
    /// Whether public nodes may be used.
    pub public_nodes: bool,
    /// Tasks that this host runs at a time.
    pub workers: u32,
    /// Bytes of a task's result.
    pub max_result: usize,
    /// Workflows that may be active.
    pub max_workflows: u32,
    /// How long tasks and workflows may take.
    pub times: LongestTimes,
    /// How long a task waits for a worker before that is worth a line of the log.
    pub long_wait: Duration,
    /// Whether trusted peers are asked for the records that they have, and told those of this host.
    pub exchange: bool,
    /// Pages that answer with the address they are asked from.
    pub ip_urls: Vec<HttpUrl>,
}

/// How long tasks and workflows may take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongestTimes {
    /// One attempt of a task: `p2p.task-queue.max-timeout`.
    pub task_s: u64,
    /// A workflow: `p2p.workflow.max-timeout`.
    pub workflow_s: u64,
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
    /// When an address, id or key is none, or what is on was not built into this program.
    pub fn new(config: &P2pConfig, data: &std::path::Path, bootstrap: Option<&str>) -> Result<Self, SettingsError> {
        let (discovery, nat) = (&config.discovery, &config.nat);
        built("p2p.discovery.dht", "dht", discovery.dht && !cfg!(feature = "dht"))?;
        built("p2p.discovery.gossip", "gossip", discovery.gossip && !cfg!(feature = "gossip"))?;
        built("p2p.nat.enabled", "nat", nat.enabled && !cfg!(feature = "nat"))?;
        built("p2p.nat.relay-server", "nat", nat.relay_server && !cfg!(feature = "nat"))?;
        built("p2p.nat.autonat-server", "nat", nat.autonat_server && !cfg!(feature = "nat"))?;
        let nodes = match bootstrap {
            Some(text) if discovery.env => nodes("TANDEM_BOOTSTRAP", text)?,
            _ => Vec::new(),
        };
        Ok(Self {
            network: NetworkSettings {
                name: config.name.clone().or_else(machine),
                key: data.join("peer.key"),
                listen: addresses("p2p.listen", config.listen.iter().map(|address| address.as_str()))?,
                max_connections: config.max_connections,
                connection_timeout: config.connection_timeout.as_duration(),
                admission: config.admission,
                allow: peers("p2p.allow", &config.allow)?,
                block: peers("p2p.block", &config.block)?,
                psk: config.psk.as_ref().map(|key| psk(key.expose())).transpose()?,
                mdns: discovery.mdns,
                rendezvous_server: discovery.rendezvous_server,
                rendezvous: addresses("p2p.discovery.rendezvous", discovery.rendezvous.iter().map(|a| a.as_str()))?,
                dht: discovery.dht.then_some(match discovery.dht_server {
                    true => DhtMode::Server,
                    false => DhtMode::Client,
                }),
                gossip: discovery.gossip,
                nat: NatSettings {
                    client: nat.enabled,
                    relays: named("p2p.nat.relays", nat.relays.iter().map(|a| a.as_str()))?,
                    relay_server: nat.relay_server,
                    autonat_server: nat.autonat_server,
                },
                wire: wire(&config.limits),
                accept: accept(&config.limits),
                reach: Reach { loopback: discovery.loopback, private: discovery.private, names: false },
                ping: PingSettings::default(),
            },
            registry: discovery.file.then(|| match &discovery.directory {
                Some(directory) => data.join(directory),
                None => data.join("peers"),
            }),
            shares_registry: discovery.directory.is_some(),
            github: discovery.github.enabled.then(|| github(&discovery.github)).flatten(),
            record_ttl: discovery.peer_ttl.as_duration(),
            bootstrap: named("p2p.bootstrap", config.bootstrap.iter().map(|a| a.as_str()))?,
            nodes,
            public_nodes: discovery.public_nodes,
            workers: config.task_queue.workers,
            max_result: config.task_queue.max_result.as_usize(),
            max_workflows: config.workflow.max_active,
            times: LongestTimes {
                task_s: config.task_queue.max_timeout.as_duration().as_secs(),
                workflow_s: config.workflow.max_timeout.as_duration().as_secs(),
            },
            long_wait: LONG_WAIT,
            exchange: discovery.exchange,
            ip_urls: nat.ip_urls.clone(),
        })
    }
}

/// The machine's name, where it is one that tables can show.
fn machine() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok())?;
    Some(name.trim().to_owned()).filter(|name| is_host_name(name))
}

/// Reads a list of peer ids.
pub(crate) fn peers(key: &'static str, ids: &[PeerIdText]) -> Result<Vec<PeerId>, SettingsError> {
    ids.iter().map(|peer| parse(key, peer.as_str())).collect()
}

fn built(key: &'static str, feature: &str, missing: bool) -> Result<(), SettingsError> {
    let reason = || format!("this program was built without it; build with `--features {feature}`, or turn it off");
    if missing { Err(SettingsError { key, reason: reason() }) } else { Ok(()) }
}

fn wire(limits: &PeerLimitsConfig) -> WireLimits {
    WireLimits {
        messages: limits.messages_per_second,
        burst: limits.burst,
        bytes: u32::try_from(limits.bytes_per_second.as_u64()).unwrap_or(u32::MAX),
        in_flight: limits.in_flight,
        streams: limits.streams,
    }
}

fn accept(limits: &PeerLimitsConfig) -> AcceptLimits {
    AcceptLimits {
        per_second: limits.accepts_per_second,
        burst: limits.accept_burst,
        open: limits.connections_per_address,
    }
}

/// Multiaddrs that end with `/p2p/ID`.
fn named<'a>(key: &'static str, texts: impl Iterator<Item = &'a str>) -> Result<Vec<Multiaddr>, SettingsError> {
    let named = addresses(key, texts)?;
    match named.iter().find(|address| peer_of(address).is_none()) {
        Some(address) => Err(SettingsError { key, reason: format!("`{address}` has no peer id; end it with /p2p/ID") }),
        None => Ok(named),
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
    named(key, texts)
}

fn psk(text: &str) -> Result<[u8; 32], SettingsError> {
    swarm_key::parse(text).ok_or_else(|| SettingsError {
        key: "p2p.psk",
        reason: "write 64 hexadecimal digits, or the text of a swarm.key file; make one with: openssl rand -hex 32"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_built_is_refused_by_name() {
        let mut config = P2pConfig::default();
        (config.discovery.dht, config.discovery.gossip, config.nat.enabled) = (true, true, true);
        let made = Settings::new(&config, std::path::Path::new("data"), None);
        let all = cfg!(feature = "dht") && cfg!(feature = "gossip") && cfg!(feature = "nat");
        assert_eq!(made.is_ok(), all, "{made:?}");
        let error = built("p2p.discovery.dht", "dht", true).unwrap_err().to_string();
        assert!(error.starts_with("p2p.discovery.dht: ") && error.contains("--features dht"), "{error}");
    }

    #[test]
    fn keys_and_nodes_are_read_or_refused() {
        let digits = "ab".repeat(32);
        assert_eq!(psk(&digits), Ok([0xab; 32]));
        assert_eq!(psk(&format!("/key/swarm/psk/1.0.0/\n/base16/\n{digits}\n")), Ok([0xab; 32]));
        assert!(psk("abc").is_err());
        let id = PeerId::random();
        let text = format!("/ip4/127.0.0.1/tcp/1/p2p/{id}, /dns4/a.example/tcp/2/p2p/{id}\n");
        assert_eq!(nodes("x", &text).unwrap().len(), 2);
        assert!(nodes("x", "/ip4/127.0.0.1/tcp/1").unwrap_err().reason.contains("has no peer id"));
    }
}
