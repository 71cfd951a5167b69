//! The lock file after a rollback.

use semver::Version;
use tandem_registry::{Locked, Source};
use tandem_runtime::config::ConfigSource;
use tandem_types::Name;

use crate::{
    directory::PluginFile,
    error::InstallError,
    installation::{HostOptions, Installation},
    versions,
};

/// After a rollback the lock file says what is installed now, so that `tandem plugin install` does not bring the other version back.
/// Answers the version, where the file was changed.
///
/// # Errors
/// The configuration, the directory or the lock file cannot be used.
pub fn follow_rollback(source: &ConfigSource, name: &str) -> Result<Option<Version>, InstallError> {
    let options = HostOptions { source: source.clone(), plain_http: Vec::new() };
    let mut site = Installation::open(&options)?;
    follow(&mut site, name).map_err(InstallError::directory)
}

fn follow(site: &mut Installation, name: &str) -> anyhow::Result<Option<Version>> {
    let Ok(name) = name.parse::<Name>() else { return Ok(None) };
    let Some(before) = site.lock.as_ref().and_then(|lock| lock.plugins.get(&name)).cloned() else { return Ok(None) };
    let Some(PluginFile { installed: Some(installed), package, .. }) = PluginFile::find(&site.load, &name)? else {
        return Ok(None);
    };
    if before.is(&installed) {
        return Ok(None);
    }
    let version = package.manifest.plugin.version;
    let source = match &before.source {
        Source::Oci(oci) => Source::Oci(versions::of_version(oci, &before.version, &version)),
        other => other.clone(),
    };
    let locked = Locked { name, version: version.clone(), source, digest: installed.digest, signer: installed.signer };
    let mut lock = site.lock.take().unwrap_or_default();
    lock.plugins.insert(locked.name.clone(), locked);
    lock.prepare(&site.lock_path)?.commit()?;
    Ok(Some(version))
}
