//! Which directory each path of a configuration counts from.
//!
//! **Promises.** A path that a file names means the same wherever the host was started: it counts from the file's directory. What
//! flags and variables name counts from the working directory, as in any command. The store's file alone is below the data
//! directory, whoever names it.

use tandem_package::Grants;

use super::{HostConfig, Origin};

/// The directories that relative paths count from. They are absolute, or empty: then the paths stay as they were written.
#[derive(Clone, Copy, Debug, Default)]
pub struct PathBases<'a> {
    /// What the file names counts from here: the file's own directory.
    pub file: &'a str,
    /// What flags and variables name counts from here: the working directory.
    pub working: &'a str,
    /// Where plugins and trust roots are unless they are named.
    pub installed: &'a str,
    /// Where the data directory is unless it is named.
    pub data: &'a str,
}

/// A path, or a pattern of paths, in which a few characters of the directory before it have to be escaped.
#[derive(Clone, Copy)]
enum Form {
    Path,
    Pattern,
}

/// Puts the bases before every relative path.
pub(super) fn anchor(config: &mut HostConfig, bases: &PathBases<'_>) {
    let origins = std::mem::take(&mut config.origins);
    let base = |key: &str, default: &'_ str| match origins.of(key) {
        Origin::File => bases.file.to_owned(),
        Origin::Env(_) | Origin::Flag => bases.working.to_owned(),
        Origin::Default => default.to_owned(),
    };
    let below = |path: &mut String, key: &str, default: &str| place(path, &base(key, default), Form::Path);
    let plugins = &mut config.plugins;
    below(&mut plugins.directory, "plugins.directory", bases.installed);
    below(&mut plugins.data_directory, "plugins.data-directory", bases.data);
    if let Some(directory) = &mut plugins.compiled_directory {
        below(directory, "plugins.compiled-directory", bases.data);
    }
    for (key, patterns) in
        [("plugins.trust-roots", &mut plugins.trust_roots), ("plugins.revoked", &mut plugins.revoked)]
    {
        let base = base(key, bases.installed);
        patterns.iter_mut().for_each(|pattern| place(pattern, &base, Form::Pattern));
    }
    config.http.authorities.iter_mut().for_each(|file| below(file, "http.authorities", bases.installed));
    if let Some(directory) = &mut config.p2p.discovery.directory {
        below(directory, "p2p.discovery.directory", bases.data);
    }
    for (name, upstream) in &mut config.upstreams {
        if let Some(cwd) = &mut upstream.cwd {
            below(cwd, &format!("upstreams.{name}.cwd"), bases.data);
        }
    }
    let of_grants = |key: &str, grants: &mut Grants| {
        for (name, grant) in grants.fs.iter_mut().flatten() {
            grant.path.count_from(&base(&format!("{key}.fs.{name}.path"), bases.data));
        }
    };
    for (plugin, grants) in &mut config.grants {
        of_grants(&format!("grants.{plugin}"), grants);
    }
    for (tenant, table) in &mut config.tenants {
        for (plugin, grants) in &mut table.grants {
            of_grants(&format!("tenants.{tenant}.grants.{plugin}"), grants);
        }
    }
    config.origins = origins;
}

fn place(path: &mut String, base: &str, form: Form) {
    if base.is_empty() || path.starts_with('/') {
        return;
    }
    let base = match form {
        Form::Path => base.to_owned(),
        Form::Pattern => escaped(base),
    };
    *path = tandem_types::below(&base, path);
}

