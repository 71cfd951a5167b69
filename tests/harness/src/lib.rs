//! Starts real hosts for tests, and calls them with a real MCP client.
//!
//! A [`Host`] is the built `tandem` binary as a child process, or the same host in the test's process, on a free port, with a data directory of its own
//! and with the packed plugins that the test names. `make plugins` builds and packs what is needed.

#![forbid(unsafe_code)]

mod client;
mod in_process;
mod issuer;
mod log;
mod mesh;
mod raw;
mod registry;
mod tls;
mod variant;

pub use client::{Client, Recorder, connect, connect_as, connect_modern, text};
pub use issuer::{Issuer, Published, Signer, unsigned};
pub use mesh::{NOWHERE, SWARM_KEY, swarm_key};
pub use raw::{component, large_raw_plugin, raw_plugin, raw_plugin_of};
pub use registry::{Asked, Fault, Registry, Shelves};
pub use tls::tls_server;
pub use variant::{called, replace, variant, variant_bytes};

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, bail};
use log::{collect, compiled, tail};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Two slow cores that compile need a while.
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(40);

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap_or_else(|_| PathBuf::from("."))
}

/// The binary under test.
#[must_use]
pub fn binary() -> PathBuf {
    std::env::var_os("TANDEM_BIN").map_or_else(|| root().join("target/debug/tandem"), PathBuf::from)
}

/// A packed plugin: one that we ship, a test guest, or the conformance plugin.
pub fn plugin(name: &str) -> anyhow::Result<PathBuf> {
    let places = ["plugins", "target/guests", "target/conformance"];
    let found = places.iter().map(|place| root().join(place).join(format!("{name}.wasm"))).find(|path| path.exists());
    found.with_context(|| format!("there is no packed plugin `{name}`; run `make plugins`"))
}

/// What a host is started with.
#[derive(Debug, Default)]
pub struct Options {
    plugins: Vec<PathBuf>,
    config: String,
    env: Vec<(String, String)>,
    args: Vec<String>,
    mesh: bool,
    in_process: bool,
    while_compiling: bool,
    through: Vec<String>,
    files: Vec<(String, String)>,
}

impl Options {
    /// A host with these packed plugins.
    pub fn with(names: &[&str]) -> anyhow::Result<Self> {
        Ok(Self { plugins: names.iter().map(|name| plugin(name)).collect::<anyhow::Result<_>>()?, ..Self::default() })
    }

    /// Another file in the plugin directory, whatever it is.
    #[must_use]
    pub fn file(mut self, path: PathBuf) -> Self {
        self.plugins.push(path);
        self
    }

