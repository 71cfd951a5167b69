//! Real hosts on loopback, and peers that can be told to do anything.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _, StreamExt as _, future::BoxFuture};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder,
    identity::Keypair,
    multiaddr::Protocol,
    noise,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use serde_json::{Value, json};
use tandem_engine::{CallEnv, Caller, InvokeError, InvokeOutput, P2p, P2pError, P2pRequest, Unmetered};
use tandem_manifest::{Admission, Annotations, HostConfig, MAX_PRIORITY, P2pConfig, Secret};
use tandem_reactor::{
    Authority, PingSettings, Reactor, Settings, ToolCall, ToolInfo, Tools,
    discovery::record::{Announcement, HostRecord},
    trust::UnixMillis,
};
use tandem_store::{
    Store,
    tasks::{Caps, Clock, SqliteTasks, SystemClock, Timestamp},
};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/mcp+p2p/1.0.0");
/// The tenant of all peers.
const PEERS: &str = "peers";
/// How long hosts may take to find each other on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the tool `block` begins and ends to hold the thread that it runs on.
pub(crate) static BLOCK: [Barrier; 2] = [Barrier::new(2), Barrier::new(2)];

/// What the tool `refuses` says, and how often it did.
pub(crate) const REFUSAL: &str = "please release the lease";
pub(crate) static REFUSALS: AtomicUsize = AtomicUsize::new(0);
/// How often the tool `marks` began. It takes a second.
pub(crate) static MARKS: AtomicUsize = AtomicUsize::new(0);

/// Calls of the tool `slow` with the argument `counted` that were ended.
pub(crate) static STOPPED: AtomicUsize = AtomicUsize::new(0);

/// Counts one when it goes.
struct CountStopped;

impl Drop for CountStopped {
    fn drop(&mut self) {
        STOPPED.fetch_add(1, Ordering::SeqCst);
    }
}

/// Answers its arguments; `who` with whose call it is, `wide` with where an integer is beyond 64 bits, `block` once a test lets it, `slow` never does, `large` does at length, `huge` with more than a frame holds.
#[derive(Default)]
pub(crate) struct Echo {
    /// Tools that this host does not have.
    lacks: Mutex<Vec<&'static str>>,
    generation: AtomicUsize,
}

impl Tools for Echo {
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<InvokeOutput, InvokeError>> {
        async move {
            let structured = match call.tool.as_str() {
                "slow" => {
                    let _stopped = call.arguments.contains_key("counted").then_some(CountStopped);
                    if let Some(client) = &call.client {
                        for step in 1..=3 {
                            client.progress(f64::from(step), Some(4.0), Some(format!("step {step}")));
                            tokio::time::sleep(Duration::from_millis(200)).await;
                        }
                    }
                    call.cancel.cancelled().await;
                    return Err(InvokeError::NotFound("it was stopped".to_owned()));
                }
                "block" => {
                    for barrier in &BLOCK {
                        barrier.wait();
                    }
                    "{}".to_owned()
                }
                "refuses" => {
                    REFUSALS.fetch_add(1, Ordering::SeqCst);
                    let content = json!([{"type": "text", "text": REFUSAL}]).to_string();
                    return Ok(InvokeOutput { content, structured: None, is_error: true });
                }
                "waits-and-refuses" => {
                    // Longer than what the queue takes for one burst.
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    return Err(InvokeError::Other(REFUSAL.to_owned()));
                }
                "marks" => {
                    MARKS.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    "{}".to_owned()
                }
                "who" => json!({"tenant": &*call.caller.tenant, "operator": call.caller.operator}).to_string(),
                "echo" => Value::Object(call.arguments).to_string(),
                "wide" => {
                    let arguments = Value::Object(call.arguments);
                    let at = call.exact.and_then(|exact| exact.wide_integer(&arguments));
                    json!({"at": at}).to_string()
                }
                "huge" => json!({"text": "x".repeat(1_200_000)}).to_string(),
                "large" => json!({"text": "x".repeat(900_000)}).to_string(),
                other => return Err(InvokeError::NotFound(format!("unknown tool `{other}`"))),
            };
            Ok(InvokeOutput { content: "[]".to_owned(), structured: Some(structured), is_error: false })
        }
        .boxed()
    }

    fn list(&self, _caller: &Caller) -> Vec<ToolInfo> {
        let info = |name: &str| ToolInfo {
            name: name.to_owned(),
            title: Some("Answers".to_owned()),
            description: "answers".to_owned(),
            input_schema: json!({"type": "object"}),
            output_schema: Some(json!({"type": "object"})),
            annotations: Annotations { read_only: true, ..Annotations::default() },
            local: false,
            repeatable: name == "echo",
            deadline: Duration::from_secs(120),
        };
        let named = ["echo", "slow", "refuses", "waits-and-refuses", "marks"].map(info);
        let lacks = self.lacks.lock().unwrap();
        let named = named.into_iter().filter(|info| !lacks.contains(&info.name.as_str()));
        let mut all: Vec<_> = named.chain((0..247).map(|i| info(&format!("tool-{i:03}")))).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst) as u64
    }

    fn find(&self, _caller: &Caller, _tool: &str) -> Result<(), Vec<String>> {
        Ok(())
    }
}

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

    fn bearer(&self, token: String) -> BoxFuture<'static, Result<Caller, String>> {
        let good = self.0.lock().unwrap().takes && token == "good";
        let caller = || Caller { operator: true, ..Caller::new("acme", "key") };
        async move { good.then(caller).ok_or_else(|| "this is no API key of this host".to_owned()) }.boxed()
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
    pub(crate) reactor: Arc<Reactor>,
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
        self.tools.lacks.lock().unwrap().push(tool);
        self.tools.generation.fetch_add(1, Ordering::SeqCst);
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
        let store = Store::open(&data.path().join("store.db")).unwrap();
        let operator = Arc::new(Operator(Mutex::new(Says::of(p2p))));
        let tasks = SqliteTasks::new(store.clone(), Arc::new(Ahead(ahead)), Caps::default());
        let reactor = Reactor::start(settings, store, tasks.clone(), operator.clone(), Handle::current()).unwrap();
        let tools = Arc::new(Echo::default());
        reactor.set_tools(tools.clone());
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
        let env = CallEnv {
            request_id: "test".into(),
            caller,
            deadline: std::time::Instant::now() + Duration::from_secs(60),
            cancel: CancellationToken::new(),
            client: None,
            depth: 0,
            traceparent: None,
            account: Arc::new(Unmetered),
        };
        self.reactor.request(env, request).await.map(|text| serde_json::from_str(&text).unwrap())
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
        _ => panic!("{address} is no address of TCP"),
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
