//! From the configuration to what each plugin's calls may touch.

use std::sync::Arc;

use tandem_config::{HostConfig, PluginOverride};
use tandem_engine::Limits;
use tandem_package::{Affinity, Package, PluginManifest};

pub use crate::capability::capability;
use crate::{
    failure::LoadFailure,
    live::Policy,
    load::{GrantPolicy, Granted},
    supply::Supply,
};

/// Bytes of log lines of one call. A tool that has more to say answers it.
const LOG_BYTES: usize = 64 << 10;

/// The grants of a host, and the gate before them.
pub struct Grants {
    policy: Arc<Policy>,
    supply: Supply,
    back: bool,
}

impl Grants {
    pub fn new(policy: Arc<Policy>, supply: Supply) -> Self {
        Self { policy, supply, back: false }
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// For an operator who goes back to an older version.
    pub fn back(self) -> Self {
        Self { back: true, ..self }
    }
}

impl GrantPolicy for Grants {
    fn admit(&self, package: &Package) -> Result<(), LoadFailure> {
        let (config, category) = (self.policy.config(), package.manifest.category());
        if !config.tools.enabled_categories.iter().any(|enabled| enabled.matches(category)) {
            return Err(LoadFailure::Disabled(category.to_owned()));
        }
        self.supply.admit(package, self.back)
    }

    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
        granted(&self.policy, manifest)
    }
}

/// What a host grants to a plugin.
pub fn granted(policy: &Arc<Policy>, manifest: &PluginManifest) -> Result<Granted, LoadFailure> {
    let (config, name) = (policy.config(), manifest.plugin.name.as_str());
    let capabilities = policy.admit(name, &manifest.request)?;
    let overrides = overrides(&config, manifest)?;
    let aliases = config.plugins.aliases.get(name).into_iter().flatten();
    Ok(Granted {
        limits: limits(&config, manifest),
        max_deadline: config.limits.deadline.as_duration(),
        prefix: config.plugins.prefixes.get(name).map(ToString::to_string).unwrap_or_default(),
        aliases: aliases.map(|(own, public)| (own.to_string(), public.to_string())).collect(),
        overrides,
        prefers_reactor: config.router.prefer_reactor && config.reactor.enabled,
        capabilities,
        deterministic: None,
    })
}

/// What the operator decides over a manifest: nothing that its plugin cannot work with.
fn overrides(config: &HostConfig, manifest: &PluginManifest) -> Result<PluginOverride, LoadFailure> {
    let name = &manifest.plugin.name;
    let overrides = config.plugins.overrides.get(name).cloned().unwrap_or_default();
    let mut lanes = overrides.tools.values().map(|tool| tool.affinity).chain([overrides.affinity]);
    let needs = manifest.runtime.requires_p2p || !manifest.request.p2p.is_empty();
    if needs && lanes.any(|lane| lane == Some(Affinity::General)) {
        let why = format!(
            "`plugins.overrides.{name}`: the general lane has no p2p, which the plugin needs; use `reactor` or `auto`"
        );
        return Err(LoadFailure::Grants(why));
    }
    Ok(overrides)
}

/// The ceilings of a plugin's calls.
pub fn limits(config: &HostConfig, manifest: &PluginManifest) -> Limits {
    let limits = manifest.limits.within(&config.limits);
    let overrides = config.plugins.overrides.get(&manifest.plugin.name);
    let deadline = overrides.and_then(|overrides| overrides.deadline).unwrap_or(limits.deadline).as_duration();
    Limits {
        memory: limits.memory.as_u64(),
        deadline: deadline.min(config.limits.deadline.as_duration()),
        cpu: limits.cpu.as_duration(),
        output: limits.output.as_u64(),
        log: LOG_BYTES,
        concurrency: limits.concurrency,
    }
}
