//! Lays the sources over each other and reads the result.

use std::collections::BTreeMap;

use tandem_document::{Location, MAX_DEPTH, ManifestErrors, Source, Tree, read};
use tandem_package::{EnvGrant, Grants};
use tandem_types::Setting;

use super::{
    HostConfig, absent,
    origin::Origins,
    paths::{PathBases, anchor},
    reference::{Resolve, resolve_all},
};

/// What environment variables of the configuration start with. Others with this prefix, without a `__`, belong
/// to other parts of the host.
pub(super) const PREFIX: &str = "TANDEM_";

/// Where a configuration comes from.
pub struct ConfigSources<'a> {
    /// The file, as (label, text).
    pub file: Option<(&'a str, &'a str)>,
    /// The environment. `TANDEM_SERVER__PORT` is `server.port`: two underscores part keys, one is a hyphen.
    /// A list is `a,b`, or TOML in brackets.
    pub environment: &'a BTreeMap<String, String>,
    /// Flags as (dotted key, value).
    pub flags: &'a [(String, String)],
    /// Gives the text of `${…}`, or says in a few words why there is none. The answer must not repeat secrets.
    pub resolve: &'a Resolve<'a>,
    /// What relative paths count from.
    pub bases: PathBases<'a>,
}

impl std::fmt::Debug for ConfigSources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigSources").field("file", &self.file.map(|file| file.0)).finish_non_exhaustive()
    }
}

impl HostConfig {
    /// Reads a configuration from its layers.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use tandem_config::{ConfigSources, HostConfig, Origin, PathBases, ReferenceError};
    ///
    /// let environment = BTreeMap::from([("TANDEM_SERVER__PORT".to_owned(), "9000".to_owned())]);
    /// let config = HostConfig::load(&ConfigSources {
    ///     file: Some(("tandem.toml", "[server]\nport = 8080\nhost = '127.0.0.2'\n")),
    ///     environment: &environment,
    ///     flags: &[],
    ///     resolve: &|_| Err(ReferenceError::Unavailable),
    ///     bases: PathBases::default(),
    /// })?;
    /// assert_eq!(config.server.port, 9000);
    /// assert_eq!(config.origin("server.port"), Origin::Env("TANDEM_SERVER__PORT".into()));
    /// assert_eq!(config.origin("server.host"), Origin::File);
    /// # Ok::<(), tandem_document::ManifestErrors>(())
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn load(sources: &ConfigSources<'_>) -> Result<Self, ManifestErrors> {
        let mut tree = sources.file.map_or_else(Tree::empty, |(label, text)| Tree::parse(label, text, is_secret));
        for (name, value) in sources.environment {
            if let Some(path) = name.strip_prefix(PREFIX).filter(|rest| rest.contains("__")) {
                overlay(&mut tree, variable_keys(path), value, Source::Variable(name.clone()));
            }
        }
        for (key, value) in sources.flags {
            overlay(&mut tree, key.split('.').map(str::to_owned).collect(), value, Source::Flag(key.clone()));
        }
        absent::refuse(&mut tree);
        resolve_all(&mut tree, sources.resolve, &sources.bases);
        let mut config: Self = read(&tree)?;
        config.origins = Origins::new(&tree);
        anchor(&mut config, &sources.bases);
        config.grants.values_mut().for_each(|grants| inherit(grants, sources.environment));
        for tenant in config.tenants.values_mut() {
            tenant.grants.values_mut().for_each(|grants| inherit(grants, sources.environment));
        }
        Ok(config)
    }
}

/// Keys under which clear text is never shown.
fn is_secret(key: &str) -> bool {
    matches!(key, "secrets" | "token" | "metrics-token" | "keys" | "psk" | "password")
}

fn overlay(tree: &mut Tree, path: Vec<String>, value: &str, source: Source) {
    if path.len() > MAX_DEPTH || path.iter().any(String::is_empty) {
        let place = Location { source: tree.sources.len(), span: 0..0 };
        tree.sources.push(source);
        let error = tree.error_at(
            &place,
            "its name is not a key; write `SECTION.KEY` or `TANDEM_SECTION__KEY`".to_owned(),
            None,
        );
        tree.errors.push(error);
        return;
    }
    tree.overlay(&path, value.to_owned(), source);
}

/// The keys of a variable's name. Names of variables, which stand under `env`, keep their case.
fn variable_keys(path: &str) -> Vec<String> {
    let mut under_env = false;
    let keys = path.split("__").map(|key| {
        let kept = under_env;
        under_env = key == "ENV";
        if kept { key.to_owned() } else { key.to_ascii_lowercase().replace('_', "-") }
    });
    keys.collect()
}

/// Puts the host's own variables in where they are granted.
fn inherit(grants: &mut Grants, environment: &BTreeMap<String, String>) {
    for (name, grant) in grants.env.iter_mut().flatten() {
        if let (EnvGrant::Inherit, Some(value)) = (&*grant, environment.get(name.as_str())) {
            *grant = EnvGrant::Value(Setting::hidden(value));
        }
    }
}