/// A directory's name as a pattern that fits only itself.
fn escaped(base: &str) -> String {
    let mut text = String::with_capacity(base.len());
    for sign in base.chars() {
        match sign {
            '?' | '*' | '[' | ']' => text.extend(['[', sign, ']']),
            sign => text.push(sign),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ConfigSources;

    const BASES: PathBases<'_> = PathBases { file: "/etc/a*b", working: "/work", installed: "/opt", data: "/var" };

    fn load(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> HostConfig {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let (environment, flags): (BTreeMap<_, _>, Vec<_>) =
            (variables.iter().map(owned).collect(), flags.iter().map(owned).collect());
        let sources = ConfigSources {
            file: Some(("tandem.toml", file)),
            environment: &environment,
            flags: &flags,
            resolve: &|_| Err(crate::ReferenceError::Unavailable),
            bases: BASES,
        };
        HostConfig::load(&sources).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
    }

    /// Every setting that names a path, and what it is after it was read.
    fn paths(config: &HostConfig) -> Vec<String> {
        let grant =
            |grants: &BTreeMap<tandem_types::Name, Grants>| grants["p"].fs.as_ref().unwrap()["d"].path.to_string();
        vec![
            config.plugins.directory.clone(),
            config.plugins.data_directory.clone(),
            config.plugins.compiled_directory.clone().unwrap(),
            config.plugins.trust_roots[0].clone(),
            config.plugins.revoked[0].clone(),
            config.http.authorities[0].clone(),
            config.p2p.discovery.directory.clone().unwrap(),
            grant(&config.grants),
            grant(&config.tenants["t"].grants),
        ]
    }

    const KEYS: [&str; 9] = [
        "plugins.directory",
        "plugins.data-directory",
        "plugins.compiled-directory",
        "plugins.trust-roots",
        "plugins.revoked",
        "http.authorities",
        "p2p.discovery.directory",
        "grants.p.fs.d",
        "tenants.t.grants.p.fs.d",
    ];

    fn file(value: &str) -> String {
        KEYS.map(|key| match key {
            "plugins.trust-roots" | "plugins.revoked" | "http.authorities" => format!("{key} = ['{value}']\n"),
            _ => format!("{key} = '{value}'\n"),
        })
        .concat()
    }

    #[test]
    fn what_a_file_names_counts_from_the_file() {
        let shown = paths(&load(&file("x"), &[], &[]));
        for (key, path) in KEYS.iter().zip(&shown) {
            let pattern = matches!(*key, "plugins.trust-roots" | "plugins.revoked");
            assert_eq!(path, if pattern { "/etc/a[*]b/x" } else { "/etc/a*b/x" }, "{key}");
        }
        assert!(paths(&load(&file("/x"), &[], &[])).iter().all(|path| path == "/x"));
        // A grant takes no `..` at all.
        let detours = file("../x");
        let detours: Vec<&str> = detours.lines().filter(|line| !line.contains("grants")).collect();
        let beside = load(&detours.join("\n"), &[], &[]);
        assert_eq!(beside.plugins.directory, "/etc/x", "without the detour");
        assert_eq!(beside.plugins.data_directory, "/etc/x");
    }

    #[test]
    fn what_flags_and_variables_name_counts_from_the_working_directory() {
        let flags: Vec<(&str, &str)> = KEYS.iter().map(|key| (*key, "y")).collect();
        assert!(paths(&load(&file("x"), &[], &flags)).iter().all(|path| path == "/work/y"));
        let config = load("", &[("TANDEM_PLUGINS__DIRECTORY", "z")], &[("grants.p.fs.d.path", "y")]);
        assert_eq!(config.plugins.directory, "/work/z");
        assert_eq!(config.grants["p"].fs.as_ref().unwrap()["d"].path.to_string(), "/work/y");
    }

    #[test]
    fn defaults_have_places_of_their_own() {
        let config = load("", &[], &[]);
        assert_eq!(config.plugins.directory, "/opt/plugins");
        assert_eq!(config.plugins.trust_roots, ["/opt/keys/*.pub"]);
        assert_eq!(config.plugins.data_directory, "/var/data");
        assert_eq!(config.store.url.path(), "tandem.db", "it is below the data directory");
    }

    /// A new setting that names a path must be in the list above.
    #[test]
    fn every_setting_that_names_a_path_is_known() {
        let known = KEYS.map(|key| key.replace(".p.fs.d", ".*.fs.*.path").replace(".t.", ".*."));
        for key in HostConfig::keys() {
            let last = key.rsplit('.').next().unwrap();
            let named = ["path", "directory", "trust-roots", "revoked", "authorities"].contains(&last);
            let is_path = (named || last.ends_with("-directory") || last.ends_with("-file")) && !key.contains(".http.");
            assert!(!is_path || known.contains(&key), "{key}");
        }
    }
}
