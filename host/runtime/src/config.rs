//! Reads the configuration of a host, and finds what it refers to.

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tandem_config::{ConfigSources, HostConfig, Reference, ReferenceError};
use tandem_document::MAX_TEXT;

pub use crate::errors::ConfigError;
pub use crate::source::ConfigSource;
use crate::{errors::Diagnostics, locations::Location};

/// The largest file that a reference may name: a certificate chain with its key fits.
const MAX_REFERRED: u64 = 64 << 10;

/// The largest file of certificates: Mozilla's whole list has a quarter of a megabyte.
const MAX_AUTHORITIES: u64 = 4 << 20;

/// The effective configuration: defaults, then the file, the environment, the flags.
///
/// # Errors
/// The file cannot be found or read, or it, a variable or a flag is wrong.
pub fn load(source: &ConfigSource) -> Result<HostConfig, ConfigError> {
    let location = Location::of(source)?;
    // Named as the user named it.
    let file = source.file.as_ref().or(location.file.as_ref());
    let file = file.map(|path| Ok::<_, ConfigError>((path.display().to_string(), text(path)?))).transpose()?;
    let environment = environment();
    let flags = source
        .set
        .iter()
        .map(|setting| match setting.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(ConfigError::Setting(setting.clone())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    HostConfig::load(&ConfigSources {
        file: file.as_ref().map(|(label, text)| (label.as_str(), text.as_str())),
        environment: &environment,
        flags: &flags,
        resolve: &|reference| match reference {
            Reference::Env(name) => {
                environment.get(name).cloned().ok_or_else(|| ReferenceError::NotSet(name.to_owned()))
            }
            Reference::File(path) => referred(path.as_ref()),
        },
        bases: location.bases()?,
    })
    .map_err(|errors| Diagnostics(errors).into())
}

/// The variables that are text.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect()
}

fn text(path: &Path) -> Result<String, ConfigError> {
    let mut text = String::new();
    // A pipe is taken too, but not without end. One more than is read, so that it is noticed.
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_TEXT as u64 + 1).read_to_string(&mut text));
    read.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    Ok(text)
}

/// The text of a file that the configuration refers to. It is read again on each reload, and must not hold that up.
fn referred(path: &Path) -> Result<String, ReferenceError> {
    let bytes =
        tandem_files::read_regular(path, MAX_REFERRED).map_err(|error| ReferenceError::Unreadable(error.into()))?;
    String::from_utf8(bytes).map_err(|_| ReferenceError::NotText)
}

/// A path of the store, or of a grant that an operator gave at run time: relative ones are below the data directory.
pub fn resolve_data_path(config: &HostConfig, path: &Path) -> PathBuf {
    Path::new(&config.plugins.data_directory).join(path)
}

/// Where the store is.
pub fn store_path(config: &HostConfig) -> PathBuf {
    resolve_data_path(config, config.store.url.path().as_ref())
}

/// A time in milliseconds since 1970.
pub fn millis(time: std::time::SystemTime) -> u64 {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time in milliseconds since 1970 as RFC 3339 has it.
pub fn time_text(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(chrono::DateTime::from_timestamp_millis);
    time.map_or_else(|| millis.to_string(), |time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// The files of trusted keys.
pub fn trust_roots(config: &HostConfig) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for pattern in &config.plugins.trust_roots {
        files.extend(matching("plugins.trust-roots", pattern)?);
    }
    Ok(files)
}

/// The certificates that outgoing HTTP trusts beside the public ones.
pub fn authorities(config: &HostConfig) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let mut all = Vec::new();
    for file in &config.http.authorities {
        let read = || {
            let bytes = tandem_files::read_regular(file.as_ref(), MAX_AUTHORITIES)?;
            Ok::<_, anyhow::Error>(CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>()?)
        };
        let found = read().with_context(|| format!("http.authorities: cannot read certificates from {file}"))?;
        if found.is_empty() {
            bail!("http.authorities: {file} holds no certificate; write PEM, from `-----BEGIN CERTIFICATE-----` on");
        }
        all.extend(found);
    }
    Ok(all)
}

/// The files that a pattern of the configuration means.
pub fn matching(key: &str, pattern: &str) -> anyhow::Result<Vec<PathBuf>> {
    let found = glob::glob(pattern).with_context(|| format!("{key}: `{pattern}`"))?;
    Ok(found.collect::<Result<Vec<_>, _>>()?)
}
