//! Log lines on standard error: for people on a terminal, JSON elsewhere.

use std::io::IsTerminal;

use tandem_manifest::LogFormat;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging. `filter` is a level, or directives of `tracing-subscriber`.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    // The protocol library reports each request; what an operator sets comes after and wins.
    let filter = EnvFilter::try_new(format!("rmcp=warn,{filter}"))?;
    let terminal = std::io::stderr().is_terminal();
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let json = format == LogFormat::Json || (format == LogFormat::Auto && !terminal);
    let started = if json {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    } else {
        builder.with_ansi(terminal).with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
