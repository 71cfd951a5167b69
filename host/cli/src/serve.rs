//! `tandem serve`: serves until a signal says to stop. A second signal ends at once.

use std::{
    io::{IsTerminal as _, Write},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use tandem_runtime::{
    config::environment,
    descriptors::Descriptors,
    serve::{CompilerProgram, Ready, ServeOptions, general_runtime, work_threads},
    warnings,
};
use tandem_types::Caller;
use tokio_util::sync::CancellationToken;

use crate::{args::Serve, exit::Exit, logging, progress::Loading};

/// Runs the host.
pub(crate) fn run(args: Serve) -> anyhow::Result<Exit> {
    let start = Instant::now();
    let mut source: tandem_runtime::config::ConfigSource = (&args.source).into();
    source.foreign_directory = args.stdio;
    let mut config = tandem_runtime::config::load(&source)?;
    // A client starts as many as it likes, and they would be one host with one identity at one address.
    config.reactor.enabled &= !args.stdio || args.p2p || config.reactor.stdio;
    let config = Arc::new(config);
    let _log = logging::start(&config.telemetry.log, config.telemetry.log_format)?;
    for warning in warnings::variables(&environment()) {
        tracing::warn!("{warning}");
    }
    let descriptors = Descriptors::raise();
    let (runtime, work) = (general_runtime(&config)?, work_threads()?);
    let result = runtime.block_on(async {
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone())?;
        let options = ServeOptions {
            source,
            stdio: args.stdio,
            exposure: args.exposure.map(Into::into),
            compiler: Some(compiler()?),
            progress: Arc::new(Loading::new()),
            ready: Box::new(move |ready| announce(ready, start)),
            stop,
        };
        tandem_runtime::serve::serve(options, &config, work.handle(), descriptors, start).await
    });
    // A guest's file operation may still be under way; nobody waits for its answer any more.
    runtime.shutdown_background();
    work.shutdown_background();
    result.map(|()| Exit::Success)
}

/// The program that runs, also when another one has come into its place on the disk.
const MYSELF: &str = "/proc/self/exe";

/// Compiles in processes of this program.
fn compiler() -> anyhow::Result<CompilerProgram> {
    let program = PathBuf::from(MYSELF);
    Ok(CompilerProgram {
        program: if program.exists() { program } else { std::env::current_exe()? },
        arguments: vec!["compile-component".to_owned()],
        // The allocator would have a gigabyte from the start, and what a compilation takes of it were not counted.
        environment: vec![("MIMALLOC_ARENA_EAGER_COMMIT".to_owned(), "0".to_owned())],
    })
}

/// A tool that is worth a try where it is there, with arguments for the sample data.
const FAVOURITE: (&str, &str) = ("dataset_load", "path=data/countries.csv limit=3");

/// Says what to type next to who sits at a terminal. Nobody may be reading any more; that is no reason to stop.
fn announce(ready: &Ready, start: Instant) {
    let Ready { address, router, tools, authenticates } = ready;
    tracing::info!(%address, "listening");
    if !std::io::stderr().is_terminal() {
        return;
    }
    let program = std::env::args().next().unwrap_or_else(|| "tandem".to_owned());
    let view = router.view(&Caller::local());
    let there = view.tool(FAVOURITE.0).is_some();
    let first = view.tools().next().map(|tool| tool.descriptor.name.clone());
    let example = match (there, first) {
        (true, _) => format!("call {} {}", FAVOURITE.0, FAVOURITE.1),
        (false, Some(first)) => format!("tools {first}"),
        (false, None) => "tools".to_owned(),
    };
    let token = if *authenticates { " --token KEY" } else { "" };
    let written = writeln!(
        crate::terminal::err(),
        "\nTandem serves {tools} tools on http://{address} after {} ms. Try:\n\n  \
         {program} {example} --url http://{address}/mcp/full{token}\n\n\
         For an MCP client (also cursor, vscode, codex, gemini, goose):\n\n  \
         {program} connect claude-code --url http://{address}/mcp{}\n\n\
         Overview: http://{address}/   Stop: Ctrl-C\n",
        start.elapsed().as_millis(),
        if *authenticates { " --token" } else { "" },
    );
    drop(written);
}

/// The first SIGTERM or Ctrl-C begins the stop; the second ends the process.
pub(crate) fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if first {
                tracing::info!("stopping: calls in flight are finished first");
                stop.cancel();
            } else {
                tracing::warn!("stopped by a second signal");
                std::process::exit(130);
            }
        }
    });
    Ok(())
}
