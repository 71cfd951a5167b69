//! Real hosts on loopback, and peers that can be told to do anything.

mod echo;
mod peer;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use libp2p::{Multiaddr, PeerId, identity::Keypair, multiaddr::Protocol};
use serde_json::{Value, json};
use tandem_cluster::{ClusterHandle, Settings};
use tandem_cluster::{P2pError, P2pRequest};
use tandem_config::{Admission, HostConfig, P2pConfig};
use tandem_engine::CallContext;
use tandem_queue::{Caps, Clock, SqliteTasks, SystemClock, Timestamp};
use tandem_reactor::{
    Authority, BearerError, PingSettings,
    discovery::record::{Announcement, HostRecord},
    trust::UnixMillis,
};
use tandem_store::Store;
use tandem_types::Caller;
use tandem_types::MAX_PRIORITY;
use tandem_types::Secret;
use tempfile::TempDir;
use tokio::runtime::Handle;

use self::echo::Echo;
pub(crate) use self::{
    echo::{BLOCK, MARKS, REFUSAL, REFUSALS, STOPPED},
    peer::{PROTOCOL, Peer, ask, echo, event, peer, peer_of, receive, send, socket, swarm_of, try_send},
};

/// The tenant of all peers.
const PEERS: &str = "peers";
/// How long hosts may take to find each other on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an operator writes for a test: a host on loopback that lets everybody in and looks nowhere for others.
pub(crate) fn config() -> P2pConfig {
    let mut p2p = HostConfig::default().p2p;
    p2p.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    p2p.admission = Admission::Open;
    p2p.discovery.file = false;
    p2p.discovery.env = false;
    p2p.discovery.loopback = true;
    p2p
}

/// The same, closed to all but these.
pub(crate) fn closed(allow: &[PeerId]) -> P2pConfig {
    let allow = allow.iter().map(|peer| peer.to_string().parse().unwrap()).collect();
    P2pConfig { admission: Admission::Closed, allow, ..config() }
}

/// What the operator of a test's host says; it may say something else later.
#[derive(Default)]
pub(crate) struct Says {
    /// As `p2p.tokens`.
    pub(crate) tokens: BTreeMap<String, Secret>,
    /// As `p2p.require-token`.
    pub(crate) require: bool,
    /// Whether the token `good` is one, of the tenant `acme`.
    pub(crate) takes: bool,
    /// As `max-priority` of all tenants.
    pub(crate) most: Option<u8>,
    /// Whether peers are another tenant than `p2p.tenant`.
    pub(crate) apart: bool,
}

impl Says {
    fn of(p2p: &P2pConfig) -> Self {
        let tokens = p2p.tokens.iter().map(|(peer, token)| (peer.to_string(), token.clone())).collect();
        Self { tokens, require: p2p.require_token, apart: p2p.common_tenant() != PEERS, ..Self::default() }
    }
}

/// The same, as the reactor asks for it.
pub(crate) struct Operator(pub(crate) Mutex<Says>);

impl Authority for Operator {
    /// With more rights than any peer may have.
    fn caller(&self, peer: &str) -> Caller {
        Caller { operator: true, ..Caller::new(PEERS, peer) }
    }

    fn own_tenant(&self, _peer: &str) -> Option<String> {
        self.0.lock().unwrap().apart.then(|| PEERS.to_owned())
    }

    fn bearer(&self, token: String) -> BoxFuture<'static, Result<Caller, BearerError>> {
        let good = self.0.lock().unwrap().takes && token == "good";
        let caller = || Caller { operator: true, ..Caller::new("acme", "key") };
        async move {
            good.then(caller).ok_or_else(|| BearerError::Refused("this is not an API key of this host".to_owned()))
        }
        .boxed()
    }

    fn requires_token(&self) -> bool {
        self.0.lock().unwrap().require
    }

    fn token_for(&self, peer: &str) -> Option<Secret> {
        self.0.lock().unwrap().tokens.get(peer).cloned()
    }

    fn max_priority(&self, _tenant: &str) -> u8 {
        self.0.lock().unwrap().most.unwrap_or(MAX_PRIORITY)
    }
}

