//! What an operator probably did not mean: it is no error, and nothing of it counts.

use std::{collections::BTreeMap, path::Path};

use tandem_catalog::Catalog;
use tandem_config::{HostConfig, stray_variables};
use tandem_package::{Grants, Package, Request, TrustRoots};
use tandem_types::nearest;

use crate::{config::resolve_data_path, live::Policy};

/// Variables that are no settings and that the host, its commands or its authors' tools read. A test compares the list with
/// the sources.
const VARIABLES: [&str; 7] =
    ["TANDEM_BOOTSTRAP", "TANDEM_DEV", "TANDEM_JCO", "TANDEM_SDK", "TANDEM_TOKEN", "TANDEM_URL", "TANDEM_ZIG"];

/// Variables of the environment that look like settings, and that nothing reads.
pub fn variables(environment: &BTreeMap<String, String>) -> Vec<String> {
    let strays = stray_variables(environment, &VARIABLES).into_iter();
    let text = strays.map(|stray| match stray.meant {
        Some(meant) => format!("environment variable {} is unknown; did you mean {meant}?", stray.name),
        None => format!("environment variable {} is unknown", stray.name),
    });
    text.collect()
}

/// Warns of grants that nothing has, while a host runs; see [`idle_grants`].
pub fn grants(config: &HostConfig, catalog: &Catalog, policy: &Policy) {
    let mut known = policy.requests();
    // One that is still being compiled has a name, and its request is not known.
    for name in catalog.plugins().into_iter().filter_map(|plugin| plugin.name) {
        known.entry(name).or_default();
    }
    idle_grants(config, &known, "loaded").iter().for_each(|warning| tracing::warn!("{warning}"));
}

/// The same, for the files of the plugin directory. Nobody's signature is asked for: their names and requests are enough.
pub fn grants_of_files(config: &HostConfig) -> Vec<String> {
    let directory = Path::new(&config.plugins.directory);
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return vec![format!("the plugin directory {} cannot be read: {error}", directory.display())],
    };
    let mut known = BTreeMap::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|ending| ending == "wasm")
            && let Ok(bytes) = crate::load::read_file(&path)
            && let Ok((package, _)) = Package::inspect(&bytes, &TrustRoots::none())
        {
            known.insert(package.manifest.plugin.name.to_string(), Some(package.manifest.request));
        }
    }
    idle_grants(config, &known, &format!("in {}", directory.display()))
}

/// Grants that have no effect: a slip in the name of a plugin, of what it requests, or of a directory.
fn idle_grants(config: &HostConfig, known: &BTreeMap<String, Option<Request>>, place: &str) -> Vec<String> {
    let of_all = config.grants.iter().map(|(plugin, grants)| (plugin, grants, format!("grants.{plugin}")));
    let of_tenants = config.tenants.iter().flat_map(|(tenant, table)| {
        let key = move |plugin| format!("tenants.{tenant}.grants.{plugin}");
        table.grants.iter().map(move |(plugin, grants)| (plugin, grants, key(plugin)))
    });
    let mut found = Vec::new();
    for (plugin, grants, key) in of_all.chain(of_tenants) {
        match known.get(plugin.as_str()) {
            None => {
                let near = nearest(plugin.as_str(), known.keys().map(String::as_str));
                let near = near.map_or_else(
                    || "check the name, or see `tandem plugin list`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                found.push(format!("{key}: no plugin of this name is {place}, so nothing has these grants; {near}"));
            }
            Some(request) => {
                found.extend(missing_directories(config, &key, grants));
                for idle in request.iter().flat_map(|request| grants.idle(request)) {
                    let near = idle.meant.map(|meant| format!("; did you mean {key}.{meant}?")).unwrap_or_default();
                    found.push(format!(
                        "{key}.{}: `{plugin}` does not request it, so it has no effect{near}",
                        idle.item
                    ));
                }
            }
        }
    }
    found
}

fn missing_directories(config: &HostConfig, key: &str, grants: &Grants) -> Vec<String> {
    let missing = |(name, grant): (_, &tandem_package::FsGrant)| {
        // The host makes those of each tenant itself.
        let path = resolve_data_path(config, grant.path.as_path());
        let missing = grant.path.of_tenant("default").is_none() && !path.is_dir();
        missing.then(|| format!("{key}.fs.{name}: the directory {} does not exist; create it", path.display()))
    };
    grants.fs.iter().flatten().filter_map(missing).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn grants_that_nothing_has_are_named_with_what_was_meant() {
        let text = "[grants.echo]\nkv = true\ncache = true\nfs.dta = \"/nonexistent\"\nfs.data = \"/\"\n\
                    http = [\"b.example\", \"a.example\"]\nallow = [\"peers\"]\n\
                    [grants.ehco]\nkv = true\n[tenants.acme.grants.ehco]\nkv = false\n";
        let environment = BTreeMap::new();
        let sources = tandem_config::ConfigSources {
            file: Some(("tandem.toml", text)),
            environment: &environment,
            flags: &[],
            bases: Default::default(),
            resolve: &|_| Err(tandem_config::ReferenceError::Unavailable),
        };
        let config = HostConfig::load(&sources).unwrap();
        let request: Request = serde_json::from_value(serde_json::json!({
            "kv": { "max-bytes": "1MiB", "max-keys": 1 }, "fs": [{ "name": "data", "mode": "read-only" }],
            "http": [{ "host": "a.example" }],
        }))
        .unwrap();
        let known = BTreeMap::from([("echo".to_owned(), Some(request)), ("other".to_owned(), None)]);
        let found = idle_grants(&config, &known, "loaded");
        let begins = [
            "grants.echo.fs.dta: the directory /nonexistent does not exist",
            "grants.echo.fs.dta: `echo` does not request it, so it has no effect; did you mean grants.echo.fs.data?",
            "grants.echo.http.b.example: `echo` does not request it",
            "grants.echo.cache: `echo` does not request it",
            "grants.echo.allow.peers: `echo` does not request it",
            "grants.ehco: no plugin of this name is loaded, so nothing has these grants; did you mean `echo`?",
            "tenants.acme.grants.ehco: no plugin of this name",
        ];
        assert_eq!(found.len(), begins.len(), "{found:#?}");
        for (found, begin) in found.iter().zip(begins) {
            assert!(found.starts_with(begin), "{found} does not begin with {begin}");
        }
    }

    /// The names in string literals of the host's sources that begin as variables of ours do. Settings' have `__`.
    fn in_sources(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            // Tests alone, which write documents.
            if path.ends_with("cli/src/documented") {
                continue;
            }
            if path.is_dir() {
                in_sources(&path, found);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            // What tests set for themselves is not read by the host.
            let text = text.split("#[cfg(test)]").next().unwrap();
            let parts: Vec<&str> = text.split("\"TANDEM_").collect();
            for pair in parts.windows(2) {
                let (before, rest) = (pair[0], pair[1]);
                let name = rest.split('"').next().unwrap();
                // What the compiler reads is no variable of a host's.
                if !name.is_empty()
                    && !before.ends_with("env!(")
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
        let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for part in std::fs::read_dir(host).unwrap() {
            in_sources(&part.unwrap().path().join("src"), &mut found);
        }
        assert!(VARIABLES.iter().is_sorted());
        assert_eq!(found.into_iter().collect::<Vec<_>>(), VARIABLES);
    }
}
