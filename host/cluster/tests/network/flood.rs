//! Peers that want more than their share: others do not notice.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::kit::{Host, ask, config, echo, host, is_well, peer, receive, send, try_send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_trickles_bytes_loses_its_stream() {
    let host = host().await;
    let mut slow = peer(&host).await;
    let mut stream = slow.stream().await;
    let frame = echo(1).to_string();
    let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
    stream.write_all(&length).await.unwrap();
    let mut ended = false;
    for byte in frame.as_bytes().iter().take(30) {
        if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
            ended = true;
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(ended, "a frame that takes longer than its time is given up");
    is_well(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_never_reads_loses_its_stream() {
    let host = host().await;
    let mut deaf = peer(&host).await;
    let mut stream = deaf.stream().await;
    let list = json!({"id": 1, "method": "tools/list"}).to_string();
    let asking = async {
        while try_send(&mut stream, list.as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let (cut, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(50), asking), is_well(&host));
    assert!(cut.is_ok(), "answers that nobody takes do not pile up for ever");
    is_well(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_streams_cost_their_peer_its_welcome() {
    let host = host().await;
    let mut greedy = peer(&host).await;
    let _first = greedy.stream().await;
    let mut held = Vec::new();
    let mut refused = false;
    for _ in 0..10_000 {
        match greedy.try_stream().await {
            Some(mut stream) => {
                if try_send(&mut stream, echo(1).to_string().as_bytes()).await.is_ok() {
                    held.push(stream);
                }
            }
            None => {
                refused = true;
                break;
            }
        }
    }
    assert!(refused, "{} streams were opened", held.len());
    is_well(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_at_once_come_at_their_rate() {
    let host = host().await;
    let mut loud = peer(&host).await;
    let stream = loud.stream().await;
    // The ids are all the same: each message has its answer, whatever it is called.
    let ping = json!({"id": 1, "method": "ping"}).to_string();
    let length = u32::try_from(ping.len()).unwrap().to_be_bytes();
    let flood: Vec<u8> = std::iter::repeat_n([&length, ping.as_bytes()].concat(), 10_000).flatten().collect();
    let (mut reader, mut writer) = stream.split();
    let start = std::time::Instant::now();
    let writing = tokio::spawn(async move {
        let _ends_with_the_test = writer.write_all(&flood).await;
        writer
    });
    is_well(&host).await;
    let mut answered = 0_u32;
    let mut head = [0; 4];
    while start.elapsed() < Duration::from_secs(4) {
        let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(5), reader.read_exact(&mut head)).await else {
            break;
        };
        let mut frame = vec![0; u32::from_be_bytes(head) as usize];
        reader.read_exact(&mut frame).await.unwrap();
        answered += 1;
    }
    let most = 400.0 + 200.0 * start.elapsed().as_secs_f64() + 1.0;
    assert!(answered >= 400 && f64::from(answered) <= most, "{answered} answers, at most {most}");
    is_well(&host).await;
    writing.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reconnecting_peer_keeps_its_used_quota() {
    let mut p2p = config();
    (p2p.limits.messages_per_second, p2p.limits.burst) = (1, 20);
    let host = Host::start(&p2p).await;
    let mut stranger = peer(&host).await;
    let mut stream = stranger.stream().await;
    let start = std::time::Instant::now();
    for id in 0..20 {
        ask(&mut stream, echo(id)).await;
    }
    drop(stream);
    let mut again = stranger.stream().await;
    for id in 20..24 {
        ask(&mut again, echo(id)).await;
    }
    assert!(start.elapsed() >= Duration::from_millis(2_900), "four more take a second each: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_gets_its_share_of_connections_and_noise_gets_nothing() {
    let mut p2p = config();
    (p2p.limits.accepts_per_second, p2p.limits.accept_burst) = (1, 6);
    let host = Host::start(&p2p).await;
    let socket = crate::kit::socket(&host.address());
    // Garbage in place of a handshake, and silence: both are dropped. They count like any connection.
    let mut garbage = TcpStream::connect(socket).await.unwrap();
    garbage.write_all(&[0x5a; 512]).await.unwrap();
    let mut end = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), garbage.read_to_end(&mut end)).await;
    assert!(closed.is_ok(), "noise is not listened to");
    let mut let_in = 0;
    let mut peers = Vec::new();
    for _ in 0..12 {
        let mut peer = peer(&host).await;
        let_in += u32::from(peer.try_stream().await.is_some());
        peers.push(peer);
    }
    assert!((1..=9).contains(&let_in), "{let_in} of 12 connections of one address came in");
    // After a rest there is room again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    is_well(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_makes_room_for_another_of_its_address() {
    let mut p2p = config();
    (p2p.limits.accepts_per_second, p2p.limits.accept_burst) = (1_000, 1_000);
    p2p.limits.connections_per_address = 2;
    let host = Host::start(&p2p).await;
    let (mut first, mut second) = (peer(&host).await, peer(&host).await);
    let _held = (first.stream().await, second.stream().await);
    assert!(peer(&host).await.try_stream().await.is_none(), "the address has what it may have");
    drop(first);
    let room = async { while peer(&host).await.try_stream().await.is_none() {} };
    assert!(tokio::time::timeout(Duration::from_secs(60), room).await.is_ok(), "a place is never given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_streams_are_bounded_as_configured() {
    let mut p2p = config();
    (p2p.limits.in_flight, p2p.limits.streams) = (2, 1);
    let host = Host::start(&p2p).await;
    let mut stranger = peer(&host).await;
    let mut stream = stranger.stream().await;
    for id in 0..2 {
        let slow = json!({"id": id, "method": "tools/call", "params": {"name": "slow"}});
        send(&mut stream, slow.to_string().as_bytes()).await;
    }
    let refused = ask(&mut stream, echo(3)).await;
    assert_eq!(refused["error"]["data"]["reason"], "limit_exceeded", "{refused}");
    let mut second = stranger.stream().await;
    let sent = try_send(&mut second, echo(4).to_string().as_bytes()).await;
    assert!(sent.is_err() || receive(&mut second).await.is_none(), "a second stream is not served");
}

/// A connection from an address of this machine that says nothing.
async fn silent(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Keeps a connection that says nothing open, and opens it again whenever it is closed.
async fn besiege(from: [u8; 4], to: SocketAddr, closed: Arc<AtomicU32>) {
    loop {
        let mut socket = silent(from, to).await;
        drop(socket.read_to_end(&mut Vec::new()).await);
        closed.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Newcomers come in at their first attempt while these addresses, with so many connections each, hold all places.
async fn newcomers_pass(from: impl Iterator<Item = [u8; 4]>, each: usize) {
    let host = host().await;
    let (socket, closed) = (crate::kit::socket(&host.address()), Arc::<AtomicU32>::default());
    let mut siege = tokio::task::JoinSet::new();
    for address in from {
        for _ in 0..each {
            siege.spawn(besiege(address, socket, Arc::clone(&closed)));
        }
    }
    // Well before a handshake's time is over, connections are closed: there is no place left.
    while closed.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..5 {
        is_well(&host).await;
    }
    siege.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_peer_connects_while_silent_peers_of_its_network_hold_all_handshake_slots() {
    newcomers_pass((2..18).map(|host| [127, 0, 0, host]), 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_peer_connects_while_silent_peers_of_31_networks_hold_all_handshake_slots() {
    newcomers_pass((1..32).map(|network| [127, 0, network, 1]), 2).await;
}
