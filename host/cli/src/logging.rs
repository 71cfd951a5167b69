//! Log lines on standard error: for people on a terminal, JSON elsewhere.
//!
//! Lines are written by a thread of their own: whoever reads them slowly, or has gone away, holds up no call. At most
//! [`MAX_LINES`] wait; more are dropped, and their number is told at the end.

use std::io::IsTerminal;

use tandem_config::LogFormat;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt};

use crate::terminal::LogLines;

/// Lines that wait to be written: some seconds of a busy host's, and tens of MiB at most.
const MAX_LINES: usize = 1 << 16;

/// Writes out what waits when it is dropped.
pub(crate) struct Log {
    dropped: ErrorCounter,
    _writer: WorkerGuard,
}

impl Drop for Log {
    fn drop(&mut self) {
        match self.dropped.dropped_lines() {
            0 => {}
            lines => tracing::warn!(lines, "log lines were dropped: nobody read them fast enough"),
        }
    }
}

/// Starts logging. `filter` is a level, or directives of `tracing-subscriber`.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<Log> {
    // The protocol library reports each request, and warns of what clients do wrong in its own types; what an operator sets
    // comes after and wins.
    let filter = EnvFilter::try_new(format!("rmcp=error,rmcp::service=off,libp2p_swarm=warn,{filter}"))?;
    let terminal = std::io::stderr().is_terminal();
    let lines = LogLines(std::io::stderr());
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(MAX_LINES).lossy(true).finish(lines);
    let dropped = writer.error_counter();
    let builder = fmt().with_env_filter(filter).with_writer(writer);
    let json = format == LogFormat::Json || (format == LogFormat::Auto && !terminal);
    let started = if json {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    } else {
        builder.with_ansi(terminal).with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))?;
    Ok(Log { dropped, _writer: guard })
}
