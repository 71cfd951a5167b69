//! Peers that want more than their share: others do not notice.

use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::kit::{Host, ask, config, echo, host, is_well, peer, receive, send, try_send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_a_byte_now_and_then_loses_the_stream() {
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
async fn who_never_reads_is_cut_off() {
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
async fn who_comes_back_does_not_start_anew() {
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
    let mut garbage = tokio::net::TcpStream::connect(socket).await.unwrap();
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
