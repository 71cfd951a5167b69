//! `tandem serve`: serves until a signal says to stop. A second signal ends at once; SIGHUP reads the configuration again.

use std::{io::Write, net::SocketAddr, sync::Arc, time::Instant};

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser},
};
use tandem_devkit::{logging, reload_on_signal, stop_on_signal, terminal::bars};
use tandem_runtime::{
    Caller, CompilerProgram, Host, HostBuilder,
    config::{ConfigSource, environment},
    descriptors::Descriptors,
    general_runtime, warnings,
};

use crate::{exit::Exit, progress, source::Source};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tandem serve\n  tandem serve --config tandem.toml --set server.port=9000\n  tandem serve --stdio                   # as a child process of an MCP client\n\nRelative paths in the file are relative to its directory, those in flags and variables to the working directory.\n\nCtrl-C finishes the calls in flight and stops; a second Ctrl-C stops at once."
)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub source: Source,
    /// Serve MCP over standard input and output instead of HTTP, without a network port
    #[arg(long)]
    pub stdio: bool,
    /// With --stdio: join the network of hosts too [default: reactor.stdio]
    #[arg(long, requires = "stdio")]
    pub p2p: bool,
    /// Tools that clients of `/mcp` see: the meta-tools, or all
    #[arg(long, value_name = "MODE", value_parser = exposures())]
    pub exposure: Option<String>,
}

fn exposures() -> PossibleValuesParser {
    PossibleValuesParser::new([
        PossibleValue::new("hierarchical").help("Meta-tools, by which an agent finds and calls the others"),
        PossibleValue::new("full").help("Every tool"),
    ])
}

/// The first descriptor behind standard input, output and error.
const FIRST_INHERITED: i32 = 3;

/// Runs the host.
pub(crate) fn run(args: Serve) -> anyhow::Result<Exit> {
    let start = Instant::now();
    // What this process was started with is its own: mounted servers and compilers get none of it.
    close_fds::set_fds_cloexec(FIRST_INHERITED, &[]);
    let mut source = ConfigSource { foreign_directory: args.stdio, ..(&args.source).into() };
    source.set.extend(args.exposure.map(|exposure| format!("server.exposure={exposure}")));
    let mut config = tandem_runtime::config::load(&source)?;
    // A client starts as many as it likes, and they would be one host with one identity at one address.
    config.reactor.enabled &= !args.stdio || args.p2p || config.reactor.stdio;
    let _log = logging::start(&config.telemetry.log, config.telemetry.log_format)?;
    for warning in warnings::variables(&environment()) {
        tracing::warn!("{warning}");
    }
    Descriptors::raise();
    let runtime = general_runtime(&config)?;
    let compiler = CompilerProgram::this_program("compile-component", &[COMPILER_ENVIRONMENT])?;
    let host =
        HostBuilder::from_config(config).source(source).compiler(compiler).progress(Arc::new(progress::Loading::new()));
    let served = runtime.block_on(async {
        let host = if args.stdio { host.stdio() } else { host }.build().await?;
        stop_on_signal(host.stopping())?;
        if args.stdio {
            host.serve_stdio().await?;
        } else {
            serve_http(&host, start).await?;
        }
        if let Err(error) = host.shutdown().await {
            tracing::error!("{}", crate::exit::chain(&error.into()));
        }
        Ok(Exit::Success)
    });
    // A guest's file operation may still be under way; nobody waits for its answer any more.
    runtime.shutdown_background();
    served
}

async fn serve_http(host: &Host, start: Instant) -> anyhow::Result<()> {
    reload_on_signal(host.clone())?;
    // The listener is there before the plugins: health checks see a host that is alive and not yet ready.
    let listener = host.bind().await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn({
        let host = host.clone();
        async move { host.serve_http(listener).await }
    });
    host.ready().await?;
    announce(host, &address, start);
    Ok(serving.await??)
}

// The allocator would have a gigabyte from the start, and what a compilation takes of it were not counted.
const COMPILER_ENVIRONMENT: (&str, &str) = ("MIMALLOC_ARENA_EAGER_COMMIT", "0");

/// Calls worth typing on the sample data: of the tools that are loaded, the first [`SHOWN`] are printed.
const EXAMPLES: [(&str, &str); 5] = [
    ("dataset_load", "path=data/countries.csv limit=3"),
    ("convert_file", "path=data/report.docx"),
    ("git_log", "repo=repos/repo.git"),
    ("search_list", ""),
    ("vector_list", ""),
];
const SHOWN: usize = 3;

/// Prints what to type next, on a terminal. Nobody may be reading any more; that is no reason to stop.
fn announce(host: &Host, address: &SocketAddr, start: Instant) {
    tracing::info!(%address, "listening");
    if !progress::is_drawn() {
        return;
    }
    let program = std::env::args().next().unwrap_or_else(|| "tandem".to_owned());
    let view = host.view(&Caller::local());
    let tools = view.tools().count();
    let known = EXAMPLES.iter().filter(|(tool, _)| view.tool(tool).is_some());
    let mut examples: Vec<_> = known.take(SHOWN).map(|(tool, with)| format!("tool call {tool} {with}")).collect();
    if examples.is_empty() {
        let first = view.tools().next().map(|tool| tool.descriptor.name.clone());
        examples.push(first.map_or_else(|| "tool list".to_owned(), |first| format!("tool show {first}")));
    }
    let token = if host.authenticates() { " --token KEY" } else { "" };
    let compiling = match view.categories().filter(|category| category.backend.is_compiling()).count() {
        0 => String::new(),
        plugins => format!("\nPlugins being compiled: {plugins}; their first calls wait.\n"),
    };
    let line = |example: String| format!("  {program} {} --url http://{address}/mcp/full{token}\n", example.trim_end());
    let examples: String = examples.into_iter().map(line).collect();
    let text = format!(
        "\nTandem serves {tools} tools on http://{address} after {} ms. Try:\n\n{examples}\n\
         For an MCP client (also cursor, vscode, codex, gemini, goose):\n\n  \
         {program} connect claude-code --url http://{address}/mcp{}\n{compiling}\n\
         Overview: http://{address}/   Stop: Ctrl-C\n",
        start.elapsed().as_millis(),
        if host.authenticates() { " --token" } else { "" },
    );
    // The bar stands aside, so that it leaves no torn line.
    bars().suspend(|| drop(writeln!(crate::terminal::err(), "{text}")));
}
