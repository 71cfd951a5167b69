//! What a newcomer does first, by the README alone, from directories that know nothing of the checkout.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};
use tandem_harness::{Options, root};
use tokio::process::Command;

use crate::stdio::Pipe;

/// Where the README has its readers put their own checkout.
const PLACEHOLDER: &str = "/path/to/tandem";

/// The README's entry for clients that start their servers: exactly its command, and nothing in the environment.
fn entry() -> anyhow::Result<Command> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let blocks = readme.split("```json").skip(1).filter_map(|rest| rest.split("```").next());
    let entries = blocks.filter_map(|block| serde_json::from_str::<Value>(block).ok());
    let mut servers = entries.map(|entry| entry["mcpServers"]["tandem"].clone());
    let server = servers.find(|server| server.get("command").is_some()).context("the README has no such entry")?;
    let ours = |text: &Value| Some(text.as_str()?.replace(PLACEHOLDER, &root().display().to_string()));
    let mut command = Command::new(ours(&server["command"]).context("no command")?);
    command.args(server["args"].as_array().context("no arguments")?.iter().filter_map(ours)).env_clear();
    Ok(command)
}

/// The addresses at which a process has sockets of TCP and UDP.
fn ports(pid: u32) -> anyhow::Result<Vec<String>> {
    let links = std::fs::read_dir(format!("/proc/{pid}/fd"))?.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
    let inode = |link: std::path::PathBuf| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned());
    let sockets: BTreeSet<String> = links.filter_map(inode).collect();
    let mut ports = Vec::new();
    for kind in ["tcp", "tcp6", "udp", "udp6"] {
        let table = std::fs::read_to_string(format!("/proc/{pid}/net/{kind}")).unwrap_or_default();
        let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
        let own = rows.filter(|row| row.get(9).is_some_and(|inode| sockets.contains(*inode)));
        ports.extend(own.map(|row| format!("{kind} {}", row[1])));
    }
    Ok(ports)
}

/// On a first start the plugin may still be compiled beside the others, for as long as a slow machine takes.
async fn load_sample(host: &mut Pipe) -> anyhow::Result<Value> {
    let call = json!({"tool": "dataset_load", "arguments": {"path": "data/countries.csv", "limit": 1}});
    let call = json!({"name": "tools_dispatch", "arguments": call});
    let until = Instant::now() + Duration::from_secs(90);
    let mut result = host.ask("tools/call", call.clone()).await?;
    while result["structuredContent"]["error"]["retryable"] == true && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(500)).await;
        result = host.ask("tools/call", call.clone()).await?;
    }
    anyhow::ensure!(result["isError"] != true, "{result}");
    Ok(result["structuredContent"].clone())
}

fn names(directory: &Path) -> anyhow::Result<Vec<std::ffi::OsString>> {
    Ok(std::fs::read_dir(directory)?.filter_map(|entry| Some(entry.ok()?.file_name())).collect())
}

#[tokio::test]
async fn the_readmes_entry_works_from_any_directory_and_beside_another_child() -> anyhow::Result<()> {
    let mut command = entry()?;
    command.current_dir("/");
    let mut first = Pipe::start(command).await?;
    // A project whose author would like to say what the host serves.
    let project = tempfile::tempdir()?;
    std::fs::write(project.path().join("tandem.toml"), "plugins.directory = \"/nowhere\"\n")?;
    let mut command = entry()?;
    command.current_dir(project.path());
    let mut second = Pipe::start(command).await?;
    for host in [&mut first, &mut second] {
        let listed = host.ask("tools/list", json!({})).await?;
        let listed: Vec<&str> =
            listed["tools"].as_array().context("no tools")?.iter().filter_map(|t| t["name"].as_str()).collect();
        assert!(listed.contains(&"tools_dispatch") && listed.len() < 10, "{listed:?}");
        let loaded = load_sample(host).await?;
        assert_eq!(loaded["rows"].as_array().map(Vec::len), Some(1), "{loaded}");
        assert_eq!(ports(host.pid()?)?, Vec::<String>::new(), "it listens nowhere");
    }
    first.close().await?;
    second.close().await?;
    assert_eq!(names(project.path())?, ["tandem.toml"], "nothing was written there");
    Ok(())
}

