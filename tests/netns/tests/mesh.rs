//! Hosts that have never met find each other.

use std::time::Instant;

use serde_json::json;
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
