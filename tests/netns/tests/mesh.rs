//! Hosts that have never met find each other.

use std::time::Instant;

use serde_json::json;
use tandem_harness::Options;
use tandem_netns::{Lab, Node};
use tempfile::TempDir;

use crate::support::{host, meshed, registry};

/// Hosts of a mesh.
const HOSTS: usize = 4;

pub(crate) async fn by_directory() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(HOSTS, 1)?, TempDir::new()?);
    let discovery = registry(&directory);
    let nodes = (0..HOSTS).map(|place| host(&lab, place, &["echo"], &discovery));
    let nodes = futures::future::try_join_all(nodes).await?;
    let start = Instant::now();
    meshed(&nodes).await?;
    Ok(format!("{HOSTS} hosts, all connected {:.1} s after the last was ready", start.elapsed().as_secs_f64()))
}

/// Every host listens on all of its addresses and on the same port, as the README has it: what each says of its own loopback
/// means the reader's own to the others.
pub(crate) async fn by_directory_on_every_address() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(HOSTS, 4)?, TempDir::new()?);
    let discovery = |place: usize| {
        // One of them announces its loopback too, as for hosts on its own machine.
        format!("private = true\nloopback = {}\n{}", place == 0, registry(&directory))
    };
    let hosts = (0..HOSTS).map(|place| {
        let options = Options::member(&["echo"], &[Node::LISTENS_EVERYWHERE], &discovery(place));
        let lab = &lab;
        async move { lab.host(place, options?).await }
    });
    let nodes = futures::future::try_join_all(hosts).await?;
    let start = Instant::now();
    let clients = meshed(&nodes).await?;
    let found = clients[1].structured("p2p_peer_discover", json!({"sources": ["file"]})).await?;
    assert_eq!(found["errors"], json!([]), "{found}");
    assert_eq!(found["by_source"]["file"], HOSTS - 1, "{found}");
    Ok(format!("{HOSTS} hosts, all connected {:.1} s after the last was ready", start.elapsed().as_secs_f64()))
}

/// Nobody is told of anybody: they are in one local network.
pub(crate) async fn by_mdns() -> anyhow::Result<String> {
    let lab = Lab::new(HOSTS, 3)?;
    let nodes = (0..HOSTS).map(|place| host(&lab, place, &["echo"], "file = false\nmdns = true"));
    let nodes = futures::future::try_join_all(nodes).await?;
    let start = Instant::now();
    let clients = meshed(&nodes).await?;
    let found = clients[0].structured("p2p_peer_discover", json!({"sources": ["mdns"]})).await?;
    assert!(found["by_source"]["mdns"].as_u64() > Some(0), "{found}");
    Ok(format!("{HOSTS} hosts, all connected {:.1} s after the last was ready", start.elapsed().as_secs_f64()))
}

pub(crate) async fn by_rendezvous() -> anyhow::Result<String> {
    let lab = Lab::new(HOSTS, 2)?;
    let point = host(&lab, 0, &["echo"], "file = false\nrendezvous-server = true").await?;
    let address = format!("{}/p2p/{}", Node::listens(0), point.peer_id().await?);
    let discovery = format!("file = false\nrendezvous = [\"{address}\"]");
    let others = futures::future::try_join_all((1..HOSTS).map(|place| host(&lab, place, &["echo"], &discovery)));
    let mut nodes = others.await?;
    let start = Instant::now();
    nodes.push(point);
    meshed(&nodes).await?;
    Ok(format!(
        "a point and {} hosts, all connected {:.1} s after the last was ready",
        HOSTS - 1,
        start.elapsed().as_secs_f64()
    ))
}
