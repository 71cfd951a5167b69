//! The plugin directory.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tandem_package::{Installed, Package, TrustRoots};
use tandem_runtime::load::{LoadOptions, read_file};
use tandem_types::Name;

/// A file of the directory that is a plugin.
#[derive(Debug)]
pub(crate) struct PluginFile {
    pub(crate) path: PathBuf,
    /// None where the host would not load it, because of its signature.
    pub(crate) installed: Option<Installed>,
    pub(crate) package: Package,
}

impl PluginFile {
    /// The plugins of the directory. Files that are none are left out.
    pub(crate) fn all(load: &LoadOptions) -> anyhow::Result<Vec<Self>> {
        let directory = &load.directory;
        let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "wasm"));
        paths.sort();
        Ok(paths.into_iter().filter_map(|path| Self::read(path, load)).collect())
    }

    fn read(path: PathBuf, load: &LoadOptions) -> Option<Self> {
        let bytes = read_file(&path).ok()?;
        let (package, _) = Package::inspect(&bytes, &TrustRoots::none()).ok()?;
        let installed = Package::open(&bytes, &load.roots, load.signatures).ok().map(|opened| Installed::of(&opened));
        Some(Self { path, installed, package })
    }

    /// The file that holds a plugin, whatever it is called.
    pub(crate) fn find(load: &LoadOptions, name: &Name) -> anyhow::Result<Option<Self>> {
        Ok(Self::all(load)?.into_iter().find(|present| present.package.manifest.plugin.name == *name))
    }
}

/// Where a plugin's file goes: over the one that is there.
pub(crate) fn target(directory: &Path, name: &Name, present: Option<&PluginFile>) -> anyhow::Result<PathBuf> {
    if let Some(present) = present {
        return Ok(present.path.clone());
    }
    let path = directory.join(format!("{name}.wasm"));
    if fs::symlink_metadata(&path).is_ok() {
        bail!("{} exists and is not the plugin `{name}`; move it away first", path.display());
    }
    Ok(path)
}

/// The rename is on disk too. Where the file system cannot do that, it was done as well as it can be.
pub(crate) fn sync(directory: &Path) {
    let _best_effort = File::open(directory).and_then(|directory| directory.sync_all());
}
