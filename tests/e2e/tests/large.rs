//! Large requests and answers: whose threads read and write them.

use anyhow::Context;
use rmcp::model::ClientCapabilities;
use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, connect_modern, variant};

const CALLS: usize = 6;
/// Bytes of a text that is sent.
const SENT: usize = 3_500_000;
/// Bytes of a text that is answered.
const ANSWERED: usize = 3_500_000;

/// CPU time of the threads with this name, in milliseconds.
fn cpu_ms(host: &Host, name: &str) -> anyhow::Result<u64> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", host.pid().context("it has ended")?))?;
    let mut sum = 0;
    for task in tasks {
        let task = task?.path();
        // One may end meanwhile.
        let Ok(comm) = std::fs::read_to_string(task.join("comm")) else { continue };
        if comm.trim() == name {
            let stat = std::fs::read_to_string(task.join("schedstat"))?;
            sum += stat.split_whitespace().next().context("no time")?.parse::<u64>()? / 1_000_000;
        }
    }
    Ok(sum)
}

/// What asks, by which door.
enum Door {
    Rest(reqwest::Client),
    Mcp(Box<Client>),
}

impl Door {
    async fn call(&self, host: &Host, tool: &str, arguments: &Value) -> anyhow::Result<String> {
        Ok(match self {
            Self::Rest(http) => {
                let request = http.post(format!("{}/v1/tools/{tool}/call", host.url));
                request.json(&json!({"arguments": arguments})).send().await?.text().await?
            }
            Self::Mcp(client) => match client.call(tool, arguments.clone()).await {
                Ok(result) => serde_json::to_string(&result)?,
                Err(error) => error.to_string(),
            },
        })
    }
}

async fn doors(host: &Host) -> anyhow::Result<[(&'static str, Door); 3]> {
    let url = format!("{}/mcp/full", host.url);
    let modern = connect_modern(&url, None, ClientCapabilities::default()).await?;
    Ok([
        ("rest", Door::Rest(reqwest::Client::new())),
        ("session", Door::Mcp(Box::new(host.client("/mcp/full").await?))),
        ("modern", Door::Mcp(Box::new(modern))),
    ])
}

/// Calls a tool by each door: the threads that serve must have less to do for it than those for such work.
async fn attack(host: &Host, tool: &str, arguments: &Value, expected: &str, length: usize) -> anyhow::Result<()> {
    for (name, door) in doors(host).await? {
        let threads = || Ok::<_, anyhow::Error>((cpu_ms(host, "general")?, cpu_ms(host, "work")?));
        let before = threads()?;
        for _ in 0..CALLS {
            let answer = door.call(host, tool, arguments).await?;
            assert!(answer.contains(expected) && answer.len() > length, "{name}: {answer:.300}");
        }
        let after = threads()?;
        let (general, work) = (after.0 - before.0, after.1 - before.1);
        assert!(general < work, "{tool} by {name}: {general} ms on the threads that serve, {work} ms apart");
    }
    Ok(())
}

#[tokio::test]
async fn large_arguments_are_read_apart_from_the_threads_that_serve() -> anyhow::Result<()> {
    let host = Options::with(&["echo"])?.start().await?;
    // They do not fit: no guest has to do with them.
    attack(&host, "add", &json!({"a": "x".repeat(SENT), "b": 1}), "invalid", 50).await?;
    let objects = vec![json!({"": 0}); 100_000];
    attack(&host, "add", &json!({"a": objects, "b": 1}), "invalid", 50).await
}

#[tokio::test]
async fn large_answers_are_written_apart_from_the_threads_that_serve() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let plugin = directory.path().join("big-output.wasm");
    let larger = "5MiB".parse()?;
    variant("big-output", &plugin, |manifest, _| manifest.limits.output = larger)?;
    let host = Options::default().file(plugin).start().await?;
    attack(&host, "big_text", &json!({"bytes": ANSWERED}), "xxxx", ANSWERED).await?;
    attack(&host, "big_structured", &json!({"bytes": ANSWERED}), "xxxx", ANSWERED).await
}