/// A clock that is so much ahead of this machine's.
#[derive(Debug)]
struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0)
    }
}

pub(crate) struct Host {
    pub(crate) reactor: Arc<ClusterHandle>,
    pub(crate) peer: PeerId,
    pub(crate) operator: Arc<Operator>,
    pub(crate) tasks: SqliteTasks,
    tools: Arc<Echo>,
    data: TempDir,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.reactor.stop();
    }
}

impl Host {
    pub(crate) async fn start(p2p: &P2pConfig) -> Self {
        Self::with_key(p2p, &Keypair::generate_ed25519()).await
    }

    /// A host whose id is known before it starts.
    pub(crate) async fn with_key(p2p: &P2pConfig, key: &Keypair) -> Self {
        let data = TempDir::new().unwrap();
        write_key(&data, key);
        Self::on(p2p, data, key.public().to_peer_id()).await
    }

    /// Stops it and starts another one on what it left.
    pub(crate) async fn again(self, p2p: &P2pConfig) -> Self {
        let (data, peer) = self.left().await;
        Self::on(p2p, data, peer).await
    }

    /// Stops it. What it left is for [`Host::on`].
    pub(crate) async fn left(mut self) -> (TempDir, PeerId) {
        self.stop().await;
        (std::mem::replace(&mut self.data, TempDir::new().unwrap()), self.peer)
    }

    /// A host that asks its peers often whether they live.
    pub(crate) async fn attentive(p2p: &P2pConfig) -> Self {
        let time = Duration::from_millis(500);
        Self::set(p2p, |settings| settings.network.ping = PingSettings { interval: time, timeout: time }).await
    }

    /// A host with settings that no configuration has.
    pub(crate) async fn set(p2p: &P2pConfig, set: impl FnOnce(&mut Settings)) -> Self {
        let (data, key) = (TempDir::new().unwrap(), Keypair::generate_ed25519());
        write_key(&data, &key);
        let mut settings = Settings::new(p2p, data.path(), None).unwrap();
        set(&mut settings);
        Self::of(settings, p2p, data, key.public().to_peer_id(), Duration::ZERO).await
    }

    /// From now on it does not have this tool.
    pub(crate) fn loses(&self, tool: &'static str) {
        self.tools.loses(tool);
    }

    pub(crate) async fn on(p2p: &P2pConfig, data: TempDir, peer: PeerId) -> Self {
        Self::after(Duration::ZERO, p2p, data, peer).await
    }

    /// The same as if it were so much later: its queue's clock is ahead.
    pub(crate) async fn after(away: Duration, p2p: &P2pConfig, data: TempDir, peer: PeerId) -> Self {
        let settings = Settings::new(p2p, data.path(), None).unwrap();
        Self::of(settings, p2p, data, peer, away).await
    }

    async fn of(settings: Settings, p2p: &P2pConfig, data: TempDir, peer: PeerId, ahead: Duration) -> Self {
        let store = Store::open_with(&data.path().join("store.db"), &[tandem_queue::TABLES]).unwrap();
        let operator = Arc::new(Operator(Mutex::new(Says::of(p2p))));
        let tasks = SqliteTasks::new(store.clone(), Arc::new(Ahead(ahead)), Caps::default());
        let (reactor, starter) =
            ClusterHandle::new(settings, store, tasks.clone(), operator.clone(), Handle::current());
        let tools = Arc::new(Echo::default());
        starter.start(tools.clone()).await.unwrap();
        while !(reactor.lane().is_up() && (p2p.listen.is_empty() || !reactor.listening().is_empty())) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self { reactor, peer, operator, tasks, tools, data }
    }

    /// Where it listens, with its id.
    pub(crate) fn address(&self) -> Multiaddr {
        self.reactor.listening().remove(0).with(Protocol::P2p(self.peer))
    }

