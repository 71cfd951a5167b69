//! Which plugins may be loaded, and what is noted of those that were.

use std::sync::Arc;

use tandem_catalog::{Category, Rejected, View};
use tandem_config::{HostConfig, Revoked, SupplyPolicy};
use tandem_package::{Installed, Package};
use tandem_store::{AuditRecord, EventRecord, MAX_APPEND, Store};

use crate::{config, errors::render_diagnostics, failure::LoadFailure, files::read_text};

/// The gate of one loading.
pub struct Supply {
    config: Arc<HostConfig>,
    revoked: Revoked,
    store: Store,
}

impl Supply {
    /// Reads the lists of what is revoked.
    pub fn new(config: Arc<HostConfig>, store: Store) -> anyhow::Result<Self> {
        Ok(Self { revoked: revoked(&config)?, config, store })
    }

    /// Whether what serves may go on: it is not revoked, and is what is pinned.
    pub fn is_still_trusted(&self, file: &Installed) -> Result<(), LoadFailure> {
        let policy = SupplyPolicy::new(&self.config, &self.revoked);
        Ok(policy.admit(file, Some(file)).map(drop)?)
    }

    /// Whether a package may come into the place of a file that no host may have loaded yet.
    pub fn is_valid_upgrade(&self, package: &Package, before: &Installed) -> Result<(), LoadFailure> {
        let policy = SupplyPolicy::new(&self.config, &self.revoked);
        Ok(policy.admit(&Installed::of(package), Some(before)).map(drop)?)
    }

    /// Whether a package may be loaded. `back`: the operator goes back to it, so its version may be older. Blocking.
    pub fn admit(&self, package: &Package, back: bool) -> Result<(), LoadFailure> {
        let file = Installed::of(package);
        let mut before = tokio::runtime::Handle::current()
            .block_on(self.store.installed(file.name.clone()))
            .map_err(|error| LoadFailure::Host(format!("cannot read what was installed before: {error}")))?;
        if let Some(before) = before.as_mut().filter(|_| back) {
            before.version.clone_from(&file.version);
        }
        let policy = SupplyPolicy::new(&self.config, &self.revoked);
        if let Some(note) = policy.admit(&file, before.as_ref())? {
            tracing::warn!(plugin = file.name, "{note}");
        }
        Ok(())
    }
}

/// Everything that the configuration's lists revoke. A list that is named and cannot be read is an error: without
/// it nobody knows what must not be loaded.
pub fn revoked(config: &HostConfig) -> anyhow::Result<Revoked> {
    let mut revoked = Revoked::default();
    for pattern in &config.plugins.revoked {
        let files = config::matching("plugins.revoked", pattern)?;
        if files.is_empty() && !pattern.contains('*') {
            anyhow::bail!("plugins.revoked: there is no file `{pattern}`; an empty one revokes nothing");
        }
        for file in files {
            let text = read_text(&file)?;
            revoked
                .add(Revoked::parse(&file.display().to_string(), &text).map_err(|errors| render_diagnostics(&errors))?);
        }
    }
    Ok(revoked)
}

/// Notes what is served now, and records it with what was left out. What is being compiled is noted when it is loaded.
pub async fn note(store: &Store, view: &View) -> anyhow::Result<()> {
    let is_loaded = |category: &&Category| category.backend.plugin().is_some_and(|plugin| !plugin.is_compiling());
    let categories: Vec<&Category> = view.categories().map(AsRef::as_ref).filter(is_loaded).collect();
    store.set_installed(categories.iter().map(|category| category.installed.clone()).collect()).await?;
    let loaded = categories.iter().map(|category| loaded("plugin.loaded", &category.installed));
    let refused = view.rejected().iter().filter(|rejected| !rejected.is_disabled()).map(refused);
    let records: Vec<AuditRecord> = loaded.chain(refused).map(Into::into).collect();
    for records in records.chunks(MAX_APPEND) {
        store.audit_append(records.to_vec()).await?;
    }
    Ok(())
}

/// An event of a plugin's file.
pub fn loaded(event: &str, plugin: &Installed) -> EventRecord {
    EventRecord::of_host(event)
        .with("plugin", &plugin.name)
        .with("version", plugin.version.to_string())
        .with("digest", plugin.digest.to_string())
        .with("signer", plugin.signer.map_or_else(|| "unsigned".to_owned(), |key| key.to_string()))
}

/// That a file's compiled code in the cache was not this host's.
pub fn recompiled(file: &str) -> EventRecord {
    EventRecord::of_host("plugin.recompiled")
        .with("file", file)
        .with("reason", "its compiled code in the cache was not written by this host")
}

pub fn refused(rejected: &Rejected) -> EventRecord {
    EventRecord::of_host("plugin.refused").with("file", &rejected.file).with("reason", &rejected.reason)
}
