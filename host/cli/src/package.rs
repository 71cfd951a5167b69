//! Plugin files: how one is put together, and `tandem keygen`, `sign` and `verify`.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, bail};
use tandem_engine::{Engine, LeftOut};
use tandem_files::{Staged, read_regular};
use tandem_package::{KeyPair, MAX_FILE, Package, PluginManifest, SignaturePolicy};
use tandem_runtime::{
    errors::drawn,
    files::{read_text, trust_roots},
};

use crate::{
    args::{Keygen, Sign, Verify},
    exit::Exit,
};

/// A component or a package.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    read_regular(path, MAX_FILE as u64).with_context(|| format!("cannot read {}", path.display()))
}

/// Puts a file in the place of another one, whole, and makes its directory.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    tandem_files::atomic_write(path, bytes, 0o666).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a `plugin.toml`.
pub(crate) fn manifest(path: &Path) -> anyhow::Result<PluginManifest> {
    PluginManifest::parse(&path.display().to_string(), &read_text(path)?).map_err(|errors| drawn(&errors))
}

/// An unsigned package.
pub(crate) struct Assembled {
    pub(crate) file: Vec<u8>,
    pub(crate) tools: usize,
    /// Exported functions that are no tools, of a component that is not of the contract.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Makes a package of a component, which is asked what it offers, and its manifest, which stands at `path`.
pub(crate) async fn assemble(
    engine: &Engine,
    component: &[u8],
    path: &Path,
    manifest: &PluginManifest,
) -> anyhow::Result<Assembled> {
    let (descriptors, left_out) = engine.examine(component).await?;
    if let Some(unknown) =
        manifest.tools.keys().find(|name| !descriptors.tools.iter().any(|tool| tool.name == name.as_str()))
    {
        bail!("{} has settings for `{unknown}`, which is no tool of the component", path.display());
    }
    let file = Package::pack(component, manifest, &descriptors)?;
    Ok(Assembled { file, tools: descriptors.tools.len(), left_out })
}

/// Reads a private key.
pub(crate) fn key_pair(path: &Path) -> anyhow::Result<KeyPair> {
    KeyPair::from_pem(&read_text(path)?).with_context(|| format!("{} is no private key", path.display()))
}

pub(crate) fn keygen(args: &Keygen) -> anyhow::Result<Exit> {
    let (private, public) = (args.prefix.with_extension("key"), args.prefix.with_extension("pub"));
    match (private.exists(), public.exists()) {
        (true, true) if args.if_missing => return Ok(Exit::Success),
        (false, false) => {}
        _ => bail!(
            "{} or {} is already there; a lost key cannot be made again, so none is overwritten",
            private.display(),
            public.display()
        ),
    }
    let pair = KeyPair::generate()?;
    if let Some(parent) = private.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    Staged::new(&private, pair.to_pem()?.as_bytes(), 0o600)?.put_new()?;
    Staged::new(&public, pair.public_pem()?.as_bytes(), 0o666)?.put_new()?;
    writeln!(
        crate::terminal::out(),
        "key {}: {} (keep it secret) and {}",
        pair.id(),
        private.display(),
        public.display()
    )?;
    Ok(Exit::Success)
}

pub(crate) fn sign(args: &Sign) -> anyhow::Result<Exit> {
    let pair = key_pair(&args.key)?;
    let signed =
        Package::sign(&read(&args.file)?, &pair).with_context(|| format!("cannot sign {}", args.file.display()))?;
    replace(&args.file, &signed)?;
    writeln!(crate::terminal::out(), "{}: signed with key {}", args.file.display(), pair.id())?;
    Ok(Exit::Success)
}

pub(crate) fn verify(args: &Verify) -> anyhow::Result<Exit> {
    let roots = trust_roots(args.trust.iter().map(AsRef::as_ref))?;
    let package = Package::open(&read(&args.file)?, &roots, SignaturePolicy::Required)
        .with_context(|| format!("{} is not to be trusted", args.file.display()))?;
    let key = package.key_id.map(|id| id.to_string()).unwrap_or_default();
    let identity = &package.manifest.plugin;
    writeln!(
        crate::terminal::out(),
        "{}: {} {}, signed with key {key}",
        args.file.display(),
        identity.name,
        identity.version
    )?;
    Ok(Exit::Success)
}
