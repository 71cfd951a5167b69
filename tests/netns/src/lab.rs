//! A lab: namespaces with one cable each, all into one switch.

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicU32, Ordering},
};

use tandem_harness::{Client, Host, Options};

use crate::{
    door::Door,
    namespace::{Namespace, ip, name, sweep},
    peer::Peer,
    switch::{Switch, hardware_address},
};

/// Places of a lab. The tests' machine has few cores.
pub const MAX_PLACES: usize = 16;
/// Where hosts listen for clients, each in its own namespace.
const PORT: u16 = 8_000;
/// Where hosts listen for peers.
pub(crate) const PEER_PORT: u16 = 4_001;

/// Counts the labs of this process: each has names of its own.
static LABS: AtomicU32 = AtomicU32::new(0);

/// Namespaces and the switch between them.
#[derive(Debug)]
pub struct Lab {
    // Dropped first: it reads the cables.
    switch: Switch,
    places: Vec<Namespace>,
    _middle: Namespace,
}

impl Lab {
    /// A lab with so many places, from 0, and good links. Losses are drawn from `seed`.
    ///
    /// # Errors
    ///
    /// Where namespaces or cables cannot be made.
    pub fn new(places: usize, seed: u64) -> anyhow::Result<Self> {
        anyhow::ensure!(places <= MAX_PLACES, "a lab has at most {MAX_PLACES} places");
        sweep();
        let lab = name(&LABS.fetch_add(1, Ordering::Relaxed).to_string());
        let middle = Namespace::new(&format!("{lab}-switch"))?;
        let (mut all, mut cables) = (Vec::new(), Vec::new());
        for place in 0..places {
            let cable = format!("port{place}");
            all.push(wire(&format!("{lab}-{place}"), place, &middle, &cable)?);
            cables.push(cable);
        }
        let switch = Switch::start(&middle, cables, seed)?;
        Ok(Self { switch, places: all, _middle: middle })
    }

    /// What is between the places.
    #[must_use]
    pub fn switch(&self) -> &Switch {
        &self.switch
    }

    /// Starts a host at a place.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub async fn host(&self, place: usize, options: Options) -> anyhow::Result<Node> {
        let namespace = self.place(place)?;
        let door = Door::open(namespace, PORT)?;
        let options = options
            .through(&["ip", "netns", "exec", namespace.name()])
            .args(&["--set", &format!("server.port={PORT}")]);
        let mut host = options.start().await?;
        host.url = door.url();
        Ok(Node { host, door, place })
    }

    /// A peer at a place that does only what the test tells it.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn peer(&self, place: usize, psk: [u8; 32]) -> anyhow::Result<Peer> {
        Peer::start(self.place(place)?, psk)
    }

    /// Runs something on a thread of its own that is at a place; the sockets that it makes are there.
    ///
    /// # Errors
    ///
    /// Where no thread can be started.
    pub fn at<T: Send + 'static>(
        &self,
        place: usize,
        what: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<std::thread::JoinHandle<anyhow::Result<T>>> {
        Ok(self.place(place)?.run(what)?)
    }

    fn place(&self, place: usize) -> anyhow::Result<&Namespace> {
        self.places.get(place).ok_or_else(|| anyhow::anyhow!("the lab has no place {place}"))
    }
}

/// Makes a namespace with a cable that ends at `cable` in the middle.
fn wire(name: &str, place: usize, middle: &Namespace, cable: &str) -> anyhow::Result<Namespace> {
    let namespace = Namespace::new(name)?;
    ip(&[
        "-n",
        middle.name(),
        "link",
        "add",
        cable,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        namespace.name(),
    ])?;
    for (end, device) in [(middle, cable), (&namespace, "eth0")] {
        // One segment in each frame: a bundle would be longer than a cable carries.
        end.ip(&["link", "set", "dev", device, "gso_max_segs", "1"])?;
        end.ip(&["link", "set", "dev", device, "addrgenmode", "none"])?;
    }
    namespace.ip(&["link", "set", "dev", "eth0", "address", &hardware_address(place)])?;
    namespace.ip(&["address", "add", &format!("{}/24", address(place)), "dev", "eth0"])?;
    namespace.ip(&["link", "set", "dev", "lo", "up"])?;
    namespace.ip(&["link", "set", "dev", "eth0", "up"])?;
    middle.ip(&["link", "set", "dev", cable, "up"])?;
    Ok(namespace)
}

fn address(place: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, u8::try_from(place + 1).unwrap_or(u8::MAX))
}

/// The multiaddress of a place for peers, without an id.
pub(crate) fn multiaddress(place: usize) -> String {
    format!("/ip4/{}/tcp/{PEER_PORT}", address(place))
}

/// A host at a place. Killed when dropped.
#[derive(Debug)]
pub struct Node {
    host: Host,
    door: Door,
    place: usize,
}

impl Node {
    /// The multiaddress of all addresses of a place.
    pub const LISTENS_EVERYWHERE: &str = "/ip4/0.0.0.0/tcp/4001";

    /// The multiaddress at which a host of this place listens for peers, for its configuration.
    #[must_use]
    pub fn listens(place: usize) -> String {
        multiaddress(place)
    }

    /// The process.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Its place.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// A client that sees every tool.
    ///
    /// # Errors
    ///
    /// Where the host does not answer.
    pub async fn client(&self) -> anyhow::Result<Client> {
        self.host.client("/mcp/full").await
    }

    /// Its peer id, as it logged it.
    ///
    /// # Errors
    ///
    /// Where it does not listen for peers.
    pub async fn peer_id(&self) -> anyhow::Result<String> {
        let line = self.host.logged("listening for peers").await?;
        let id = line.get("peer").and_then(|peer| peer.as_str()).map(ToOwned::to_owned);
        id.ok_or_else(|| anyhow::anyhow!("the host does not say its peer id: {line}"))
    }

    /// Kills it without warning; [`Dead::restart`] starts it on what it left behind.
    ///
    /// # Errors
    ///
    /// Where it had ended before.
    pub async fn kill(self) -> anyhow::Result<Dead> {
        Ok(Dead { host: self.host.crash().await?, door: self.door, place: self.place })
    }
}

/// A host that was killed.
#[derive(Debug)]
pub struct Dead {
    host: tandem_harness::Crashed,
    door: Door,
    place: usize,
}

impl Dead {
    /// Starts it again.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub async fn restart(self) -> anyhow::Result<Node> {
        let mut host = self.host.restart().await?;
        host.url = self.door.url();
        Ok(Node { host, door: self.door, place: self.place })
    }
}
