//! SIGHUP: grants, tenants, their keys and their limits are read again, and exchanged while the host serves; then the plugin
//! directory is taken over, as it is whenever it changes ([`plugins`]).
//!
//! Only they: everything else in the configuration counts from the next start on. A file that is wrong changes nothing, and so
//! does one whose grants cannot be had, as when a directory is not there. The environment of a process does not
//! change, so keys that are to be rotated stand in files, as `${file:/path}`. Each exchange is an audit event,
//! `configuration.reloaded`.

pub(crate) mod drain;
mod history;
mod plugins;
pub(crate) mod settle;
mod watch;
mod worker;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tandem_gateway::{KeyRing, Rotation};
use tandem_router::Router;
use tandem_store::{EventRecord, Store, StoredKey};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch as channel,
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::plugins::{Plugins, load_options};

use crate::{args::Source, auth, config, live::Policy, peers, tenants::Limits};

/// How often versions on trial are looked at.
const JUDGE: Duration = Duration::from_millis(500);

/// The plugins, as soon as they are loaded.
pub(crate) type Loaded = Arc<OnceLock<Arc<Plugins>>>;

/// Takes changes of the plugin directory over, and judges versions on trial, until the host stops.
pub(crate) fn on_changes(plugins: Arc<Plugins>, watched: bool, stop: CancellationToken) {
    if watched {
        tokio::spawn(watch::run(plugins.clone(), stop.clone()));
    }
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(JUDGE)).await.is_some() {
            if !plugins.catalog.canaries().is_empty() {
                drop(plugins.work(Plugins::judge).await);
            }
        }
    });
}

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
    pub(crate) issued: channel::Receiver<Arc<[StoredKey]>>,
    /// The plugins.
    pub(crate) plugins: Loaded,
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
            if let Some(plugins) = reload.plugins.get()
                && let Err(error) = plugins.work(|plugins| plugins.reload(None, "host")).await.flatten()
            {
                tracing::error!("the plugin directory is not taken over: {error:#}");
            }
        }
    });
    Ok(())
}

/// Answers what changed for callers; none when the file was refused.
fn once(source: &Source, reload: &Reload) -> Option<Rotation> {
    let exchanged = config::load(source).and_then(|config| {
        let issued = reload.issued.borrow().clone();
        peers::check(&config, auth::asks(&config, &issued))?;
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
