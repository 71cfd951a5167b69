//! A thousand peers of one host, each with an identity and a connection of its own, and what the host's memory grows by.
//!
//! The host and the peers are processes of their own: the memory is the host's alone, and each has its own limit of open files.

use std::{
    io::{BufRead as _, BufReader, Write},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::Context;
use futures::StreamExt as _;
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder, identify, noise, ping,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};

use crate::child::Running;

/// Peers.
const PEERS: usize = 1_000;
/// Of those, at a time while they connect: fewer than the host lets shake hands.
const AT_A_TIME: usize = 16;
/// Tries of one peer.
const TRIES: usize = 20;

#[derive(NetworkBehaviour)]
struct Light {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// A process of this program.
struct Process {
    _child: Running,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = Running::spawn(command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let stdin = child.stdin.take().context("standard input is piped")?;
        let stdout = BufReader::new(child.stdout.take().context("standard output is piped")?);
        Ok(Self { _child: child, stdin, stdout })
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "a process of the bench ended too soon");
        Ok(line.trim().to_owned())
    }

    /// Asks the host for its connected peers and the KiB of its memory.
    fn state(&mut self) -> anyhow::Result<(usize, f64)> {
        writeln!(self.stdin)?;
        let line = self.line()?;
        let (peers, kib) = line.split_once(' ').context("a host answers two numbers")?;
        Ok((peers.parse()?, kib.parse()?))
    }
}

pub(super) fn report(out: &mut impl Write) -> anyhow::Result<()> {
    let mut host = Process::start(&["p2p-host"])?;
    let address = host.line()?;
    let (_, before) = host.state()?;
    let start = std::time::Instant::now();
    let mut peers = Process::start(&["p2p-dial", &address, &PEERS.to_string()])?;
    let said = peers.line()?;
    let took = start.elapsed().as_secs_f64();
    // What the handshakes needed is given back, and the first pings have been.
    std::thread::sleep(Duration::from_secs(5));
    let (connected, after) = host.state()?;
    let each = (after - before) / connected.max(1) as f64;
    writeln!(
        out,
        "\n{connected} peers connected in {took:.1} s ({said} dialled), {each:.1} KiB of the host's memory each ({:.1} MiB in all)",
        after / 1024.0
    )?;
    Ok(())
}

/// The process of the host: says its address, then, for each line that it reads, how it is.
pub(crate) fn host() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut out = std::io::stdout();
    let (host, address) = runtime.block_on(async {
        let host = super::hosts::host(0, false).await?;
        let address = host.address().await?;
        anyhow::Ok((host, address))
    })?;
    writeln!(out, "{address}")?;
    for line in std::io::stdin().lines() {
        line?;
        writeln!(out, "{} {}", runtime.block_on(host.reactor.status()).connected, memory()?)?;
    }
    Ok(())
}

/// Resident KiB of this process.
fn memory() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel says how much")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// The process of the peers: says how many are connected once all tried, and stays.
pub(crate) fn dial(address: &str, count: usize) -> anyhow::Result<()> {
    let address: Multiaddr = address.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let connected = runtime.block_on(async {
        let peers = futures::stream::iter(0..count).map(|_| tokio::spawn(connect(address.clone())));
        let done = peers.buffer_unordered(AT_A_TIME).filter(|done| std::future::ready(matches!(done, Ok(Ok(())))));
        done.count().await
    });
    writeln!(std::io::stdout(), "{connected}")?;
    // Until the parent goes.
    std::io::stdin().lines().for_each(drop);
    Ok(())
}

/// Connects a new peer, which then lives by itself.
async fn connect(address: Multiaddr) -> anyhow::Result<()> {
    let mut swarm = peer()?;
    for _ in 0..TRIES {
        swarm.dial(address.clone())?;
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { .. } => {
                    tokio::spawn(async move { while swarm.next().await.is_some() {} });
                    return Ok(());
                }
                SwarmEvent::OutgoingConnectionError { .. } => break,
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the host takes no more")
}

fn peer() -> anyhow::Result<Swarm<Light>> {
    let behaviour = |key: &libp2p::identity::Keypair| Light {
        identify: identify::Behaviour::new(identify::Config::new("/tandem/1.0.0".to_owned(), key.public())),
        ping: ping::Behaviour::default(),
    };
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_behaviour(behaviour)?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build())
}
