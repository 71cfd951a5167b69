//! The configuration is read again: what can be exchanged is, and the rest is named.

use std::sync::Arc;

use serde_json::Value;
use tandem_cluster::ClusterHandle;
use tandem_gateway::{KeyRing, Rotation};
use tandem_router::Router;
use tandem_store::{EventRecord, Store, StoredKey};
use tandem_upstream::Upstreams;
use tokio::sync::watch as channel;

use super::plugins::{Loaded, Plugins};
use crate::{
    auth,
    config::{self, ConfigSource},
    errors::HostError,
    live::Policy,
    peers,
    tenants::Limits,
    warnings,
};

/// What is exchanged.
pub(crate) struct Reload {
    /// Where the configuration is read again; none where it is not.
    pub(crate) source: Option<ConfigSource>,
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
    /// The mounted servers.
    pub(crate) upstreams: Arc<Upstreams>,
    /// Whom peers are.
    pub(crate) reactor: Option<Arc<ClusterHandle>>,
}

/// Lets keys that are issued and revoked while the host serves count at once.
pub(crate) fn on_keys(reload: Arc<Reload>) {
    tokio::spawn(async move {
        let mut keys = reload.issued.clone();
        while keys.changed().await.is_ok() {
            let issued = keys.borrow_and_update().clone();
            match auth::reload(reload.ring.as_deref(), &reload.limits.config(), &issued) {
                Ok(rotation) => {
                    tracing::info!(
                        added = rotation.added.join(" "),
                        removed = rotation.removed.join(" "),
                        "keys exchanged"
                    )
                }
                Err(error) => {
                    tracing::warn!("keys: cannot exchange before a restart: {}", crate::errors::chain(&error))
                }
            }
        }
    });
}

/// What became of a reload.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// The plugin files, what serves of each, and why something does not: as `tandem plugin list --json` prints them.
    pub plugins: Value,
    /// Settings that changed and need a restart.
    pub needs_restart: Vec<String>,
}

/// Reads the configuration again and takes the plugin directory over, also where the configuration is refused.
pub(crate) async fn everything(
    reload: Option<&Arc<Reload>>,
    plugins: &Arc<Plugins>,
    actor: &'static str,
) -> Result<Reloaded, HostError> {
    let read = match reload {
        Some(reload) => configuration(reload, actor).await,
        None => Ok(Vec::new()),
    };
    let taken = plugins.work(move |plugins| plugins.reload(None, actor)).await.flatten().inspect_err(|error| {
        tracing::error!("reload: cannot load the plugin directory: {}", crate::errors::chain(error));
    });
    let needs_restart = read.map_err(HostError::configuration)?;
    Ok(Reloaded { plugins: taken.map_err(HostError::plugins)?, needs_restart })
}

/// Reads the configuration again and exchanges what can be. Returns the settings that changed and need a restart.
/// `actor` stands in the record of it. All of it is in the log too.
///
/// # Errors
/// The new configuration is wrong, or its grants cannot be had. Nothing has changed then.
pub(crate) async fn configuration(reload: &Arc<Reload>, actor: &str) -> anyhow::Result<Vec<String>> {
    let Some(source) = reload.source.clone() else { return Ok(Vec::new()) };
    let work = reload.clone();
    // Files are read; they may be slow.
    let done = tokio::task::spawn_blocking(move || once(&work, &source)).await?;
    let (rotation, restart) = done.inspect_err(|error| {
        tracing::error!("configuration reload: refused, the old one stays: {}", crate::errors::chain(error))
    })?;
    peers::admit(&reload.policy.config(), reload.reactor.as_deref()).await;
    record(&reload.store, &rotation, &restart, actor).await;
    Ok(restart)
}

/// Answers what changed for callers, and the settings that wait for a restart.
fn once(reload: &Reload, source: &ConfigSource) -> anyhow::Result<(Rotation, Vec<String>)> {
    let config = config::load(source)?;
    let issued = reload.issued.borrow().clone();
    peers::check(&config, auth::asks(&config, &issued))?;
    let restart = reload.policy.needs_restart(&config);
    let rotation = reload.policy.exchange(&config, || auth::reload(reload.ring.as_deref(), &config, &issued))?;
    if let Some(plugins) = reload.plugins.get() {
        warnings::grants(&config, &plugins.catalog, &reload.policy);
        reload.upstreams.exchange(&config.upstreams);
    }
    reload.limits.exchange(config);
    reload.router.refresh_tenants();
    if rotation.is_empty() {
        tracing::info!("configuration reload: grants exchanged, tenants and keys unchanged");
    } else {
        tracing::info!(
            added = rotation.added.join(" "),
            removed = rotation.removed.join(" "),
            tenants = rotation.tenants.join(" "),
            "configuration reload: grants, tenants and keys exchanged"
        );
    }
    if !restart.is_empty() {
        tracing::warn!(settings = restart.join(" "), "configuration reload: these settings changed and need a restart");
    }
    Ok((rotation, restart))
}

/// Names of settings, keys and tenants stand in the record, never what they hold.
async fn record(store: &Store, rotation: &Rotation, restart: &[String], actor: &str) {
    let event = EventRecord { actor: actor.to_owned(), ..EventRecord::of_host("configuration.reloaded") }
        .with("keys-added", rotation.added.join(" "))
        .with("keys-removed", rotation.removed.join(" "))
        .with("tenants", rotation.tenants.join(" "))
        .with("needs-restart", restart.join(" "));
    if let Err(error) = store.audit_append(vec![event.into()]).await {
        tracing::error!(%error, "audit: cannot record the configuration reload");
    }
}
