//! The signals of a command that runs on.

use tandem_runtime::Host;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The first SIGTERM or Ctrl-C begins the stop; the second ends the process.
pub fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
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

/// Reads the configuration again on every SIGHUP. What became of it is in the log.
pub fn reload_on_signal(host: Host) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            drop(host.reload().await);
        }
    });
    Ok(())
}
