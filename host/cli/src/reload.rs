//! SIGHUP: grants, tenants, their keys and their limits are read again, and exchanged while the host serves.
//!
//! Only they: everything else in the file counts from the next start on. A file that is wrong changes nothing, and so
//! does one whose grants cannot be had, as when a directory is not there. The environment of a process does not
//! change, so keys that are to be rotated stand in files, as `${file:/path}`. Each exchange is an audit event,
//! `configuration.reloaded`.

use std::sync::Arc;

use tandem_gateway::{KeyRing, Rotation};
use tandem_router::Router;
use tandem_store::{EventRecord, Store, StoredKey};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{args::Source, auth, config, live::Policy, tenants::Limits};

/// What is exchanged.
#[derive(Clone)]
pub(crate) struct Reload {
    /// Tenants and keys; none where nobody authenticates.
    pub(crate) ring: Option<Arc<KeyRing>>,
    /// What plugins may touch.
    pub(crate) policy: Arc<Policy>,
    /// Keeps the record of it.
    pub(crate) store: Store,
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
            let work = (source.clone(), reload.clone());
            // Files are read; they may be slow.
            let done = tokio::task::spawn_blocking(move || once(&work.0, &work.1)).await;
            match done {
                Ok(Some(rotation)) => record(&reload.store, &rotation).await,
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "the configuration could not be read again"),
            }
        }
    });
    Ok(())
}

/// Answers what changed for callers; none when the file was refused.
fn once(source: &Source, reload: &Reload) -> Option<Rotation> {
    let exchanged = config::load(source).and_then(|config| {
        let issued = reload.issued.borrow().clone();
        let rotation = reload.policy.exchange(&config, || auth::reload(reload.ring.as_deref(), &config, &issued))?;
        reload.limits.exchange(config);
        reload.router.refresh_tenants();
        Ok(rotation)
    });
    match &exchanged {
        Ok(rotation) if rotation.is_empty() => {
            tracing::info!("configuration read again: grants are exchanged, tenants and keys are the same")
        }
        Ok(rotation) => tracing::info!(
            added = ?rotation.added,
            removed = ?rotation.removed,
            tenants = ?rotation.tenants,
            "configuration read again: grants, tenants and keys are exchanged"
        ),
        Err(error) => tracing::error!("configuration read again and refused, the old one stays: {error:#}"),
    }
    exchanged.ok()
}

/// Names of keys and tenants stand in the record, never what they hold.
async fn record(store: &Store, rotation: &Rotation) {
    let event = EventRecord::of_host("configuration.reloaded")
        .with("keys-added", rotation.added.join(" "))
        .with("keys-removed", rotation.removed.join(" "))
        .with("tenants", rotation.tenants.join(" "));
    if let Err(error) = store.audit_append(vec![event.into()]).await {
        tracing::error!(%error, "the exchange of the configuration is not recorded");
    }
}
