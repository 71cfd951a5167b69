//! From the configuration to what each plugin's calls may touch.

use std::{collections::BTreeMap, sync::Arc};

use tandem_config::HostConfig;
use tandem_engine::{BoundSecret, Capability, Directory, DirectoryQuota, Limits};
use tandem_package::{Effective, FsMode, Package, PluginManifest};
use tandem_store::Quota;

use crate::{
    config::below_data,
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

/// What is granted, with this host's paths and values.
pub fn capability(config: &HostConfig, plugin: &str, effective: &Effective) -> Result<Capability, String> {
    let directories = effective.fs.iter().map(|access| {
        let path = below_data(config, access.path.as_path());
        if !path.is_dir() {
            return Err(format!(
                "the directory {} does not exist; make it, or change grants.{plugin}.fs.{}.path",
                path.display(),
                access.name
            ));
        }
        Ok(Directory {
            name: access.name.to_string(),
            path,
            writable: access.mode == FsMode::ReadWrite,
            quota: DirectoryQuota { bytes: access.max_bytes.as_u64(), files: access.max_files },
        })
    });
    Ok(Capability {
        directories: directories.collect::<Result<_, _>>()?,
        env: effective.env.iter().map(|(k, v)| (k.to_string(), v.expose().to_owned())).collect(),
        http: effective.http.clone(),
        secrets: secrets(effective),
        reveal_secrets: effective.reveal_secrets,
        cache: effective.cache.map(|bytes| bytes.as_u64()),
        kv: effective.kv.map(|quota| Quota { bytes: quota.max_bytes.as_u64(), keys: quota.max_keys.into() }),
        invoke: effective.invoke,
        p2p: effective.p2p.clone(),
        config: Arc::new(effective.config.iter().map(|(k, v)| (k.to_string(), v.expose().to_owned())).collect()),
    })
}

fn secrets(effective: &Effective) -> BTreeMap<String, BoundSecret> {
    let bound = effective.secrets.iter().map(|(name, value)| {
        // Without a list of hosts every host would do.
        let hosts = effective.secret_hosts.get(name).cloned().unwrap_or_else(|| vec![Vec::new()]);
        (name.to_string(), BoundSecret { value: value.clone(), hosts })
    });
    bound.collect()
}

impl GrantPolicy for Grants {
    fn admit(&self, package: &Package) -> Result<(), String> {
        self.supply.admit(package, self.back)
    }

    fn grant(&self, manifest: &PluginManifest) -> Result<Granted, String> {
        granted(&self.policy, manifest)
    }
}

/// What a host grants to a plugin.
pub fn granted(policy: &Arc<Policy>, manifest: &PluginManifest) -> Result<Granted, String> {
    let (config, name) = (policy.config(), manifest.plugin.name.as_str());
    let capabilities = policy.admit(name, &manifest.request)?;
    let aliases = config.plugins.aliases.get(name).into_iter().flatten();
    Ok(Granted {
        limits: limits(&config, manifest),
        max_deadline: config.limits.deadline.as_duration(),
        prefix: config.plugins.prefixes.get(name).map(ToString::to_string).unwrap_or_default(),
        aliases: aliases.map(|(own, public)| (own.to_string(), public.to_string())).collect(),
        capabilities,
        fixed: None,
    })
}

/// The ceilings of a plugin's calls.
pub fn limits(config: &HostConfig, manifest: &PluginManifest) -> Limits {
    let limits = manifest.limits.within(&config.limits);
    Limits {
        memory: limits.memory.as_u64(),
        deadline: limits.deadline.as_duration(),
        cpu: limits.cpu.as_duration(),
        output: limits.output.as_u64(),
        log: LOG_BYTES,
        concurrency: limits.concurrency,
    }
}
