//! A cable that is pulled: nothing says so, and TCP would not notice for a quarter of an hour.

use std::time::Instant;

use serde_json::json;
use tandem_netns::Lab;
use tempfile::TempDir;

use crate::support::{host, meshed, registry, until};

pub(crate) async fn dead_link() -> anyhow::Result<String> {
    let (lab, directory) = (Lab::new(2, 5)?, TempDir::new()?);
    let discovery = registry(&directory);
    let nodes = futures::future::try_join_all((0..2).map(|place| host(&lab, place, &["echo"], &discovery))).await?;
    let clients = meshed(&nodes).await?;
    let connected = |count: u64| move |answer: &serde_json::Value| answer["total"] == count;
    lab.switch().part(&[1]);
    let start = Instant::now();
    for client in &clients {
        until(client, "p2p_peer_list", json!({"state": "connected"}), connected(0)).await?;
    }
    let noticed = start.elapsed();
    lab.switch().heal();
    until(&clients[0], "p2p_peer_list", json!({"state": "connected"}), connected(1)).await?;
    Ok(format!(
        "noticed {:.0} s after the cut, back {:.0} s after it",
        noticed.as_secs_f64(),
        start.elapsed().as_secs_f64()
    ))
}
