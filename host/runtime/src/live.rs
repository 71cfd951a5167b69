//! What each plugin has for each tenant *now*: the configuration with what an operator changed since.
//!
//! Every loaded plugin asks here, at each use of a capability. A change, of the grants in the configuration or over
//! it, is computed for all tenants and put in its place at once: a use sees the state before or after it, never a part.

use std::{
    collections::{BTreeMap, HashMap},
    os::unix::fs::DirBuilderExt as _,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use arc_swap::ArcSwap;
use tandem_config::HostConfig;
use tandem_engine::{Capabilities, Capability};
use tandem_package::{Effective, Explained, Overlays, Request};

use crate::{capability::capability, config::resolve_data_path, failure::LoadFailure};

/// What [`Policy::exchange`] takes over; all that is below them too.
const EXCHANGED: [&str; 9] = [
    "grants",
    "tenants",
    "upstreams",
    "p2p.allow",
    "p2p.block",
    "p2p.tenant",
    "p2p.tenants",
    "p2p.require-token",
    "p2p.tokens",
];

fn is_exchanged(key: &str) -> bool {
    let below = |table: &str| key.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    EXCHANGED.into_iter().any(below)
}

/// The grants of the configuration and the changes over it.
pub struct Policy {
    config: ArcSwap<HostConfig>,
    state: Mutex<PolicyState>,
}

#[derive(Default)]
struct PolicyState {
    overlays: Overlays,
    plugins: Vec<LoadedPlugin>,
}

/// A plugin that is loaded, or was, and calls of which may still run.
struct LoadedPlugin {
    name: String,
    request: Request,
    live: Weak<LiveGrants>,
}

/// The capabilities of one loaded plugin.
pub struct LiveGrants(ArcSwap<ByTenant>);

struct ByTenant {
    everybody: Arc<Capability>,
    tenants: HashMap<String, Arc<Capability>>,
}

impl Capabilities for LiveGrants {
    fn of(&self, tenant: &str) -> Arc<Capability> {
        let current = self.0.load();
        current.tenants.get(tenant).unwrap_or(&current.everybody).clone()
    }
}

/// What a plugin has for a tenant, for people and machines.
#[derive(Debug, serde::Serialize)]
pub struct GrantStatus {
    plugin: String,
    /// None is every tenant that the configuration does not name.
    tenant: Option<String>,
    capabilities: Vec<Explained>,
    /// What was changed at run time for this plugin and this party; values are not shown.
    changed: Vec<String>,
    /// Changes at run time that have no effect, since the plugin does not request it; and what was probably meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without_effect: Vec<String>,
}

impl Policy {
    pub fn new(config: Arc<HostConfig>, overlays: Overlays) -> Arc<Self> {
        Arc::new(Self {
            config: ArcSwap::new(config),
            state: Mutex::new(PolicyState { overlays, plugins: Vec::new() }),
        })
    }

    /// The configuration, with the grants and tenants that count now.
    pub fn config(&self) -> Arc<HostConfig> {
        self.config.load_full()
    }

    /// The capabilities of a plugin that is being loaded, which follow every later change.
    pub fn admit(&self, name: &str, request: &Request) -> Result<Arc<LiveGrants>, LoadFailure> {
        self.take(name, request, true)
    }

    /// A plugin that is only to be shown.
    pub fn know(&self, name: &str, request: &Request) -> Option<Arc<LiveGrants>> {
        self.take(name, request, false).ok()
    }

    fn take(&self, name: &str, request: &Request, strict: bool) -> Result<Arc<LiveGrants>, LoadFailure> {
        let mut state = self.state();
        let by_tenant = by_tenant(&self.config(), name, request, &state.overlays, strict)?;
        let live = Arc::new(LiveGrants(ArcSwap::from_pointee(by_tenant)));
        state.plugins.retain(|known| known.live.strong_count() > 0);
        let known = LoadedPlugin { name: name.to_owned(), request: request.clone(), live: Arc::downgrade(&live) };
        state.plugins.push(known);
        Ok(live)
    }

    /// Puts these changes in the place of all others. The next use of a capability sees them.
    pub fn replace(&self, overlays: Overlays) {
        let mut state = self.state();
        state.overlays = overlays;
        let config = self.config();
        let PolicyState { overlays, plugins } = &mut *state;
        plugins.retain(|known| {
            let Some(live) = known.live.upgrade() else { return false };
            match by_tenant(&config, &known.name, &known.request, overlays, false) {
                Ok(next) => live.0.store(Arc::new(next)),
                Err(error) => {
                    // Fail closed.
                    tracing::error!(plugin = known.name, %error, "grants: cannot be provided; the plugin has none now");
                    live.0.store(Arc::new(ByTenant { everybody: Arc::default(), tenants: HashMap::new() }));
                }
            }
            true
        });
    }

    /// The settings of `next` that differ from those in force and are not among those that [`Policy::exchange`] takes over:
    /// they need a restart.
    pub fn needs_restart(&self, next: &HostConfig) -> Vec<String> {
        let mut keys = self.config().changed(next);
        keys.retain(|key| !is_exchanged(key));
        keys
    }

    /// Puts the grants and tenants of another configuration in the place of the present ones, if they can be had for
    /// every loaded plugin and `and` succeeds; else nothing changes. The next use of a capability sees them.
    pub fn exchange<T>(&self, next: &HostConfig, and: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut state = self.state();
        // What else the new file says counts from the next start on. `EXCHANGED` says the same in words.
        let mut config = HostConfig::clone(&self.config());
        config.grants.clone_from(&next.grants);
        config.tenants.clone_from(&next.tenants);
        config.upstreams.clone_from(&next.upstreams);
        config.p2p.tenant.clone_from(&next.p2p.tenant);
        config.p2p.tenants.clone_from(&next.p2p.tenants);
        config.p2p.allow.clone_from(&next.p2p.allow);
        config.p2p.block.clone_from(&next.p2p.block);
        config.p2p.require_token = next.p2p.require_token;
        config.p2p.tokens.clone_from(&next.p2p.tokens);
        let PolicyState { overlays, plugins } = &mut *state;
        let mut ready = Vec::new();
        for known in plugins.iter() {
            let Some(live) = known.live.upgrade() else { continue };
            let by_tenant = by_tenant(&config, &known.name, &known.request, overlays, true);
            ready.push((live, by_tenant.map_err(|error| anyhow::anyhow!("plugin `{}`: {error}", known.name))?));
        }
        let done = and()?;
        self.config.store(Arc::new(config));
        ready.into_iter().for_each(|(live, next)| live.0.store(Arc::new(next)));
        Ok(done)
    }

    /// What each loaded plugin requests.
    pub fn requests(&self) -> BTreeMap<String, Option<Request>> {
        let state = self.state();
        let loaded = state.plugins.iter().filter(|known| known.live.strong_count() > 0);
        loaded.map(|known| (known.name.clone(), Some(known.request.clone()))).collect()
    }

    pub fn overlays(&self) -> Overlays {
        self.state().overlays.clone()
    }

    /// The loaded plugins' grants, of one plugin or all, for everybody and each named tenant, or for one tenant.
    pub fn shown(&self, plugin: Option<&str>, tenant: Option<&str>) -> Vec<GrantStatus> {
        let (state, config) = (self.state(), self.config());
        let mut shown: Vec<GrantStatus> = Vec::new();
        for known in state.plugins.iter().filter(|known| known.live.strong_count() > 0) {
            if plugin.is_some_and(|plugin| plugin != known.name) {
                continue;
            }
            // A newer one of the same name counts, while calls of the older one still run.
            shown.retain(|other| other.plugin != known.name);
            let named = config.tenants_of(&known.name, &state.overlays).into_iter().map(Some);
            let all: Vec<Option<&str>> = match tenant {
                Some(tenant) => vec![Some(tenant)],
                None => std::iter::once(None).chain(named).collect(),
            };
            shown.extend(all.into_iter().map(|tenant| show(&config, known, tenant, &state.overlays)));
        }
        shown.sort_by(|a, b| (&a.plugin, &a.tenant).cmp(&(&b.plugin, &b.tenant)));
        shown
    }

    fn state(&self) -> std::sync::MutexGuard<'_, PolicyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn show(config: &HostConfig, known: &LoadedPlugin, tenant: Option<&str>, overlays: &Overlays) -> GrantStatus {
    let effective = config.effective_with(&known.name, &known.request, tenant.unwrap_or(""), overlays);
    let mine = overlays
        .iter()
        .filter(|(plugin, party, _)| plugin.as_str() == known.name && party.map(tandem_types::Name::as_str) == tenant);
    let changes: Vec<_> = mine.flat_map(|(_, _, overlay)| overlay.changes()).collect();
    let idle = changes.iter().filter_map(|(item, change)| change.idle(item, &known.request));
    let without_effect = idle.map(|idle| match idle.meant {
        Some(meant) => format!("{} (did you mean {meant}?)", idle.item),
        None => idle.item,
    });
    let without_effect = without_effect.collect();
    let changed = changes.iter().map(|(item, change)| match change {
        tandem_package::GrantChange::Revoke => format!("-{item}"),
        tandem_package::GrantChange::Grant(_) => format!("+{item}"),
    });
    GrantStatus {
        plugin: known.name.clone(),
        tenant: tenant.map(str::to_owned),
        capabilities: effective.explain().to_vec(),
        changed: changed.collect(),
        without_effect,
    }
}

/// `strict` refuses directories that are not there; else they are left out.
fn by_tenant(
    config: &HostConfig,
    name: &str,
    request: &Request,
    overlays: &Overlays,
    strict: bool,
) -> Result<ByTenant, LoadFailure> {
    let capability_of = |tenant: &str| {
        let mut effective = config.effective_with(name, request, tenant, overlays);
        own_directories(config, &mut effective, tenant)?;
        if !strict {
            leave_out_missing(config, name, &mut effective);
        }
        capability(config, name, &effective).map(Arc::new)
    };
    // A tenant that nothing names has what the operator grants to all.
    let everybody = capability_of("")?;
    let mut tenants = HashMap::new();
    for tenant in config.tenants_of(name, overlays) {
        tenants.insert(tenant.to_owned(), capability_of(tenant)?);
    }
    Ok(ByTenant { everybody, tenants })
}

fn leave_out_missing(config: &HostConfig, plugin: &str, effective: &mut Effective) {
    effective.fs.retain(|access| {
        let path = resolve_data_path(config, access.path.as_path());
        let there = path.is_dir();
        if !there {
            tracing::warn!(plugin, directory = %path.display(), "grants: directory does not exist and is left out");
        }
        there
    });
}

/// Makes the directories that each tenant has for itself.
fn own_directories(config: &HostConfig, effective: &mut Effective, tenant: &str) -> Result<(), LoadFailure> {
    // A caller that no tenant's table names is the local one.
    let tenant = if tenant.is_empty() { "default" } else { tenant };
    for access in &mut effective.fs {
        let Some(own) = access.path.of_tenant(tenant) else { continue };
        access.path = own;
        let path = resolve_data_path(config, access.path.as_path());
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| LoadFailure::Grants(format!("cannot create the directory {}: {error}", path.display())))?;
    }
    Ok(())
}
