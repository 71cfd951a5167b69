//! The host as a child process: standard input speaks for one tenant of the configuration.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use serde_json::{Value, json};
use tandem_harness::{binary, plugin, root};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// A host whose client is this test.
pub(crate) struct Pipe {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Pipe {
    /// A host in `home` with these plugins, and its defaults where no `tandem.toml` is there.
    pub(crate) async fn with(home: &Path, plugins: &[&str], arguments: &[&str]) -> anyhow::Result<Self> {
        std::fs::create_dir(home.join("plugins"))?;
        for name in plugins {
            std::fs::copy(plugin(name)?, home.join(format!("plugins/{name}.wasm")))?;
        }
        if !home.join("tandem.toml").exists() {
            std::fs::write(home.join("tandem.toml"), "")?;
        }
        Self::open(home, arguments).await
    }

    pub(crate) async fn open(home: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(binary());
        command
            .args(["serve", "--stdio", "--exposure", "full", "--config", "tandem.toml"])
            .args(arguments)
            .current_dir(home)
            .env("TANDEM_PLUGINS__TRUST_ROOTS", root().join("keys/*.pub"))
            .env("TANDEM_PLUGINS__COMPILED_DIRECTORY", root().join("target/test-compiled"));
        Self::start(command).await
    }

    /// The host that a command is.
    pub(crate) async fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let input = child.stdin.take().context("piped")?;
        let output = BufReader::new(child.stdout.take().context("piped")?).lines();
        let mut pipe = Self { child, input, output };
        let hello =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        pipe.ask("initialize", hello).await?;
        pipe.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        Ok(pipe)
    }

    pub(crate) async fn send(&mut self, message: Value) -> anyhow::Result<()> {
        self.write(format!("{message}\n").as_bytes()).await
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.input.write_all(bytes).await?)
    }

    /// The next message, whatever it is.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Value> {
        let line = tokio::time::timeout(Duration::from_secs(60), self.output.next_line()).await;
        Ok(serde_json::from_str(&line.context("nothing is answered")??.context("it ended")?)?)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("it has ended")
    }

    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.send(json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await?;
        loop {
            let line = self.output.next_line().await?.context("it ended without an answer")?;
            let mut message: Value = serde_json::from_str(&line)?;
            if message["id"] == 1 {
                anyhow::ensure!(message.get("error").is_none(), "{message}");
                return Ok(message["result"].take());
            }
        }
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let result = self.ask("tools/call", json!({"name": tool, "arguments": arguments})).await?;
        anyhow::ensure!(result["isError"] != json!(true), "{result}");
        Ok(result["structuredContent"]["result"].clone())
    }

    /// As a client that ends: its end of the pipe is closed.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        drop(self.input);
        self.child.wait().await?;
        Ok(())
    }
}

#[tokio::test]
async fn standard_input_speaks_for_the_tenant_that_the_configuration_names() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    std::fs::create_dir(home.path().join("plugins"))?;
    for guest in ["kv-user", "who"] {
        std::fs::copy(plugin(guest)?, home.path().join(format!("plugins/{guest}.wasm")))?;
    }
    std::fs::write(
        home.path().join("tandem.toml"),
        "server.stdio-tenant = \"acme\"\n[tenants.acme]\n[tenants.other]\n",
    )?;
    let mut acme = Pipe::open(home.path(), &[]).await?;
    let who = acme.ask("tools/call", json!({"name": "who_am_i", "arguments": {"claim": "other"}})).await?;
    assert_eq!(who["structuredContent"], json!({"tenant": "acme", "subject": "stdio"}), "{who}");
    acme.call("kv_set", json!({"key": "k", "value": "of acme"})).await?;
    acme.close().await?;
    let mut other = Pipe::open(home.path(), &["--set", "server.stdio-tenant=other"]).await?;
    assert_eq!(other.call("kv_get", json!({"key": "k"})).await?, Value::Null, "it has its own");
    other.call("kv_set", json!({"key": "k", "value": "of other"})).await?;
    other.close().await?;
    let mut acme = Pipe::open(home.path(), &[]).await?;
    assert_eq!(acme.call("kv_get", json!({"key": "k"})).await?, "of acme");
    acme.close().await?;
    assert!(
        Pipe::open(home.path(), &["--set", "server.stdio-tenant=nobody"]).await.is_err(),
        "there is no such tenant"
    );
    Ok(())
}

/// What the commands of a shell send ends where their output ends, not with a line's end.
#[tokio::test]
async fn the_last_request_is_answered_without_the_end_of_its_line() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let mut pipe = Pipe::with(home.path(), &["echo"], &[]).await?;
    let call = json!({"name": "add", "arguments": {"a": 1, "b": 2}});
    let request = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call});
    pipe.write(request.to_string().as_bytes()).await?;
    let Pipe { mut child, input, mut output } = pipe;
    drop(input);
    let line = output.next_line().await?.context("it ended without an answer")?;
    let answer: Value = serde_json::from_str(&line)?;
    assert_eq!(answer["result"]["structuredContent"]["sum"].as_f64(), Some(3.0), "{answer}");
    child.wait().await?;
    Ok(())
}
