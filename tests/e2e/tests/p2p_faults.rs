//! What keeps hosts from finding each other is said: in the log, by `tandem doctor`, by commands.

use anyhow::Context as _;
use serde_json::{Value, json};
use tandem_harness::{Host, Options};
use tempfile::TempDir;

use crate::{
    mesh::{discovery, host, member, until},
    p2p_config::hang_up,
    policy::tandem,
};

const LOOPBACK: [&str; 1] = ["/ip4/127.0.0.1/tcp/0"];

/// Where a host listens for peers, and who it is.
async fn listening(host: &Host) -> anyhow::Result<(String, String)> {
    let line = host.logged("listening for peers").await?;
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    Ok((text("address"), text("peer")))
}

/// Waits for a line that may take as long as a handshake that nobody answers, and a round of discovery before it.
async fn logged(host: &Host, text: &str) -> anyhow::Result<Value> {
    for _ in 0..12 {
        if let Ok(line) = host.logged(text).await {
            return Ok(line);
        }
    }
    host.logged(text).await
}

async fn doctor(host: &Host) -> anyhow::Result<String> {
    let output = tandem(host.directory.path(), &["doctor", "--url", &host.url]).await?;
    Ok([output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat())
}

#[tokio::test]
async fn sighup_changes_which_peers_may_connect() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let closed = Options::closed(&[], &LOOPBACK, &discovery(&registry))?.start().await?;
    let open = Options::open(&[], &LOOPBACK, &discovery(&registry))?.start().await?;
    let (mine, theirs) = (closed.client("/mcp/full").await?, open.client("/mcp/full").await?);
    let (_, peer) = listening(&open).await?;
    logged(&closed, "it is not in p2p.allow").await?;
    let connected = json!({"state": "connected"});
    let nobody = mine.structured("p2p_peer_list", connected.clone()).await?;
    assert_eq!(nobody["total"], 0, "{nobody}");
    let allowed = format!("allow = [\"{peer}\"]");
    hang_up(&closed, "allow = []", &allowed).await?;
    until(&mine, "p2p_peer_list", connected.clone(), |answer| answer["total"] == 1).await?;
    until(&theirs, "p2p_peer_list", connected.clone(), |answer| answer["total"] == 1).await?;
    hang_up(&closed, &allowed, "allow = []").await?;
    until(&mine, "p2p_peer_list", connected.clone(), |answer| answer["total"] == 0).await?;
    until(&theirs, "p2p_peer_list", connected, |answer| answer["total"] == 0).await?;
    Ok(())
}

#[tokio::test]
async fn another_network_key_is_said_on_both_sides() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let one = host(&registry, &[]).await?;
    let other = member(&registry, &[])?.env("TEST_SWARM_KEY", &"a5".repeat(32)).start().await?;
    for host in [&one, &other] {
        let line = logged(host, "handshake with a peer failed").await?;
        assert!(line["remedy"].as_str().is_some_and(|remedy| remedy.contains("p2p.psk")), "{line}");
        let text = doctor(host).await?;
        assert!(text.contains("handshakes failed") && text.contains("p2p.psk"), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_logged_and_shown() -> anyhow::Result<()> {
    // A file is not a directory, whoever one is.
    let discovery = "directory = \"{home}/tandem.toml/peers\"\nloopback = true";
    let host = Options::member(&[], &LOOPBACK, discovery)?.start().await?;
    let line = host.logged("peer discovery source failed").await?;
    let error = line["error"].as_str().unwrap_or_default();
    assert!(line["source"] == "registry" && error.contains("tandem.toml/peers"), "{line}");
    let text = doctor(&host).await?;
    assert!(text.contains("tandem.toml/peers") && !text.contains("all is well"), "{text}");
    Ok(())
}

/// The last word of a host that does not start, which must not have been a panic or a signal.
async fn refused(listen: &[&str]) -> anyhow::Result<String> {
    let registry = TempDir::new()?;
    let started = Options::closed(&[], listen, &discovery(&registry))?.start().await;
    let error = started.err().context("it started")?.to_string();
    anyhow::ensure!(error.starts_with("the host ended with exit status: 1"), "{error}");
    Ok(error)
}

#[tokio::test]
async fn a_host_whose_p2p_port_is_taken_does_not_start() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    for transport in ["tcp/0", "udp/0/quic-v1"] {
        // Each way round: the address of all interfaces takes it from the one of loopback too.
        for (ip, others) in [("127.0.0.1", ["127.0.0.1", "0.0.0.0"]), ("0.0.0.0", ["0.0.0.0", "127.0.0.1"])] {
            let listen = format!("/ip4/{ip}/{transport}");
            let first = Options::closed(&[], &[&listen], &discovery(&registry))?.start().await?;
            let (address, _) = listening(&first).await?;
            for other in others {
                let port = address.split('/').nth(4).context("no port")?;
                let wanted = format!("/ip4/{other}/{}", transport.replace('0', port));
                let error = refused(&["/ip4/127.0.0.1/tcp/0", &wanted]).await?;
                let said = format!("error: p2p network failed to start: listen on {wanted}: ");
                assert!(
                    error.contains(&said) && error.contains("in use") && error.contains("set p2p.listen"),
                    "{error}"
                );
            }
            assert!(first.stop().await?);
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_peer_id_is_refused_by_every_command() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = host(&registry, &[]).await?;
    for wrong in ["12D3nonsense", "12D3KooW", "me", "QmNonsense"] {
        for command in [vec!["block", wrong], vec!["unblock", wrong], vec!["tools", wrong], vec!["call", wrong, "add"]]
        {
            let output = tandem(host.directory.path(), &[&["peers"], command.as_slice()].concat()).await?;
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && text.contains("is not a peer id"), "{command:?}: {text}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_doctor_knows_a_paused_and_a_stopped_queue_and_what_ends_that() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = host(&registry, &["echo"]).await?;
    let run = async |command: &[&str]| tandem(host.directory.path(), command).await;
    let text = doctor(&host).await?;
    assert!(text.contains("none for over a minute") && !text.contains("tandem task resume"), "{text}");
    assert!(run(&["tasks", "pause"]).await?.status.success());
    let text = doctor(&host).await?;
    assert!(text.contains("paused") && text.contains("tandem task resume"), "{text}");
    assert!(run(&["tasks", "resume"]).await?.status.success());
    host.client("/mcp/full").await?.structured("p2p_taskqueue_shutdown", json!({"drain_s": 0})).await?;
    let text = doctor(&host).await?;
    assert!(text.contains("p2p_taskqueue_shutdown") && text.contains("tandem task resume"), "{text}");
    assert!(run(&["tasks", "resume"]).await?.status.success());
    assert!(!doctor(&host).await?.contains("tandem task resume"));
    Ok(())
}
