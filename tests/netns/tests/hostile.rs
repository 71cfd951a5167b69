//! Peers that have the network's key and break everything they can, while two hosts work.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use serde_json::{Value, json};
use tandem_harness::Client;
use tandem_netns::{Lab, Node};
use tempfile::TempDir;

use crate::support::{KEY, ended, host, in_state, meshed, quantile, registry, submit};

const QUEUE: usize = 0;
const WORKER: usize = 1;
/// Places of those that attack.
const HOSTILE: [usize; 3] = [2, 3, 4];
/// How long the attack goes on.
const ATTACK: Duration = Duration::from_secs(8);
/// How long the task runs that the attackers want: well below the 10 s that a tool may take.
const PRIZE_MS: u32 = 6_000;

pub(crate) async fn run() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(5, 50)?, TempDir::new()?);
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
    let attacks = futures::future::try_join_all([
        forge(&lab, HOSTILE[0], &address, &prize).boxed_local(),
        garble(&lab, HOSTILE[1], &address).boxed_local(),
        knock(&lab, HOSTILE[2]).boxed_local(),
    ]);
    let (mut under, attacked) = tokio::try_join!(work(client, ATTACK), attacks)?;
    let [forged, garbled, knocked] = attacked[..] else { anyhow::bail!("three attacks") };
    let result = ended(client, &prize).await?;
    assert_eq!(result["state"], "completed", "{result}");
    assert!(!result.to_string().contains("forged"), "{result}");
    let status = client.structured("p2p_taskqueue_task_status", json!({"task_id": prize})).await?;
    assert_eq!((&status["worker"], &status["attempt"]), (&held["worker"], &json!(1)), "nobody took it: {status}");
    let banned = nodes[0].host().log().iter().filter(|line| line["message"] == "a peer broke the protocol").count();
    assert!(banned > 0, "the host notices");
    Ok(format!(
        "{forged} forged completions and renewals, {garbled} broken streams, {knocked} connections that said nothing; {} of {} tasks ended well meanwhile, median {} ms (calm: {} ms), worst {} ms",
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
    let mut peer = lab.peer(place, KEY)?;
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
        let mut peer = lab.peer(place, KEY)?;
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

/// Opens connections that say nothing, as fast as the host takes them: in the second half, since they take the places of
/// handshakes that other attackers need too.
async fn knock(lab: &Lab, place: usize) -> anyhow::Result<u32> {
    let target = Node::listens(QUEUE);
    let parts: Vec<_> = target.split('/').collect();
    let (ip, port): (Ipv4Addr, u16) = (parts[2].parse()?, parts[4].parse()?);
    let knocking = lab.at(place, move || {
        std::thread::sleep(ATTACK / 2);
        let (start, mut open) = (Instant::now(), Vec::new());
        while start.elapsed() < ATTACK / 2 {
            let stream = TcpStream::connect_timeout(&SocketAddr::from((ip, port)), Duration::from_millis(500));
            match stream {
                Ok(stream) if open.len() < 2_000 => open.push(stream),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        Ok(open.len() as u32)
    })?;
    let joined = tokio::task::spawn_blocking(move || knocking.join()).await?;
    joined.map_err(|_| anyhow::anyhow!("the flood panicked"))?
}