#[tokio::test]
async fn a_child_joins_the_network_only_when_it_is_told_to() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    std::fs::create_dir(home.path().join("plugins"))?;
    std::fs::write(home.path().join("tandem.toml"), "[p2p]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\n")?;
    for (told, flags) in [(false, vec![]), (true, vec!["--p2p"]), (true, vec!["--set", "reactor.stdio=true"])] {
        let mut command = Command::new(tandem_harness::binary());
        command
            .args(["serve", "--stdio", "--config"])
            .arg(home.path().join("tandem.toml"))
            .args(&flags)
            .current_dir("/");
        let host = Pipe::start(command).await?;
        let mut found = ports(host.pid()?)?;
        // The thread of the network may begin after the first answer.
        for _ in 0..200 {
            if !told || !found.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            found = ports(host.pid()?)?;
        }
        assert_eq!(!found.is_empty(), told, "{flags:?}: {found:?}");
        host.close().await?;
    }
    let there: BTreeSet<_> = names(home.path())?.into_iter().collect();
    assert_eq!(
        there,
        BTreeSet::from(["data".into(), "plugins".into(), "tandem.toml".into()]),
        "beside the configuration"
    );
    Ok(())
}

/// What asking for tools of a network says to whoever has none. `ask` answers a call's result.
async fn without_network(mut ask: impl AsyncFnMut(&str, Value) -> anyhow::Result<Value>) -> anyhow::Result<()> {
    let asked = [
        ("tools_list_tools", json!({"category": "p2p_peer"})),
        ("tools_get_schema", json!({"tool": "p2p_peer_list"})),
        ("tools_dispatch", json!({"tool": "p2p_peer_list", "arguments": {}})),
    ];
    for (tool, arguments) in asked {
        let refused = ask(tool, arguments).await?;
        let error = &refused["structuredContent"]["error"];
        assert!(error["code"] == "not_found" && error["retryable"] == false, "{tool}: {refused}");
        let said = error["message"].as_str().unwrap_or_default();
        assert!(said.contains("--p2p") && said.contains("reactor.enabled"), "{tool}: {refused}");
    }
    let found = ask("tools_search", json!({"query": "list connected peers"})).await?;
    assert!(!found["structuredContent"]["tools"].to_string().contains("p2p_"), "{found}");
    assert!(found["structuredContent"]["note"].as_str().is_some_and(|note| note.contains("--p2p")), "{found}");
    let found = ask("tools_search", json!({"query": "add two numbers"})).await?;
    assert!(found["structuredContent"].get("note").is_none(), "{found}");
    let all = ask("tools_list_categories", json!({})).await?;
    assert!(!all.to_string().contains("p2p_peer"), "{all}");
    Ok(())
}

#[tokio::test]
async fn without_a_network_its_tools_are_not_there_and_whoever_asks_is_told_why() -> anyhow::Result<()> {
    let host = Options::with(&["echo", "p2p-peers"])?.start().await?;
    let client = host.client("/mcp").await?;
    without_network(async |tool, arguments| Ok(serde_json::to_value(client.call(tool, arguments).await?)?)).await?;
    let full = host.client("/mcp/full").await?;
    assert!(!full.tools().await?.iter().any(|name| name.starts_with("p2p_")));
    let refused = full.call("p2p_peer_list", json!({})).await.err().context("it was called")?;
    assert!(refused.to_string().contains("--p2p"), "{refused}");
    let status = reqwest::get(format!("{}/mcp/p2p_peer", host.url)).await?.status();
    assert_eq!(status, 404);
    // A client's child, with and without.
    let directory = host.directory.path();
    let (trust, kept) = (root().join("keys/*.pub"), root().join("target/test-compiled"));
    for told in [false, true] {
        let mut command = Command::new(tandem_harness::binary());
        command
            .args(["serve", "--stdio", "--set", "p2p.listen=[]", "--config"])
            .arg(directory.join("tandem.toml"))
            .args(told.then_some("--p2p"))
            .env("TANDEM_PLUGINS__TRUST_ROOTS", &trust)
            .env("TANDEM_PLUGINS__COMPILED_DIRECTORY", &kept)
            .env("TANDEM_PLUGINS__DATA_DIRECTORY", directory.join("other"));
        let mut child = Pipe::start(command).await?;
        match told {
            false => {
                without_network(async |tool, arguments| {
                    child.ask("tools/call", json!({"name": tool, "arguments": arguments})).await
                })
                .await?;
            }
            true => {
                let list = json!({"name": "tools_list_tools", "arguments": {"category": "p2p_peer"}});
                let listed = child.ask("tools/call", list).await?;
                assert!(listed.to_string().contains("p2p_peer_list"), "{listed}");
            }
        }
        child.close().await?;
    }
    Ok(())
}
