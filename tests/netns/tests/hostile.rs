//! Peers that have the network's key and break everything they can, and others that take every place for a handshake, while two
//! hosts work and newcomers come.

use std::{
    io::{ErrorKind, Read as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tandem_harness::{Client, SWARM_KEY};
use tandem_netns::{Lab, Node};
use tempfile::TempDir;

use crate::support::{ended, host, in_state, meshed, quantile, registry, submit};

const QUEUE: usize = 0;
const WORKER: usize = 1;
/// Places of those that attack.
const HOSTILE: [usize; 2] = [2, 3];
/// Places from which nothing is said: one address has a burst of 20 connections, and these together all 32 places at once.
const SILENT: [usize; 3] = [4, 5, 6];
/// The place of those that come meanwhile.
const NEWCOMER: usize = 7;
/// How long the attack goes on.
const ATTACK: Duration = Duration::from_secs(8);
/// How long the task runs that the attackers want: well below the 10 s that a tool may take.
const PRIZE_MS: u32 = 6_000;

pub(crate) async fn run() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(8, 50)?, TempDir::new()?);
    let discovery = registry(&directory);
    let plugins: [&[&str]; 2] = [&[], &["echo"]];
    let starts = [QUEUE, WORKER].map(|place| host(&lab, place, plugins[place], &discovery));
    let nodes = futures::future::try_join_all(starts).await?;
    let clients = meshed(&nodes).await?;
    let client = &clients[0];
    let mut calm = work(client, Duration::from_secs(5)).await?;

    // A task of the other host is running: its lease is what the attackers want.
    let prize = submit(client, "sleep_ms", json!({"ms": PRIZE_MS})).await?;
    let held = in_state(client, &prize, "running").await?;
    let address = format!("{}/p2p/{}", Node::listens(QUEUE), nodes[0].peer_id().await?);
    let attacks = async {
        let silent = futures::future::try_join_all(SILENT.map(|place| knock(&lab, place)));
        tokio::try_join!(forge(&lab, HOSTILE[0], &address, &prize), garble(&lab, HOSTILE[1], &address), silent)
    };
    let (mut under, mut came, attacked) =
        tokio::try_join!(work(client, ATTACK), newcomers(&lab, NEWCOMER, &address), attacks)?;
    let (forged, garbled, knocked) = attacked;
    let (knocked, given_up) = (knocked.iter().sum::<u32>(), given_up(&nodes[0]).await?);
    assert!(given_up > 0, "the places were all taken, and those that said nothing lost theirs");
    let result = ended(client, &prize).await?;
    assert_eq!(result["state"], "completed", "{result}");
    assert!(!result.to_string().contains("forged"), "{result}");
    let status = client.structured("p2p_taskqueue_task_status", json!({"task_id": prize})).await?;
    assert_eq!((&status["worker"], &status["attempt"]), (&held["worker"], &json!(1)), "nobody took it: {status}");
    let banned = nodes[0].host().log().iter().filter(|line| line["message"] == "peer violated the protocol").count();
    assert!(banned > 0, "the host notices");
    Ok(format!(
        "{forged} forged completions and renewals, {garbled} broken streams, {knocked} connections that said nothing, {given_up} of which lost their place to others; {} newcomers came in meanwhile, each within {} ms; {} of {} tasks ended well, median {} ms (calm: {} ms), worst {} ms",
        came.len(),
        quantile(&mut came, 1.0).as_millis(),
        under.len(),
        under.len(),
        quantile(&mut under, 0.5).as_millis(),
        quantile(&mut calm, 0.5).as_millis(),
        quantile(&mut under, 1.0).as_millis()
    ))
}

