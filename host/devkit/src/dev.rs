//! `tandem plugin dev`: builds, serves, watches, and does it again.
//!
//! **Promises.** A version that does not build, load or pass its check changes nothing, nor does a `tandem.toml` that is wrong: what
//! served before goes on, and the reason is on the terminal. Grants are those of the `tandem.toml` that lay there when the build
//! began. Clients stay connected and are told of new tools. **Bounds:** one build at a time; changes that come
//! while one runs are built after it.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tandem_catalog::Category;
use tandem_config::LogFormat;
use tandem_gateway::Gateway;
use tandem_runtime::config::ConfigSource;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    example,
    host::{LoadedVersion, Private, private_config},
    project::{Project, Purpose},
    terminal::say,
    toolchain,
    watch::Sources,
};
use crate::{logging, signals::stop_on_signal};

/// Where clients find the plugin, if nobody else is there: one that was configured once finds it again.
const PORT: u16 = 8010;
/// What the plugin logs, and every call of it.
const LOG: &str = "warn,tandem::plugin=debug,tandem::call=info";
/// Bytes of a component that takes seconds to compile.
const SLOW: usize = 4 << 20;
/// Names of changed files that are shown.
const SHOWN: usize = 3;

/// What is served while it is written.
#[derive(Clone, Debug)]
pub struct Dev {
    /// The project's directory.
    pub directory: PathBuf,
    /// The port [default: 8010, or any that is free].
    pub port: Option<u16>,
    /// Install what is missing to build the plugin, without asking.
    pub install: bool,
    /// What it may touch.
    pub source: ConfigSource,
}

/// Runs until it is stopped.
pub fn run(args: &Dev) -> anyhow::Result<()> {
    let project = Project::open(&args.directory)?;
    toolchain::ready(project.language, &project.directory, args.install)?;
    let config = private_config(&project.directory, &args.source)?;
    let _log = logging::start(LOG, LogFormat::Pretty)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(async {
        let host = Arc::new(Private::new(&project, config)?);
        let (gateway, listener) = host.listen(args.port, PORT).await?;
        serve(&project, &args.source, host, gateway, listener).await
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

async fn serve(
    project: &Project,
    source: &ConfigSource,
    host: Arc<Private>,
    gateway: Gateway,
    listener: TcpListener,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    let serving = tokio::spawn({
        let stop = stop.clone();
        async move { gateway.serve_http(listener, stop).await }
    });
    // Dropped, the work ends the compiler too.
    stop.run_until_cancelled(work(project, source, &host, &url)).await;
    serving.await??;
    Ok(())
}

/// Builds, serves and waits for a change, for ever.
async fn work(project: &Project, source: &ConfigSource, host: &Arc<Private>, url: &str) {
    let mut sources = Sources::new(&project.directory);
    let mut before = None;
    loop {
        match version(project, source, host).await {
            Ok(version) => {
                announce(project, url, before.as_deref(), &version);
                before = Some(version.taken.category);
            }
            Err(error) => {
                let serves = match &before {
                    Some(_) => "the version before serves on",
                    None => "nothing is served yet",
                };
                say!("\nerror: {error:#}\n{serves}; waiting for a change");
            }
        }
        let changed = sources.changed().await;
        let more = if changed.len() > SHOWN { ", …" } else { "" };
        say!("\nchanged: {}{more}", changed.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "));
    }
}

/// A version that is served.
struct Version {
    taken: LoadedVersion,
    /// How long the compiler took.
    built: Duration,
    /// How long the host took after it.
    loaded: Duration,
}

/// Builds and serves what is there now, with the grants that are there now.
async fn version(project: &Project, source: &ConfigSource, host: &Arc<Private>) -> anyhow::Result<Version> {
    // Before the build: what is wrong in it is told without waiting for a compiler.
    let config = private_config(&project.directory, source)?;
    for setting in host.waiting(&config) {
        say!("`{setting}` of the configuration has changed; restart `tandem plugin dev` to apply it");
    }
    let start = Instant::now();
    project.build(Purpose::Again).await?;
    let built = start.elapsed();
    if let Some(size) = project.component().ok().map(|component| component.len()).filter(|size| *size > SLOW) {
        say!("built in {:.1} s; the host compiles {} MiB now", built.as_secs_f64(), size >> 20);
    }
    let (project, host) = (project.clone(), host.clone());
    let taken = tokio::task::spawn_blocking(move || host.take(&project, config)).await??;
    Ok(Version { taken, built, loaded: start.elapsed() - built })
}

fn announce(project: &Project, url: &str, before: Option<&Category>, version: &Version) {
    let Version { taken: LoadedVersion { category: now, unsupported_exports, refused }, built, loaded } = version;
    let (name, version) = (&now.plugin_name, &now.version);
    let times = format!("built in {:.1} s, loaded in {:.1} s", built.as_secs_f64(), loaded.as_secs_f64());
    say!("\n{name} {version} is live: {times}");
    // Each time: requests and grants change without the tools.
    for line in refused {
        say!("  not granted here: {line}");
    }
    let digests = |category: &Category| category.tools.iter().map(|tool| tool.digest.clone()).collect::<Vec<_>>();
    if before.is_some_and(|before| digests(before) == digests(now)) {
        return;
    }
    let width = now.tools.iter().map(|tool| tool.descriptor.name.len()).max().unwrap_or(0);
    for tool in &now.tools {
        let first = tool.descriptor.description.lines().next().unwrap_or("");
        say!("  {:width$}  {first}", tool.descriptor.name);
    }
    for function in unsupported_exports {
        say!("  {function}");
    }
    if before.is_some() {
        return;
    }
    if let Some(tool) = now.tools.first() {
        let arguments = example::arguments(&tool.descriptor.input_schema).to_string().replace('\'', r"'\''");
        say!("\nCall one:\n\n  tandem tool call --url {url} {} '{arguments}'", tool.descriptor.name);
    }
    let config = serde_json::json!({ "mcpServers": { &**name: { "type": "http", "url": url } } });
    say!(
        "\nFor an MCP client's configuration:\n\n  {config}\n\nWatching {}. Stop: Ctrl-C",
        project.directory.display()
    );
}
