//! `tandem publish`.

use std::io::Write as _;

use anyhow::{Context, bail};
use serde_json::json;
use tandem_package::{Package, SignatureState};
use tandem_registry::Source;

use super::{
    Publish,
    site::{client, runtime},
};
use crate::{config, exit::Exit, package, progress::Transfer};

pub(crate) fn publish(args: Publish) -> anyhow::Result<Exit> {
    let config = config::load(&args.common.source)?;
    let Source::Oci(to) = &args.to else {
        bail!("{} is no registry; write `oci://HOST/REPOSITORY`, as oci://ghcr.io/acme/words", args.to);
    };
    if to.digest().is_some() {
        bail!("{to} names what is there already by its digest; name a tag, or none for the plugin's version");
    }
    let bytes = package::read(&args.file)?;
    let package = signed(&args, &config, &bytes)?;
    let identity = &package.manifest.plugin;
    let to = match to.tag() {
        Some(_) => to.clone(),
        // `+` begins build metadata and is no character of a tag.
        None => to.with_tag(&identity.version.to_string().replace('+', "_")),
    };
    let client = client(&config, &args.common.reach)?;
    let bar = Transfer::new(&format!("sending {} to {to}", args.file.display()));
    let published = runtime()?.block_on(client.repository(&to).publish(&package, bytes, args.force, &bar));
    bar.finish();
    let published = published.with_context(|| format!("{} is not published", args.file.display()))?;
    let mut out = crate::terminal::out();
    if args.common.json {
        let shown = json!({
            "tag": to.to_string(), "reference": published.reference.to_string(), "was-there": published.was_there,
            "name": identity.name, "version": identity.version, "digest": package.file_digest,
        });
        writeln!(out, "{}", crate::terminal::json(&shown)?)?;
    } else {
        let what = if published.was_there { "is there already" } else { "published" };
        writeln!(out, "{} {}: {what} as {to}\n{}", identity.name, identity.version, published.reference)?;
    }
    Ok(Exit::Success)
}

/// A plugin whose signature was checked: nobody could install another one.
fn signed(args: &Publish, config: &tandem_config::HostConfig, bytes: &[u8]) -> anyhow::Result<Package> {
    let mut keys = tandem_runtime::config::trust_roots(config)?;
    keys.extend(args.trust.iter().cloned());
    let roots = tandem_runtime::files::trust_roots(keys.iter().map(AsRef::as_ref))?;
    let file = args.file.display();
    let (package, state) = Package::inspect(bytes, &roots).with_context(|| format!("{file} cannot be published"))?;
    match state {
        SignatureState::Valid(_) => Ok(package),
        SignatureState::Unsigned => {
            bail!("{file} is not signed, and no host would load it; run `tandem sign {file} --key KEY` first")
        }
        SignatureState::UnknownKey(key) => bail!(
            "{file} is signed by key {key}, which is not trusted here, so the signature cannot be checked; name its public key with --trust FILE.pub"
        ),
        SignatureState::Invalid(key) => {
            bail!("{file} was changed after key {key} signed it; pack and sign it again")
        }
    }
}
