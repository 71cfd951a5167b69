//! Outgoing bodies that the SDK sends while they are made.

use std::sync::Arc;

use serde_json::{Value, json};
use tandem_harness::text;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Notify, mpsc},
};

use crate::{
    outgoing::{fetchers, head, server, url},
    ports::{PLAIN, close, part},
};

const PART: usize = 64 << 10;
/// More than the plugin's memory, 32 MiB, holds.
const TIMES: usize = 640;

/// Reads a chunked body, and answers its length; none when it broke off. `some` is told of each part.
async fn chunked(stream: &mut TcpStream, some: &Notify) -> Option<usize> {
    let mut whole = 0;
    loop {
        let length = usize::from_str_radix(line(stream).await?.trim(), 16).ok()?;
        stream.read_exact(&mut vec![0; length]).await.ok()?;
        line(stream).await?;
        if length == 0 {
            return Some(whole);
        }
        whole += length;
        some.notify_one();
    }
}

async fn line(stream: &mut TcpStream) -> Option<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&line).into_owned())
}

#[tokio::test]
async fn a_body_is_sent_while_it_is_made_and_never_held() -> anyhow::Result<()> {
    let _port = PLAIN.lock().await;
    let (_host, client, _) = fetchers("").await?;
    let some = Arc::new(Notify::new());
    let (lengths, mut seen) = mpsc::channel(16);
    let server = server(move |_, mut stream| {
        let (some, lengths) = (some.clone(), lengths.clone());
        async move {
            // One that is left at once may have nothing of its request on the wire.
            let Some(head) = head(&mut stream).await else {
                let _told = lengths.send(None).await;
                return;
            };
            let body = match head.split(' ').nth(1) {
                // Answered when the server has some of a body.
                Some("/some") => {
                    some.notified().await;
                    "some".to_owned()
                }
                // Answered before the body is there.
                Some("/full") => "full".to_owned(),
                // Neither read nor answered.
                Some("/never") => std::future::pending().await,
                _ => {
                    let length = chunked(&mut stream, &some).await;
                    let _told = lengths.send(length).await;
                    format!("{length:?}")
                }
            };
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _sent = stream.write_all(answer.as_bytes()).await;
            part(stream).await;
        }
    })
    .await?;
    let upload = async |path: &str, more: Value| {
        let mut arguments = json!({ "url": format!("{}{path}", url()), "part": "x".repeat(PART), "times": TIMES });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.call("fetch_upload", arguments).await.map(|answer| text(&answer))
    };
    let made = upload("", json!({ "ask": format!("{}some", url()) })).await?;
    assert!(made.contains(&format!("Some({})", TIMES * PART)), "{made}");
    assert_eq!(seen.recv().await, Some(Some(TIMES * PART)));
    let made = upload("full", json!({})).await?;
    assert!(made.contains("full"), "an early answer is heard: {made}");
    let made = upload("never", json!({ "timeout_ms": 300 })).await?;
    assert!(made.contains("had no answer after 300ms"), "{made}");
    let made = upload("", json!({ "times": 2, "leave": true })).await?;
    assert!(made.contains("cancelled"), "{made}");
    assert_eq!(seen.recv().await, Some(None), "what was left is not whole");
    close(server).await;
    Ok(())
}
