//! What concerns the whole host is its operator's: other hosts have no such rights, whether there are tenants or not.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tandem_harness::{Host, NOWHERE, Options};
use tempfile::TempDir;

use crate::{
    mesh::{connected, discovery, member},
    policy::tandem,
};

/// The tools that take operator rights, each with arguments that the operator may give.
fn operator_tools() -> Vec<(&'static str, Value)> {
    vec![
        ("p2p_taskqueue_worker_stats", json!({})),
        ("p2p_taskqueue_announce", json!({})),
        ("p2p_peer_register", json!({})),
        ("p2p_peer_bootstrap", json!({"nodes": [NOWHERE], "timeout_s": 5})),
        ("p2p_bootstrap_from_file", json!({"path": "nodes.txt", "connect": true})),
        ("p2p_bootstrap_from_env", json!({"connect": false})),
        ("p2p_peer_cleanup", json!({"older_than_s": 0})),
        // It stops the queue, so it comes last.
        ("p2p_taskqueue_shutdown", json!({"drain_s": 0})),
    ]
}

/// The stranger calls each of them on the host, which refuses; then the operator does, and is answered.
async fn only_the_operator(host: &Host, stranger: &Host) -> anyhow::Result<()> {
    std::fs::write(host.directory.path().join("data/bootstrap/nodes.txt"), NOWHERE)?;
    let (mine, theirs) = (host.client("/mcp/full").await?, stranger.client("/mcp/full").await?);
    let peer = connected(&theirs, 1).await?[0]["peer_id"].as_str().unwrap_or_default().to_owned();
    let queued = |status: &Value| status["paused"] == false;
    for (tool, arguments) in operator_tools() {
        let call = ["peers", "call", &peer, tool, &arguments.to_string()];
        let output = tandem(stranger.directory.path(), &call).await?;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(!output.status.success() && said.contains("tandem:operate"), "{tool}: {said}");
        for told in ["refused", "Handshake", "connected"] {
            assert!(!said.contains(told), "{tool} tells what a dial came to: {said}");
        }
    }
    assert!(queued(&mine.structured("p2p_taskqueue_status", json!({})).await?), "no stranger stopped the queue");
    for (tool, arguments) in operator_tools() {
        mine.structured(tool, arguments).await.map_err(|error| error.context(tool))?;
    }
    assert!(!queued(&mine.structured("p2p_taskqueue_status", json!({})).await?));
    // What its description says takes the scope is in the list above.
    let known: BTreeSet<_> = operator_tools().into_iter().map(|(tool, _)| tool.to_owned()).collect();
    let listed = mine.peer().list_all_tools().await?;
    let described =
        listed.iter().filter(|tool| tool.description.as_deref().is_some_and(|text| text.contains("tandem:operate")));
    let described: BTreeSet<_> = described.map(|tool| tool.name.to_string()).collect();
    assert!(described.is_subset(&known), "{described:?} are not all in {known:?}");
    Ok(())
}

#[tokio::test]
async fn a_member_of_the_network_has_no_operator_rights() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let (host, other) = (member(&registry, &["echo"])?.start().await?, member(&registry, &[])?.start().await?);
    only_the_operator(&host, &other).await
}

#[tokio::test]
async fn a_stranger_has_no_operator_rights() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let open = || Options::open(&["echo"], &["/ip4/127.0.0.1/tcp/0"], &discovery(&registry));
    let (host, other) = (open()?.start().await?, open()?.start().await?);
    only_the_operator(&host, &other).await
}

#[tokio::test]
async fn a_host_is_not_open_to_everybody_beyond_loopback_unless_it_is_told_so() -> anyhow::Result<()> {
    let open = |listen: &str, more: &str| -> anyhow::Result<Options> {
        let config =
            format!("[p2p]\nlisten = ['{listen}']\nadmission = 'open'\n{more}\n[p2p.discovery]\nfile = false\n");
        Ok(Options::with(&[])?.mesh().config(&config))
    };
    let anywhere = "/ip4/0.0.0.0/tcp/0";
    let refused = open(anywhere, "")?.start().await.expect_err("nobody said so").to_string();
    for remedy in ["p2p.allow", "psk", "[tenants.NAME]", "127.0.0.1", "p2p.allow-unauthenticated = true"] {
        assert!(refused.contains(remedy), "{refused}");
    }
    let told = open(anywhere, "allow-unauthenticated = true")?.start().await?;
    told.logged("p2p.allow-unauthenticated").await?;
    open("/ip4/127.0.0.1/tcp/0", "")?.start().await?;
    open(anywhere, "[tenants.peers]\ncategories = []")?.start().await?;
    Ok(())
}