    /// Adds lines to its `tandem.toml`. `{home}` stands for its working directory.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        self.config.push_str(toml);
        self.config.push('\n');
        self
    }

    /// Gives it a reactor that listens on loopback, with peers in `{home}`/../ of nobody else unless the configuration says
    /// where.
    #[must_use]
    pub fn mesh(mut self) -> Self {
        self.mesh = true;
        self
    }

    /// Starts it in this process, for tests that need no process of its own: no signal, no log, no variables, no numbers of
    /// `/metrics`, which hosts of one process share. Where `TANDEM_BIN` names a program, that is started all the same.
    #[must_use]
    pub fn in_process(mut self) -> Self {
        self.in_process = true;
        self
    }

    /// Does not wait until its plugins are compiled: they are only listed when it has started.
    #[must_use]
    pub fn while_compiling(mut self) -> Self {
        self.while_compiling = true;
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file into its working directory before it starts.
    #[must_use]
    pub fn write(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Makes a directory in its working directory before it starts.
    #[must_use]
    pub fn write_directory(self, name: &str) -> Self {
        self.write(&format!("{name}/.keep"), "")
    }

    /// Adds arguments to its command line.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    /// Starts it by another command, as `ip netns exec NAME`, which becomes the host without a process between.
    #[must_use]
    pub fn through(mut self, command: &[&str]) -> Self {
        self.through = command.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// Starts it, and waits until it is ready and its plugins are compiled or left out.
    pub async fn start(self) -> anyhow::Result<Host> {
        Host::start(self, TempDir::new()?).await
    }
}

/// The HTTP client of the tests wants one, also where it speaks no TLS; a second installation is no error.
pub(crate) fn install_crypto() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// What a host is.
#[derive(Debug)]
enum Running {
    Child(Box<Child>, tokio::task::JoinHandle<()>),
    InProcess(#[allow(dead_code, reason = "it ends when it is dropped")] in_process::InProcess),
}

/// A running host. Killed when dropped.
#[derive(Debug)]
pub struct Host {
    running: Running,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Its working directory: `plugins/`, `data/`, `files/`.
    pub directory: TempDir,
    log: Arc<Mutex<Vec<Value>>>,
    options: Options,
}

impl Host {
    async fn start(options: Options, directory: TempDir) -> anyhow::Result<Self> {
        install_crypto();
        let home = directory.path();
        std::fs::create_dir_all(home.join("plugins"))?;
        std::fs::create_dir_all(home.join("files"))?;
        for path in &options.plugins {
            let name = path.file_name().context("a plugin file has a name")?;
            std::fs::copy(path, home.join("plugins").join(name))?;
        }
        for (name, text) in &options.files {
            let path = home.join(name);
            if let Some(directory) = path.parent() {
                std::fs::create_dir_all(directory)?;
            }
            std::fs::write(path, text)?;
        }
        std::fs::write(home.join("tandem.toml"), options.config.replace("{home}", &home.display().to_string()))?;
        if options.in_process && std::env::var_os("TANDEM_BIN").is_none() {
            anyhow::ensure!(
                options.env.is_empty() && options.args.is_empty() && options.through.is_empty(),
                "a host in this process has no environment, arguments or command of its own"
            );
            let (host, url) = in_process::start(home, options.mesh).await?;
            let log = Arc::default();
            return Ok(Self { running: Running::InProcess(host), url, directory, log, options });
        }
        let mut command = match options.through.split_first() {
            None => Command::new(binary()),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(binary());
                command
            }
        };
        let mut child = command
            .args(["serve", "--config", "tandem.toml", "--set", "server.port=0", "--set", "reactor.port=0"])
            .args(["--set", if options.mesh { "reactor.enabled=true" } else { "reactor.enabled=false" }])
            .args(&options.args)
            .current_dir(home)
            .env("TANDEM_PLUGINS__TRUST_ROOTS", root().join("keys/*.pub"))
            .env("TANDEM_TELEMETRY__LOG_FORMAT", "json")
            // Compiled code is shared by all test hosts: it is authenticated, and compiling it again proves nothing.
            .env("TANDEM_PLUGINS__COMPILED_DIRECTORY", root().join("target/test-compiled"))
            // The first to compile a changed plugin on a busy machine takes long; tests want it there when it is taken over.
            .env("TANDEM_PLUGINS__COMPILE_PATIENCE", "5m")
            .envs(options.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}; run `make build`", binary().display()))?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let (found, mut address) = tokio::sync::watch::channel(None::<String>);
        let lines = BufReader::new(child.stderr.take().context("standard error is piped")?).lines();
        let reader = tokio::spawn(collect(lines, log.clone(), found));
        let waited = tokio::time::timeout(START, address.wait_for(Option::is_some)).await;
        let address = match waited {
            Ok(Ok(address)) => address.clone().unwrap_or_default(),
            // It closed its standard error, so it ends.
            Ok(Err(_)) => bail!("the host ended with {}: {}", child.wait().await?, tail(&log)),
            Err(_) => bail!("the host did not start: {}", tail(&log)),
        };
        let running = Running::Child(Box::new(child), reader);
        let host = Self { running, url: format!("http://{address}"), directory, log, options };
        if !host.options.while_compiling {
            compiled(&host.log).await?;
        }
        Ok(host)
    }

    /// An MCP client of the given endpoint, as `/mcp/full`.
    pub async fn client(&self, endpoint: &str) -> anyhow::Result<Client> {
        connect(&format!("{}{endpoint}", self.url)).await
    }

    /// The same, with an API key or a token.
    pub async fn client_as(&self, endpoint: &str, credential: &str) -> anyhow::Result<Client> {
        connect_as(&format!("{}{endpoint}", self.url), Some(credential)).await
    }

    /// Sends it a signal, as `HUP`.
    pub async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.pid().context("it has ended, or runs in this process")?.to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().await?;
        anyhow::ensure!(sent.success(), "the signal was not sent");
        Ok(())
    }

    /// Waits until it logs a line whose message contains `text`; answers the line.
    pub async fn logged(&self, text: &str) -> anyhow::Result<Value> {
        let found = || {
            let said = |line: &Value| line["message"].as_str().is_some_and(|message| message.contains(text));
            self.log().into_iter().rfind(said)
        };
        for _ in 0..200 {
            if let Some(line) = found() {
                return Ok(line);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("it never said `{text}`: {}", tail(&self.log))
    }

    /// What the host has logged so far, as JSON lines.
    #[must_use]
    pub fn log(&self) -> Vec<Value> {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    /// Stops reading its log and closes the pipe, as a log collector that dies.
    pub fn close_log(&self) {
        if let Running::Child(_, reader) = &self.running {
            reader.abort();
        }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &self.running {
            Running::Child(child, _) => child.id(),
            Running::InProcess(_) => None,
        }
    }

    fn child(&mut self) -> anyhow::Result<&mut Child> {
        match &mut self.running {
            Running::Child(child, _) => Ok(child),
            Running::InProcess(_) => bail!("it runs in this process"),
        }
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid().context("it has ended")?))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kib * 1024)
    }

    /// CPU time of all its threads since it began, in milliseconds; the kernel counts it in steps of 10.
    pub fn cpu_ms(&self) -> anyhow::Result<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid().context("it has ended")?))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).context("too few fields")?.parse::<u64>().context("no number");
        Ok((ticks(11)? + ticks(12)?) * 10)
    }

    /// CPU time of its threads with this name, in milliseconds.
    pub fn thread_cpu_ms(&self, name: &str) -> anyhow::Result<u64> {
        let mut sum = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.pid().context("it has ended")?))? {
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

    /// Asks it to stop, as an operator would, and waits for its end. Answers whether it ended well.
    pub async fn stop(mut self) -> anyhow::Result<bool> {
        self.signal("TERM").await?;
        Ok(tokio::time::timeout(STOP, self.child()?.wait()).await.context("it does not stop")??.success())
    }

    /// Stops it in good order and starts it again on what it left behind.
    pub async fn restart(mut self) -> anyhow::Result<Self> {
        self.signal("TERM").await?;
        let ended = tokio::time::timeout(STOP, self.child()?.wait()).await.context("it does not stop")??;
        anyhow::ensure!(ended.success(), "it did not end well");
        Self::start(self.options, self.directory).await
    }

    /// Kills it without warning and starts it again on what it left behind.
    pub async fn crash_and_restart(self) -> anyhow::Result<Self> {
        self.crash().await?.restart().await
    }

    /// Kills it without warning.
    pub async fn crash(mut self) -> anyhow::Result<Crashed> {
        self.child()?.kill().await?;
        Ok(Crashed { options: self.options, directory: self.directory })
    }
}

/// What a host left behind that was killed.
#[derive(Debug)]
pub struct Crashed {
    options: Options,
    directory: TempDir,
}

impl Crashed {
    /// Starts it again, as it was started before.
    pub async fn restart(self) -> anyhow::Result<Host> {
        Host::start(self.options, self.directory).await
    }
}

/// A JSON object, from `serde_json::json!`.
#[must_use]
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