/// Runs tasks one after the other for so long; each must end well.
async fn work(client: &Client, time: Duration) -> anyhow::Result<Vec<Duration>> {
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < time {
        let begun = Instant::now();
        let task = submit(client, "add", json!({"a": times.len(), "b": 1})).await?;
        let result = ended(client, &task).await?;
        assert_eq!(result["result"], json!({"sum": times.len() as f64 + 1.0}), "{result}");
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Hands in and renews what another host runs, with every fence that it can think of.
async fn forge(lab: &Lab, place: usize, address: &str, prize: &Value) -> anyhow::Result<u32> {
    let mut peer = lab.peer(place, SWARM_KEY)?;
    let (start, mut tried) = (Instant::now(), 0);
    while start.elapsed() < ATTACK {
        let Ok(mut wire) = peer.stream(&address.parse()?).await else { break };
        for fence in 0..50u64 {
            let finish = json!({"id": prize, "fence": fence, "outcome": "ok", "result": {"forged": true}});
            let Ok(answer) = wire.ask("tasks/finish", finish).await else { break };
            assert_eq!(answer["error"]["data"]["reason"], "stale_fence", "{answer}");
            let renew = json!({"leases": [{"id": prize, "fence": fence}]});
            let Ok(answer) = wire.ask("tasks/renew", renew).await else { break };
            assert_eq!(answer["result"]["leases"][0]["state"], "stale_fence", "{answer}");
            tried += 2;
        }
    }
    Ok(tried)
}

/// Breaks streams with everything that is no frame, as a new peer each time it is sent away.
async fn garble(lab: &Lab, place: usize, address: &str) -> anyhow::Result<u32> {
    let cases: [&[u8]; 5] = [
        &[0xff; 4],
        &[0, 0x10, 0, 1],
        &[0, 0, 0, 4, 0xff, 0xfe, 0, 1],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0, 0, 0, 3, b'[', b'[', b'['],
    ];
    let address = address.parse()?;
    let (start, mut broken) = (Instant::now(), 0);
    while start.elapsed() < ATTACK {
        let mut peer = lab.peer(place, SWARM_KEY)?;
        for bytes in cases.iter().cycle().take(20) {
            let opened = tokio::time::timeout(Duration::from_secs(2), peer.stream(&address));
            let Ok(Ok(mut wire)) = opened.await else { break };
            if wire.raw(bytes).await.is_err() {
                break;
            }
            // The host ends the stream.
            drop(tokio::time::timeout(Duration::from_secs(2), wire.receive()).await);
            broken += 1;
        }
    }
    Ok(broken)
}

/// New peers, one after the other, which want to know what the host can do.
async fn newcomers(lab: &Lab, place: usize, address: &str) -> anyhow::Result<Vec<Duration>> {
    let (address, start, mut times) = (address.parse()?, Instant::now(), Vec::new());
    // Until then all places are taken.
    tokio::time::sleep(ATTACK / 4).await;
    while start.elapsed() < ATTACK - ATTACK / 4 {
        let begun = Instant::now();
        let mut peer = lab.peer(place, SWARM_KEY)?;
        let mut wire = peer.stream(&address).await?;
        let answer = wire.ask("tools/list", json!({})).await?;
        assert!(answer["result"]["tools"].is_array(), "{answer}");
        assert!(start.elapsed() < ATTACK, "it came in when the attack was over");
        times.push(begun.elapsed());
        // One address may not begin more than its burst of 20 connections at once.
        tokio::time::sleep(ATTACK / 32).await;
    }
    Ok(times)
}

/// How many handshakes lost their place, as the host counts them.
async fn given_up(node: &Node) -> anyhow::Result<u64> {
    let page = reqwest::get(format!("{}/metrics", node.host().url)).await?.text().await?;
    let line = page.lines().find(|line| line.starts_with("tandem_p2p_refused_total") && line.contains("given up"));
    let count = line.and_then(|line| line.rsplit(' ').next()).unwrap_or("0");
    Ok(count.parse()?)
}

/// Opens connections that say nothing, as fast as the host takes them.
async fn knock(lab: &Lab, place: usize) -> anyhow::Result<u32> {
    let target = Node::listens(QUEUE);
    let parts: Vec<_> = target.split('/').collect();
    let (ip, port): (Ipv4Addr, u16) = (parts[2].parse()?, parts[4].parse()?);
    let knocking = lab.at(place, move || {
        let (start, mut open, mut count) = (Instant::now(), Vec::new(), 0);
        while start.elapsed() < ATTACK {
            if let Ok(stream) = TcpStream::connect_timeout(&SocketAddr::from((ip, port)), Duration::from_millis(500)) {
                stream.set_nonblocking(true)?;
                open.push(stream);
                count += 1;
            }
            open.retain_mut(is_open);
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(count)
    })?;
    let joined = tokio::task::spawn_blocking(move || knocking.join()).await?;
    joined.map_err(|_| anyhow::anyhow!("the flood panicked"))?
}

/// Whether the host has not closed this yet.
fn is_open(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(read) => read > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}
