//! The names of the tools that a host would serve, read from its plugin files. No code is compiled or run.

use std::path::PathBuf;

use tandem_config::{HostConfig, SupplyPolicy};
use tandem_package::{Installed, Package};
use tandem_runtime::{load::LoadOptions, supply};

use crate::package;

/// A name under which a tool may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedName {
    pub name: String,
    pub plugin: String,
    /// The tool's own name here, where `name` is an alias of it.
    pub alias_of: Option<String>,
}

/// The names of a plugin directory, and why files of it would not be served.
#[derive(Clone, Debug, Default)]
pub struct Served {
    pub names: Vec<ServedName>,
    pub left_out: Vec<String>,
}

impl Served {
    /// Reads the plugin directory of a configuration.
    pub fn of(config: &HostConfig) -> anyhow::Result<Self> {
        let (options, mut served) = (LoadOptions::of(config)?, Self::default());
        let Ok(entries) = std::fs::read_dir(&options.directory) else {
            served.left_out.push(format!("cannot read the plugin directory {}", options.directory.display()));
            return Ok(served);
        };
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
        files.sort();
        let revoked = supply::revoked(config)?;
        for file in files {
            let read = || {
                let package = Package::open(&package::read(&file)?, &options.roots, options.signatures)?;
                SupplyPolicy::new(config, &revoked).admit(&Installed::of(&package), None)?;
                Ok::<_, anyhow::Error>(package)
            };
            match read() {
                Ok(package) => served.add(config, &package),
                Err(error) => served.left_out.push(format!("{}: {error:#}", file.display())),
            }
        }
        Ok(served)
    }

    fn add(&mut self, config: &HostConfig, package: &Package) {
        let (manifest, plugins) = (&package.manifest, &config.plugins);
        if !config.tools.enabled_categories.iter().any(|enabled| enabled.matches(manifest.category())) {
            return;
        }
        let plugin = &manifest.plugin.name;
        let prefix = plugins.prefixes.get(plugin).map(ToString::to_string).unwrap_or_default();
        let renamed = |own: &str| plugins.aliases.get(plugin).and_then(|aliases| aliases.get(own));
        for tool in &package.descriptors.tools {
            let name = renamed(&tool.name).map_or_else(|| format!("{prefix}{}", tool.name), ToString::to_string);
            for alias in manifest.aliases(&tool.name) {
                let (alias, plugin) = (format!("{prefix}{}", alias.name), plugin.to_string());
                self.names.push(ServedName { name: alias, plugin, alias_of: Some(name.clone()) });
            }
            self.names.push(ServedName { name, plugin: plugin.to_string(), alias_of: None });
        }
    }
}
