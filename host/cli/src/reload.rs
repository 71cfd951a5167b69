//! SIGHUP: tenants and their keys are read again, and exchanged while the host serves.
//!
//! Only they: everything else in the file counts from the next start on. A file that is wrong changes nothing. The
//! environment of a process does not change, so keys that are to be rotated stand in files, as `${file:/path}`.

use std::sync::Arc;

use tandem_gateway::KeyRing;
use tokio::signal::unix::{SignalKind, signal};

use crate::{args::Source, auth, config};

/// Reads the configuration again on every SIGHUP.
pub(crate) fn on_signal(source: Source, ring: Option<Arc<KeyRing>>) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let (source, ring) = (source.clone(), ring.clone());
            // Files are read; they may be slow.
            let done = tokio::task::spawn_blocking(move || once(&source, ring.as_deref())).await;
            if let Err(error) = done {
                tracing::error!(%error, "the configuration could not be read again");
            }
        }
    });
    Ok(())
}

fn once(source: &Source, ring: Option<&KeyRing>) {
    match config::load(source).and_then(|config| auth::reload(ring, &config)) {
        Ok(rotation) if rotation.is_empty() => {
            tracing::info!("configuration read again: tenants and keys are the same")
        }
        Ok(rotation) => tracing::info!(
            added = ?rotation.added,
            removed = ?rotation.removed,
            tenants = ?rotation.tenants,
            "configuration read again: tenants and keys are exchanged"
        ),
        Err(error) => tracing::error!("configuration read again and refused, the old one stays: {error:#}"),
    }
}
