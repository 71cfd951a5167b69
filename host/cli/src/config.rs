//! Reads the configuration of a host, and `tandem config`.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tandem_manifest::{ConfigSources, HostConfig, Reference, StoreUrl};

use crate::{
    args::{Config, ConfigCommand, Source},
    exit::Exit,
    package::drawn,
};

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "tandem.toml";

/// The effective configuration: defaults, then the file, the environment, the flags.
pub(crate) fn load(source: &Source) -> anyhow::Result<HostConfig> {
    let file = match &source.config {
        Some(path) => Some(path.clone()),
        None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
    };
    let file = file.map(|path| Ok::<_, anyhow::Error>((path.display().to_string(), text(&path)?))).transpose()?;
    let environment: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let flags = source
        .set
        .iter()
        .map(|setting| match setting.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => bail!("--set {setting}: write it as KEY=VALUE"),
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    HostConfig::load(&ConfigSources {
        file: file.as_ref().map(|(label, text)| (label.as_str(), text.as_str())),
        environment: &environment,
        flags: &flags,
        resolve: &|reference| match reference {
            Reference::Env(name) => environment.get(name).cloned().ok_or_else(|| format!("{name} is not set")),
            Reference::File(path) => std::fs::read_to_string(path).map_err(|error| error.to_string()),
        },
    })
    .map_err(|errors| drawn(&errors))
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))
}

/// A path of the configuration: relative ones are below the data directory.
pub(crate) fn below_data(config: &HostConfig, path: &Path) -> PathBuf {
    Path::new(&config.plugins.data_directory).join(path)
}

/// Where the embedded store is.
pub(crate) fn store_path(config: &HostConfig) -> anyhow::Result<PathBuf> {
    match &config.store.url {
        StoreUrl::Sqlite(path) => Ok(below_data(config, path.as_ref())),
        StoreUrl::Postgres(_) => bail!("store.url: this host has no PostgreSQL store; use `sqlite:PATH`"),
    }
}

/// A time in milliseconds since 1970.
pub(crate) fn millis(time: std::time::SystemTime) -> u64 {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time in milliseconds since 1970 as RFC 3339 has it.
pub(crate) fn time_text(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(chrono::DateTime::from_timestamp_millis);
    time.map_or_else(|| millis.to_string(), |time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// The files of trusted keys.
pub(crate) fn trust_roots(config: &HostConfig) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for pattern in &config.plugins.trust_roots {
        files.extend(matching("plugins.trust-roots", pattern)?);
    }
    Ok(files)
}

/// The certificates that outgoing HTTP trusts beside the public ones.
pub(crate) fn authorities(config: &HostConfig) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let mut all = Vec::new();
    for file in &config.http.authorities {
        let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
        let found = read().with_context(|| format!("http.authorities: cannot read certificates from {file}"))?;
        if found.is_empty() {
            bail!("http.authorities: {file} holds no certificate; write PEM, from `-----BEGIN CERTIFICATE-----` on");
        }
        all.extend(found);
    }
    Ok(all)
}

/// The files that a pattern of the configuration means.
pub(crate) fn matching(key: &str, pattern: &str) -> anyhow::Result<Vec<PathBuf>> {
    let found = glob::glob(pattern).with_context(|| format!("{key}: `{pattern}`"))?;
    Ok(found.collect::<Result<Vec<_>, _>>()?)
}

/// `tandem config`.
pub(crate) fn run(args: &Config) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    match &args.command {
        ConfigCommand::Check { source } => {
            let config = load(source)?;
            if config.reactor.enabled {
                tandem_reactor::Settings::new(&config.p2p, Path::new(&config.plugins.data_directory), None)?;
            }
            writeln!(out, "the configuration is right")?;
        }
        ConfigCommand::Show { source, json } => {
            let entries = load(source)?.entries();
            if *json {
                writeln!(out, "{}", serde_json::to_string_pretty(&entries)?)?;
            } else {
                let width = entries.iter().map(|entry| entry.key.len()).max().unwrap_or(0);
                for entry in entries {
                    writeln!(out, "{:width$}  {}  ({})", entry.key, entry.value, entry.origin)?;
                }
            }
        }
        ConfigCommand::Schema => {
            writeln!(out, "{}", serde_json::to_string_pretty(&HostConfig::json_schema())?)?;
        }
    }
    Ok(Exit::Success)
}
