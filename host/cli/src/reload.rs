//! SIGHUP: tenants, their keys and their limits are read again, and exchanged while the host serves.
//!
//! Only they: everything else in the file counts from the next start on. A file that is wrong changes nothing. The
//! environment of a process does not change, so keys that are to be rotated stand in files, as `${file:/path}`.

use std::sync::Arc;

use tandem_gateway::KeyRing;
use tandem_router::Router;
use tandem_store::StoredKey;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{args::Source, auth, config, tenants::Limits};

/// What is exchanged.
#[derive(Clone)]
pub(crate) struct Reload {
    /// Tenants and keys; none where nobody authenticates.
    pub(crate) ring: Option<Arc<KeyRing>>,
    /// What tenants may use.
    pub(crate) limits: Arc<Limits>,
    /// Asks for the limits anew.
    pub(crate) router: Router,
    /// The keys that were issued.
    pub(crate) issued: watch::Receiver<Arc<[StoredKey]>>,
}

/// Lets keys that are issued and revoked while the host serves count at once.
pub(crate) fn on_keys(mut reload: Reload) {
    tokio::spawn(async move {
        while reload.issued.changed().await.is_ok() {
            let issued = reload.issued.borrow_and_update().clone();
            match auth::reload(reload.ring.as_deref(), &reload.limits.config(), &issued) {
                Ok(rotation) => {
                    tracing::info!(added = ?rotation.added, removed = ?rotation.removed, "keys are exchanged")
                }
                Err(error) => tracing::warn!("the keys count from the next start on: {error:#}"),
            }
        }
    });
}

/// Reads the configuration again on every SIGHUP.
pub(crate) fn on_signal(source: Source, reload: Reload) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let (source, reload) = (source.clone(), reload.clone());
            // Files are read; they may be slow.
            let done = tokio::task::spawn_blocking(move || once(&source, &reload)).await;
            if let Err(error) = done {
                tracing::error!(%error, "the configuration could not be read again");
            }
        }
    });
    Ok(())
}

fn once(source: &Source, reload: &Reload) {
    let exchanged = config::load(source).and_then(|config| {
        let issued = reload.issued.borrow().clone();
        let rotation = auth::reload(reload.ring.as_deref(), &config, &issued)?;
        reload.limits.exchange(config);
        reload.router.refresh_tenants();
        Ok(rotation)
    });
    match exchanged {
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
