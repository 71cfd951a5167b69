//! What an operator writes below `[p2p]` reaches the host that runs. `p2p.tenants` is in `mesh`, `p2p.task-queue` in `results`.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tandem_harness::{Client, Host, Options};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    mesh::{discovery, until},
    policy::{read_again, tandem},
};

/// A host of the tests' network that listens there, with `more` of the section.
async fn host(registry: &TempDir, listen: &[&str], more: &str) -> anyhow::Result<(Host, Client)> {
    let host = Options::member(&[], listen, &discovery(registry))?.config(more).start().await?;
    let client = host.client("/mcp/full").await?;
    Ok((host, client))
}

async fn connect(client: &Client) -> anyhow::Result<Value> {
    client.structured("p2p_peer_bootstrap", json!({"timeout_s": 5})).await
}

#[tokio::test]
async fn one_address_has_no_more_connections_than_the_operator_allows() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let one = "[p2p.limits]\nconnections-per-address = 1";
    let (narrow, client) = host(&registry, &["/ip4/127.0.0.1/tcp/0"], one).await?;
    // The others listen nowhere: they dial, and nobody dials them.
    let (first, other) = host(&registry, &[], "").await?;
    until(&other, "p2p_peer_list", json!({}), |answer| answer["total"] == 1).await?;
    let (second, late) = host(&registry, &[], "").await?;
    until(&late, "p2p_peer_list", json!({"state": "known"}), |answer| answer["total"] != 0).await?;
    let tried = connect(&late).await?;
    assert_eq!((&tried["connected"], &tried["ready"]), (&json!(0), &json!(false)), "{tried}");
    assert_eq!(client.structured("p2p_peer_list", json!({})).await?["total"], 1);
    drop((narrow, first, second));
    Ok(())
}

#[tokio::test]
async fn the_operators_page_tells_the_hosts_address() -> anyhow::Result<()> {
    let page = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = page.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = page.accept().await {
            let _read = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n203.0.113.7";
            let _sent = stream.write_all(answer).await;
            crate::ports::part(stream).await;
        }
    });
    let registry = TempDir::new()?;
    let nat = format!("[p2p.nat]\nip-urls = [\"http://{address}/ip\"]");
    let (_host, client) = host(&registry, &[], &nat).await?;
    let seen = client.structured("p2p_peer_get_public_ip", json!({"methods": ["http"]})).await?;
    let found = &seen["addresses"][0];
    assert_eq!((&found["ip"], &found["method"]), (&json!("203.0.113.7"), &json!("http")), "{seen}");
    Ok(())
}

/// Changes a host's configuration while it runs, and waits until it counts.
pub(crate) async fn hang_up(host: &Host, from: &str, to: &str) -> anyhow::Result<()> {
    let file = host.directory.path().join("tandem.toml");
    let text = std::fs::read_to_string(&file)?;
    anyhow::ensure!(text.contains(from), "`{from}` is not in {text}");
    std::fs::write(file, text.replace(from, to))?;
    let line = read_again(host).await?;
    anyhow::ensure!(line.contains("exchanged"), "{line}");
    Ok(())
}

/// Calls a tool of a peer as the operator of a host; whether it went well, and what was printed.
async fn call(host: &Host, peer: &str) -> anyhow::Result<(bool, String)> {
    let output = tandem(host.directory.path(), &["peers", "call", peer, "who_am_i"]).await?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok((output.status.success(), text))
}

#[tokio::test]
async fn a_host_calls_another_one_as_the_tenant_whose_key_it_shows() -> anyhow::Result<()> {
    let (registry, listen) = (TempDir::new()?, ["/ip4/127.0.0.1/tcp/0"]);
    // `tandem key issue` makes such a key; what a host keeps of it is its hash.
    let (key, hash) = (registry.path().join("key.txt"), hex::encode(Sha256::digest("tdm_of_acme")));
    std::fs::write(&key, "tdm_of_acme")?;
    let there = Options::member(&["who"], &listen, &discovery(&registry))?
        .config("[tenants.acme]\nkeys = [\"${env:ACME}\"]")
        .env("ACME", &hash)
        .start()
        .await?;
    let listening = there.logged("listening for peers").await?;
    let id = listening["peer"].as_str().unwrap_or_default();
    let (here, client) = host(&registry, &listen, "[p2p.tokens]").await?;
    until(&client, "p2p_peer_list", json!({}), |answer| answer["total"] == 1).await?;
    let (well, text) = call(&here, id).await?;
    assert!(!well && text.contains("unknown tool"), "who shows nothing is of a tenant without tools: {text}");
    let shown = format!("[p2p.tokens]\n\"{id}\" = \"${{file:{}}}\"", key.display());
    hang_up(&here, "[p2p.tokens]", &shown).await?;
    let (well, text) = call(&here, id).await?;
    assert!(well && text.contains("\"tenant\": \"acme\""), "{text}");
    std::fs::write(&key, "tdm_of_nobody")?;
    hang_up(&here, "", "").await?;
    let (well, text) = call(&here, id).await?;
    assert!(!well && text.contains("API key"), "a key that changed is shown as it is now: {text}");
    hang_up(&here, &shown, "[p2p.tokens]").await?;
    hang_up(&there, "admission = \"psk\"", "admission = \"psk\"\nrequire-token = true").await?;
    let (well, text) = call(&here, id).await?;
    assert!(!well && text.contains("show an API key or token"), "{text}");

    let acme = there.client_as("/mcp/full", "tdm_of_acme").await?;
    let urgent = json!({"tool": "who_am_i", "arguments": {}, "priority": 9});
    acme.structured("p2p_taskqueue_submit", urgent.clone()).await?;
    hang_up(&there, "[tenants.acme]", "[tenants.acme]\nmax-priority = 3").await?;
    let refused = acme.call("p2p_taskqueue_submit", urgent).await?;
    assert!(refused.is_error == Some(true) && tandem_harness::text(&refused).contains("max-priority"), "{refused:?}");
    let usual = json!({"tool": "who_am_i", "arguments": {}});
    let usual = acme.structured("p2p_taskqueue_submit", usual).await?["task_id"].clone();
    let task = acme.structured("p2p_taskqueue_task_status", json!({"task_id": usual})).await?;
    assert_eq!(task["priority"], 3, "{task}");
    Ok(())
}

