//! Sends a signed plugin to a registry.

use std::{fmt, path::PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tandem_config::HostConfig;
use tandem_files::read_regular;
use tandem_package::{MAX_FILE, Package, SignatureState};
use tandem_registry::{OciSource, Source};
use tandem_runtime::config::load;

use crate::{
    error::InstallError,
    installation::{HostOptions, client, runtime},
    ports::Dialog,
};

/// What is published.
#[derive(Clone, Debug)]
pub struct PublishOptions {
    /// The signed plugin.
    pub file: PathBuf,
    /// The repository, with a tag or without: then the tag is the plugin's version.
    pub to: Source,
    /// Public keys that count beside the configured trust roots.
    pub trust: Vec<PathBuf>,
    /// Replace what the tag names now.
    pub force: bool,
}

/// What was published.
#[derive(Debug)]
pub struct Published {
    /// The plugin.
    pub package: Package,
    /// The tag.
    pub tag: OciSource,
    /// What names this file for ever.
    pub reference: OciSource,
    /// Whether it was there before.
    pub was_there: bool,
}

impl Published {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let identity = &self.package.manifest.plugin;
        json!({
            "tag": self.tag.to_string(), "reference": self.reference.to_string(), "was-there": self.was_there,
            "name": identity.name, "version": identity.version, "digest": self.package.file_digest,
        })
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = &self.package.manifest.plugin;
        let what = if self.was_there { "already published" } else { "published" };
        write!(f, "{} {}: {what} as {}\n{}", identity.name, identity.version, self.tag, self.reference)
    }
}

/// Publishes a plugin. The same file again changes nothing.
///
/// # Errors
/// The file is not signed by a trusted key, the reference is none of a repository, or the registry refuses.
pub fn publish(host: &HostOptions, options: &PublishOptions, dialog: &dyn Dialog) -> Result<Published, InstallError> {
    let config = load(&host.source).map_err(InstallError::configuration)?;
    send(host, options, dialog, &config).map_err(InstallError::failed)
}

fn send(
    host: &HostOptions,
    options: &PublishOptions,
    dialog: &dyn Dialog,
    config: &HostConfig,
) -> anyhow::Result<Published> {
    let Source::Oci(to) = &options.to else {
        bail!("{} is not a registry; write `oci://HOST/REPOSITORY`, as oci://ghcr.io/acme/words", options.to);
    };
    if to.digest().is_some() {
        bail!("{to} names an existing artifact by its digest; name a tag, or none for the plugin's version");
    }
    let file = options.file.display();
    let bytes = read_regular(&options.file, MAX_FILE as u64).with_context(|| format!("cannot read {file}"))?;
    let package = signed(options, config, &bytes)?;
    let tag = match to.tag() {
        Some(_) => to.clone(),
        // `+` begins build metadata and is no character of a tag.
        None => to.with_tag(&package.manifest.plugin.version.to_string().replace('+', "_")),
    };
    let client = client(config, &host.plain_http)?;
    let bar = dialog.transfer(&format!("sending {file} to {tag}"));
    let published = runtime()?.block_on(client.repository(&tag).publish(&package, bytes, options.force, &*bar));
    let published = published.with_context(|| format!("{file} is not published"))?;
    Ok(Published { package, tag, reference: published.reference, was_there: published.was_there })
}

/// A plugin whose signature was checked: nobody could install another one.
fn signed(options: &PublishOptions, config: &HostConfig, bytes: &[u8]) -> anyhow::Result<Package> {
    let mut keys = tandem_runtime::config::trust_roots(config)?;
    keys.extend(options.trust.iter().cloned());
    let roots = tandem_runtime::files::trust_roots(keys.iter().map(AsRef::as_ref))?;
    let file = options.file.display();
    let (package, state) = Package::inspect(bytes, &roots).with_context(|| format!("{file} cannot be published"))?;
    match state {
        SignatureState::Valid(_) => Ok(package),
        SignatureState::Unsigned => {
            bail!("{file} is not signed, so no host would load it; run `tandem plugin sign {file} --key KEY` first")
        }
        SignatureState::UnknownKey(key) => bail!(
            "{file} is signed by key {key}, which is not trusted here, so the signature cannot be checked; name its public key with --trust FILE.pub"
        ),
        SignatureState::Invalid(key) => {
            bail!("{file} was changed after key {key} signed it; pack and sign it again")
        }
    }
}
