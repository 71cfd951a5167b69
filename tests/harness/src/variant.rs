//! Other versions of the test guests: the same code under another manifest.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tandem_package::{Descriptors, KeyPair, Package, PluginManifest, TrustRoots};

use crate::{plugin, root};

/// Packs a guest anew with a changed manifest and changed descriptors, signs it with the tests' key, and writes it to
/// `path`, by renaming as an installer does.
pub fn variant(
    guest: &str,
    path: &Path,
    change: impl FnOnce(&mut PluginManifest, &mut Descriptors),
) -> anyhow::Result<()> {
    replace(path, &variant_bytes(guest, change)?)
}

/// The same, as bytes.
pub fn variant_bytes(
    guest: &str,
    change: impl FnOnce(&mut PluginManifest, &mut Descriptors),
) -> anyhow::Result<Vec<u8>> {
    let file = std::fs::read(plugin(guest)?)?;
    let (Package { mut manifest, mut descriptors, .. }, _) = Package::inspect(&file, &TrustRoots::none())?;
    change(&mut manifest, &mut descriptors);
    let key = KeyPair::from_pem(&std::fs::read_to_string(root().join("keys/dev.key"))?)?;
    Ok(Package::sign(&Package::repack(&file, &manifest, &descriptors)?, &key)?)
}

/// A change of the manifest to a name and a version.
pub fn called(name: &str, version: &str) -> impl FnOnce(&mut PluginManifest, &mut Descriptors) {
    let (name, version) = (name.parse(), version.parse());
    move |manifest, _| {
        if let (Ok(name), Ok(version)) = (name, version) {
            manifest.plugin.name = name;
            manifest.plugin.version = version;
        }
    }
}

/// Writes beside the target and renames.
pub fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let temporary: PathBuf = path.with_extension("part");
    std::fs::write(&temporary, bytes)?;
    std::fs::rename(&temporary, path).with_context(|| format!("cannot write {}", path.display()))
}