    /// Asks as the operator of a host on which nobody signs in.
    pub(crate) async fn request(&self, request: P2pRequest) -> Result<Value, P2pError> {
        self.request_as(Caller { operator: true, ..Caller::local() }, request).await
    }

    pub(crate) async fn request_as(&self, caller: Caller, request: P2pRequest) -> Result<Value, P2pError> {
        self.request_in(None, caller, request).await
    }

    /// The same as a part of a trace.
    pub(crate) async fn request_in(
        &self,
        trace: Option<&str>,
        caller: Caller,
        request: P2pRequest,
    ) -> Result<Value, P2pError> {
        let cx = CallContext {
            traceparent: trace.map(Into::into),
            ..CallContext::new("test".into(), caller).within(Duration::from_secs(60))
        };
        self.reactor.request(Arc::new(cx), request).await.map(|text| serde_json::from_str(&text).unwrap())
    }

    /// Stops it as its process would.
    pub(crate) async fn stop(&self) {
        let reactor = self.reactor.clone();
        tokio::task::spawn_blocking(move || reactor.stop()).await.unwrap();
    }

    /// Connects, as by `p2p_peer_bootstrap`.
    pub(crate) async fn connect(&self, node: &Multiaddr) -> Value {
        let request = P2pRequest::PeerConnect { nodes: vec![node.to_string()], min_connections: 1, timeout_s: 20 };
        self.request(request).await.unwrap()
    }

    /// What it knows of another, as by `p2p_peer_list`.
    pub(crate) async fn knows(&self, peer: &PeerId) -> Option<Value> {
        for state in ["connected", "known", "banned"] {
            let filter = json!({"state": state, "limit": 1000}).to_string();
            let page = self.request(P2pRequest::PeerList { filter }).await.unwrap();
            let found = page["peers"].as_array().unwrap().iter().find(|known| known["peer_id"] == peer.to_string());
            if let Some(found) = found {
                return Some(found.clone());
            }
        }
        None
    }

    /// Waits until it knows of another what is hoped for.
    pub(crate) async fn until(&self, peer: &PeerId, good: impl Fn(&Value) -> bool) -> Value {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let known = self.knows(peer).await;
            match known {
                Some(known) if good(&known) => return known,
                known => assert!(tokio::time::Instant::now() < end, "{known:?} of {peer}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until it is connected with another and was told what that one can run.
    pub(crate) async fn meets(&self, peer: &PeerId) -> Value {
        let has = |known: &Value| known["tools"].as_array().is_some_and(|tools| tools.contains(&json!("echo")));
        self.until(peer, |known| known["state"] == "connected" && has(known)).await
    }
}

fn write_key(data: &TempDir, key: &Keypair) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = data.path().join("peer.key");
    std::fs::write(&path, key.to_protobuf_encoding().unwrap()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) async fn host() -> Host {
    Host::start(&P2pConfig { discovery: HostConfig::default().p2p.discovery, ..config() }).await
}

/// A well-behaved peer is served, whatever another one did before.
pub(crate) async fn is_well(host: &Host) {
    let mut peer = peer(host).await;
    let mut stream = peer.stream().await;
    let answer = ask(&mut stream, echo(7)).await;
    assert_eq!(answer["result"]["structuredContent"], json!({"n": 7}), "{answer}");
}

/// What a host says of itself, signed with `key`.
pub(crate) fn record(key: &Keypair, issued_at: UnixMillis, addresses: &[&str]) -> HostRecord {
    let announcement = Announcement {
        addresses: addresses.iter().map(|address| address.parse::<Multiaddr>().unwrap()).collect(),
        tools: Vec::new(),
        capacity: 1,
        free: 1,
        metadata: BTreeMap::new(),
        sequence: issued_at.0,
        issued_at,
        ttl: Duration::from_secs(600),
    };
    HostRecord::sign(key, announcement).unwrap()
}
