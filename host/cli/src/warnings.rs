//! What an operator probably did not mean: it is no error, and nothing of it counts.

use std::collections::{BTreeMap, BTreeSet};

use tandem_catalog::Catalog;
use tandem_manifest::{HostConfig, stray_variables};

/// Variables that are no settings and that the host, its commands or its authors' tools read. A test compares the list with
/// the sources.
const VARIABLES: [&str; 7] =
    ["TANDEM_BOOTSTRAP", "TANDEM_DEV", "TANDEM_JCO", "TANDEM_SDK", "TANDEM_TOKEN", "TANDEM_URL", "TANDEM_ZIG"];

/// Variables of the environment that look like settings, and that nothing reads.
pub(crate) fn variables(environment: &BTreeMap<String, String>) -> Vec<String> {
    let strays = stray_variables(environment, &VARIABLES).into_iter();
    let text = strays.map(|stray| match stray.meant {
        Some(meant) => format!("environment variable {} is read by nothing; did you mean {meant}?", stray.name),
        None => format!("environment variable {} is read by nothing", stray.name),
    });
    text.collect()
}

/// Grants for plugins that are not loaded: a slip in the name, or a plugin that was left out.
pub(crate) fn grants(config: &HostConfig, catalog: &Catalog) {
    let loaded: BTreeSet<String> = catalog.plugins().into_iter().filter_map(|plugin| plugin.name).collect();
    for key in unused(config, &loaded) {
        tracing::warn!(
            "{key}: no plugin of this name is loaded, so nothing has these grants; check the name, or see `tandem list`"
        );
    }
}

fn unused(config: &HostConfig, loaded: &BTreeSet<String>) -> Vec<String> {
    let of_all = config.grants.keys().map(|plugin| (plugin, format!("grants.{plugin}")));
    let of_tenants = config.tenants.iter().flat_map(|(tenant, table)| {
        table.grants.keys().map(move |plugin| (plugin, format!("tenants.{tenant}.grants.{plugin}")))
    });
    of_all.chain(of_tenants).filter(|(plugin, _)| !loaded.contains(plugin.as_str())).map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_for_plugins_that_are_not_there_are_named() {
        let text = "[grants.echo]\nkv = true\n[grants.ehco]\nkv = true\n[tenants.acme.grants.ehco]\nkv = false\n";
        let environment = BTreeMap::new();
        let sources = tandem_manifest::ConfigSources {
            file: Some(("tandem.toml", text)),
            environment: &environment,
            flags: &[],
            resolve: &|_| Err(String::new()),
        };
        let config = HostConfig::load(&sources).unwrap();
        assert_eq!(unused(&config, &BTreeSet::from(["echo".to_owned()])), ["grants.ehco", "tenants.acme.grants.ehco"]);
    }

    /// The names in string literals of the host's sources that begin as variables of ours do. Settings' have `__`.
    fn in_sources(directory: &std::path::Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                in_sources(&path, found);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            // What tests set for themselves is not read by the host.
            let text = text.split("#[cfg(test)]").next().unwrap();
            for rest in text.split("\"TANDEM_").skip(1) {
                let name = rest.split('"').next().unwrap();
                if !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                    && !name.contains("__")
                {
                    found.insert(format!("TANDEM_{name}"));
                }
            }
        }
    }

    #[test]
    fn every_variable_that_the_host_reads_is_known() {
        let mut found = BTreeSet::new();
        let host = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in ["cli", "engine", "gateway", "manifest", "reactor", "registry", "router", "store", "catalog"] {
            in_sources(&host.join(name).join("src"), &mut found);
        }
        assert!(VARIABLES.iter().is_sorted());
        assert_eq!(found.into_iter().collect::<Vec<_>>(), VARIABLES);
    }
}
