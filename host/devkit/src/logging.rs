//! Log lines on standard error: for people on a terminal, JSON elsewhere.
//!
//! Lines are written by a thread of their own ([`crate::log_writer`]): whoever reads them slowly, or has gone away, holds up
//! no call. What is dropped is told at the end.

use std::io::IsTerminal;

use tandem_config::LogFormat;
use tracing_subscriber::{EnvFilter, fmt};

use crate::{log_writer::Writer, terminal::LogLines};

/// Writes out what waits when it is dropped.
pub struct Log {
    writer: Writer,
}

impl Drop for Log {
    fn drop(&mut self) {
        match self.writer.dropped() {
            0 => {}
            lines => tracing::warn!(lines, "log: lines dropped, the reader is too slow"),
        }
    }
}

/// Starts logging. `filter` is a level, or directives of `tracing-subscriber`.
pub fn start(filter: &str, format: LogFormat) -> anyhow::Result<Log> {
    // The protocol library reports each request, and warns of what clients do wrong in its own types; what an operator sets
    // comes after and wins.
    let filter = EnvFilter::try_new(format!("rmcp=error,rmcp::service=off,libp2p_swarm=warn,{filter}"))?;
    let terminal = std::io::stderr().is_terminal();
    let (lines, writer) = Writer::start(LogLines(std::io::stderr()))?;
    let builder = fmt().with_env_filter(filter).with_writer(lines);
    let json = format == LogFormat::Json || (format == LogFormat::Auto && !terminal);
    let started = if json {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    } else {
        builder.with_ansi(terminal).with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))?;
    Ok(Log { writer })
}