#[tokio::test]
async fn a_host_that_gives_nobody_a_token_does_not_ask_for_one() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let member = Options::member(&[], &[], &discovery(&registry))?;
    let refused = member.args(&["--set", "p2p.require-token=true"]).start().await.unwrap_err().to_string();
    for part in ["p2p.require-token", "tandem key issue"] {
        assert!(refused.contains(part), "{refused}");
    }
    let (running, _client) = host(&registry, &[], "").await?;
    let asking = "admission = \"psk\"\nrequire-token = true";
    let refused = hang_up(&running, "admission = \"psk\"", asking).await.unwrap_err().to_string();
    assert!(refused.contains("the old one stays") && refused.contains("p2p.require-token"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn the_last_key_that_is_revoked_is_taken_no_more_where_peers_must_show_one() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let host = Options::member(&[], &[], &discovery(&registry))?
        .config("[tenants.acme]\nkeys = [\"${file:{home}/acme}\"]")
        .write("acme", &hex::encode(Sha256::digest("tdm_of_acme")))
        .args(&["--set", "p2p.require-token=true"])
        .start()
        .await?;
    let operate = async |command: &[&str]| {
        let output = tandem(host.directory.path(), command).await?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        anyhow::Ok(String::from_utf8(output.stdout)?)
    };
    let key = operate(&["keys", "issue", "--tenant", "acme", "--name", "laptop"]).await?;
    let given = format!("keys = [\"${{file:{}/acme}}\"]", host.directory.path().display());
    hang_up(&host, &given, "").await?;
    host.client_as("/mcp/full", key.trim()).await?;
    operate(&["keys", "revoke", "--tenant", "acme", "laptop"]).await?;
    for _ in 0..200 {
        if host.client_as("/mcp/full", key.trim()).await.is_err() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    anyhow::bail!("the key is taken still")
}

#[tokio::test]
async fn a_tenant_has_as_many_tasks_as_the_operator_says() -> anyhow::Result<()> {
    let registry = TempDir::new()?;
    let caps = "[tasks]\nended-per-tenant = 3\nstored-per-tenant = 5\nbytes-per-tenant = \"1MiB\"\n\
                [p2p.task-queue]\ncapacity = 2\nworkers = 5";
    let options = Options::member(&["echo"], &["/ip4/127.0.0.1/tcp/0"], &discovery(&registry))?;
    let host = options.config(caps).start().await?;
    let client = host.client("/mcp/full").await?;
    // It waits for a host that never comes.
    let nobody = "12D3KooWHK9BjDQBUqnavciRPhAYFvqKBe4ZiPPvde7vDaqgn5er";
    let task = |text: &str| json!({"tool": "echo", "arguments": {"text": text}, "target_peer": nobody});
    let refused = async |text: &str, why: &str| {
        let answer = client.call("p2p_taskqueue_submit", task(text)).await?;
        let said = format!("{:?} {:?}", answer.content, answer.meta);
        anyhow::ensure!(answer.is_error == Some(true) && said.contains(why), "`{why}` is not in {said}");
        Ok(())
    };
    let mut ids = Vec::new();
    // What runs is neither queued nor ended, and is stored.
    for _ in 0..5 {
        let long = json!({"tool": "sleep_ms", "arguments": {"ms": 30_000}});
        let id = client.structured("p2p_taskqueue_submit", long).await?["task_id"].clone();
        let asked = json!({"task_id": id});
        until(&client, "p2p_taskqueue_task_status", asked, |task| task["state"] == "running").await?;
        ids.push(id);
    }
    refused("t", "5 stored tasks").await?;
    for id in ids.drain(..) {
        client.structured("p2p_taskqueue_cancel", json!({"task_id": id})).await?;
    }
    until(&client, "p2p_taskqueue_list_tasks", json!({}), |page| page["total"].as_u64() <= Some(3)).await?;
    // What is cancelled has ended. Only what was dropped makes room for more than five.
    for _ in 0..3 {
        for _ in 0..2 {
            let answer = client.structured("p2p_taskqueue_submit", task("t")).await?;
            ids.push(answer["task_id"].clone());
        }
        refused("t", "2 queued tasks").await?;
        for id in ids.iter().rev().take(2) {
            client.structured("p2p_taskqueue_cancel", json!({"task_id": id})).await?;
        }
        until(&client, "p2p_taskqueue_list_tasks", json!({}), |page| page["total"].as_u64() <= Some(3)).await?;
    }
    let oldest = client.call("p2p_taskqueue_task_status", json!({"task_id": ids[0]})).await?;
    assert_eq!(oldest.is_error, Some(true), "the oldest goes first: {oldest:?}");
    let long = "x".repeat(600_000);
    client.structured("p2p_taskqueue_submit", task(&long)).await?;
    refused(&long, "bytes of stored tasks").await
}
