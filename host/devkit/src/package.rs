//! Plugin files: how one is put together, and `tandem plugin keygen`, `sign` and `verify`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tandem_engine::{Engine, UnsupportedExport};
use tandem_files::{Staged, read_regular};
use tandem_package::{KeyId, KeyPair, MAX_FILE, Package, PluginManifest, SignaturePolicy};
use tandem_runtime::{
    errors::render_diagnostics,
    files::{read_text, trust_roots},
};

/// A component or a package.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    read_regular(path, MAX_FILE as u64).with_context(|| format!("cannot read {}", path.display()))
}

/// Puts a file in the place of another one, whole, and makes its directory.
pub fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    tandem_files::atomic_write(path, bytes, 0o666).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a `plugin.toml`.
pub fn manifest(path: &Path) -> anyhow::Result<PluginManifest> {
    PluginManifest::parse(&path.display().to_string(), &read_text(path)?).map_err(|errors| render_diagnostics(&errors))
}

/// An unsigned package.
pub struct Assembled {
    pub file: Vec<u8>,
    pub tools: usize,
    /// Exported functions that are not tools, of a component that is not of the contract.
    pub unsupported_exports: Vec<UnsupportedExport>,
}

/// Makes a package of a component, which is asked what it offers, and its manifest, which stands at `path`.
pub async fn assemble(
    engine: &Engine,
    component: &[u8],
    path: &Path,
    manifest: &PluginManifest,
) -> anyhow::Result<Assembled> {
    let (descriptors, unsupported_exports) = engine.examine(component).await?;
    if let Some(unknown) =
        manifest.tools.keys().find(|name| !descriptors.tools.iter().any(|tool| tool.name == name.as_str()))
    {
        bail!("{} has settings for `{unknown}`, which is not a tool of the component", path.display());
    }
    let file = Package::pack(component, manifest, &descriptors)?;
    Ok(Assembled { file, tools: descriptors.tools.len(), unsupported_exports })
}

/// Reads a private key.
pub fn key_pair(path: &Path) -> anyhow::Result<KeyPair> {
    KeyPair::from_pem(&read_text(path)?).with_context(|| format!("{} is not a private key", path.display()))
}

/// The files of a new key pair.
pub struct KeyFiles {
    /// The public key's.
    pub id: KeyId,
    /// PKCS#8 PEM, for its owner alone.
    pub private: PathBuf,
    /// SPKI PEM.
    pub public: PathBuf,
}

/// Generates a key pair into `PREFIX.key` and `PREFIX.pub`. Files that exist are never overwritten: none is made where both do
/// and `if_missing` is set.
pub fn generate_key(prefix: &Path, if_missing: bool) -> anyhow::Result<Option<KeyFiles>> {
    let (private, public) = (prefix.with_extension("key"), prefix.with_extension("pub"));
    match (private.exists(), public.exists()) {
        (true, true) if if_missing => return Ok(None),
        (false, false) => {}
        _ => bail!("{} or {} exists already; keys are never overwritten", private.display(), public.display()),
    }
    let pair = KeyPair::generate()?;
    if let Some(parent) = private.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    Staged::new(&private, pair.to_pem()?.as_bytes(), 0o600)?.put_new()?;
    Staged::new(&public, pair.public_pem()?.as_bytes(), 0o666)?.put_new()?;
    Ok(Some(KeyFiles { id: pair.id(), private, public }))
}

/// Puts the signed plugin in the place of a packed one.
pub fn sign(file: &Path, key: &Path) -> anyhow::Result<KeyId> {
    let pair = key_pair(key)?;
    let signed = Package::sign(&read(file)?, &pair).with_context(|| format!("cannot sign {}", file.display()))?;
    replace(file, &signed)?;
    Ok(pair.id())
}

/// Opens a plugin that one of these public keys signed.
pub fn verify(file: &Path, trusted: &[PathBuf]) -> anyhow::Result<Package> {
    let roots = trust_roots(trusted.iter().map(AsRef::as_ref))?;
    Package::open(&read(file)?, &roots, SignaturePolicy::Required)
        .with_context(|| format!("{} is not trusted", file.display()))
}
