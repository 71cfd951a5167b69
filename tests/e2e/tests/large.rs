//! Large requests and answers: whose threads read and write them.

use rmcp::model::ClientCapabilities;
use serde_json::{Value, json};
use tandem_harness::{Client, Host, Options, connect_modern, text, variant};

const CALLS: usize = 6;
/// Bytes of a text that is sent.
const SENT: usize = 3_500_000;
/// Bytes of a text that is answered.
const ANSWERED: usize = 3_500_000;

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
        let before = threads(host)?;
        for _ in 0..CALLS {
            let answer = door.call(host, tool, arguments).await?;
            assert!(answer.contains(expected) && answer.len() > length, "{name}: {answer:.300}");
        }
        let [general, work] = since(host, before)?;
        assert!(general < work, "{tool} by {name}: {general} ms on the threads that serve, {work} ms apart");
    }
    Ok(())
}

/// Of the threads that serve, and those for work.
fn threads(host: &Host) -> anyhow::Result<[u64; 2]> {
    Ok([host.thread_cpu_ms("general")?, host.thread_cpu_ms("work")?])
}

fn since(host: &Host, before: [u64; 2]) -> anyhow::Result<[u64; 2]> {
    let [general, work] = threads(host)?;
    Ok([general - before[0], work - before[1]])
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
    let whole = "[results]\ninline-limit = '8MiB'";
    let host = Options::default().file(plugin).config(whole).start().await?;
    attack(&host, "big_text", &json!({"bytes": ANSWERED}), "xxxx", ANSWERED).await?;
    attack(&host, "big_structured", &json!({"bytes": ANSWERED}), "xxxx", ANSWERED).await
}

#[tokio::test]
async fn what_a_tool_gives_to_another_is_read_apart_from_the_threads_that_serve() -> anyhow::Result<()> {
    let host = Options::with(&["caller", "echo"])?.start().await?;
    let client = host.client("/mcp/full").await?;
    let arguments = json!({"tool": "echo", "arguments": {"text": "x".repeat(400_000)}, "times": 20});
    let before = threads(&host)?;
    let result = client.call("call_often", arguments).await?;
    assert!(text(&result).contains("20"), "{result:?}");
    let [general, work] = since(&host, before)?;
    assert!(general < work, "{general} ms on the threads that serve, {work} ms apart");
    Ok(())
}
