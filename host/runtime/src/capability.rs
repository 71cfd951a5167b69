//! What the engine is given for what is granted.

use std::{collections::BTreeMap, sync::Arc};

use tandem_config::HostConfig;
use tandem_engine::{BoundSecret, Capability, Directory, DirectoryQuota};
use tandem_package::{Effective, FsMode};

use crate::{config::resolve_data_path, failure::LoadFailure};

/// What is granted, with this host's paths and values.
pub fn capability(config: &HostConfig, plugin: &str, effective: &Effective) -> Result<Capability, LoadFailure> {
    let directories = effective.fs.iter().map(|access| {
        let path = resolve_data_path(config, access.path.as_path());
        if !path.is_dir() {
            return Err(LoadFailure::Grants(format!(
                "the directory {} does not exist; create it, or change grants.{plugin}.fs.{}.path",
                path.display(),
                access.name
            )));
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
        internal: effective.internal,
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
