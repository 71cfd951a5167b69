//! The plugin directory.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use semver::Version;
use tandem_files::Staged;
use tandem_package::{Installed, Package, TrustRoots};
use tandem_registry::{Locked, Source};
use tandem_runtime::load::{LoadOptions, read_file};
use tandem_types::Name;

use super::{Reach, site::Site, versions};
use crate::args;

/// A file of the directory that is a plugin.
pub(super) struct Present {
    pub(super) path: PathBuf,
    /// None where the host would not load it, because of its signature.
    pub(super) installed: Option<Installed>,
    pub(super) package: Package,
}

impl Present {
    /// The plugins of the directory. Files that are none are left out.
    pub(super) fn all(load: &LoadOptions) -> anyhow::Result<Vec<Self>> {
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
    pub(super) fn find(load: &LoadOptions, name: &Name) -> anyhow::Result<Option<Self>> {
        Ok(Self::all(load)?.into_iter().find(|present| present.package.manifest.plugin.name == *name))
    }
}

/// Where a plugin's file goes: in the place of the one that is there.
fn target(directory: &Path, name: &Name, present: Option<&Present>) -> anyhow::Result<PathBuf> {
    if let Some(present) = present {
        return Ok(present.path.clone());
    }
    let path = directory.join(format!("{name}.wasm"));
    if fs::symlink_metadata(&path).is_ok() {
        bail!("{} is there and is something else than the plugin `{name}`; move it away first", path.display());
    }
    Ok(path)
}

impl Site {
    /// Puts a file that was admitted into its place, and notes it in the lock file.
    pub(super) fn place(&mut self, bytes: &[u8], locked: Locked, present: Option<&Present>) -> anyhow::Result<()> {
        let directory = &self.load.directory;
        let target = target(directory, &locked.name, present)?;
        let cannot = || format!("cannot write {}", target.display());
        // Under a name that is no plugin's: nobody looks at it before it is renamed.
        tandem_files::sweep(directory);
        let staged = Staged::new(&target, bytes, 0o644).with_context(cannot)?;
        let mut lock = self.lock.clone().unwrap_or_default();
        lock.plugins.insert(locked.name.clone(), locked);
        // All that is likely to fail is done; two renames are left.
        let prepared = lock.prepare(&self.lock_path)?;
        staged.put().with_context(cannot)?;
        prepared.commit().with_context(|| format!("{} is installed, but not noted", target.display()))?;
        self.lock = Some(lock);
        Ok(())
    }

    /// Takes a plugin's file and its entry away. Answers whether there was one.
    pub(super) fn remove(&mut self, name: &Name) -> anyhow::Result<bool> {
        let present = Present::find(&self.load, name)?;
        let mut lock = self.lock.clone().unwrap_or_default();
        let known = lock.plugins.remove(name).is_some();
        if present.is_none() && !known {
            return Ok(false);
        }
        let prepared = known.then(|| lock.prepare(&self.lock_path)).transpose()?;
        if let Some(Present { path, .. }) = &present {
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
            sync(&self.load.directory);
        }
        if let Some(prepared) = prepared {
            prepared.commit()?;
            self.lock = Some(lock);
        }
        Ok(true)
    }
}

/// After a rollback the lock file says what is installed now, so that `tandem install` does not bring the other version back.
/// Answers the version, where the file was changed.
pub(crate) fn follow_rollback(source: &args::Source, name: &str) -> anyhow::Result<Option<Version>> {
    let mut site = Site::new(source, &Reach::default())?;
    let Ok(name) = name.parse::<Name>() else { return Ok(None) };
    let Some(before) = site.lock.as_ref().and_then(|lock| lock.plugins.get(&name)).cloned() else { return Ok(None) };
    let Some(Present { installed: Some(installed), package, .. }) = Present::find(&site.load, &name)? else {
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

/// The rename is on disk too. Where the file system cannot do that, it was done as well as it can be.
fn sync(directory: &Path) {
    let _best_effort = File::open(directory).and_then(|directory| directory.sync_all());
}
