//! Newer versions of what is installed.

use anyhow::{Context, bail};
use tandem_registry::{Lock, Locked};
use tandem_runtime::errors::chain;
use tandem_types::Name;

use crate::{
    directory::PluginFile,
    error::InstallError,
    install::{carry_out, plan},
    installation::{HostOptions, Installation},
    outcome::{Outcome, Status},
    ports::Dialog,
    versions,
};

/// What is upgraded.
#[derive(Clone, Debug, Default)]
pub struct UpgradeOptions {
    /// The plugins; all of the lock file without any.
    pub names: Vec<Name>,
    /// Only show what would change.
    pub dry_run: bool,
}

/// Upgrades plugins from where they came from. One that fails keeps no other from being upgraded.
///
/// # Errors
/// One of them is not in the lock file. Nothing has changed then.
pub fn upgrade(
    host: &HostOptions,
    options: &UpgradeOptions,
    dialog: &dyn Dialog,
) -> Result<Vec<Outcome>, InstallError> {
    let mut site = Installation::open(host)?;
    let lock = site.lock.clone().unwrap_or_default();
    let chosen = chosen(&site, &lock, &options.names).map_err(InstallError::failed)?;
    let one = |locked: Locked| {
        one(&mut site, &locked, options.dry_run, dialog)
            .unwrap_or_else(|error| Outcome::new(locked, Status::Failed(chain(&error))))
    };
    Ok(chosen.into_iter().map(one).collect())
}

fn chosen(site: &Installation, lock: &Lock, names: &[Name]) -> anyhow::Result<Vec<Locked>> {
    if names.is_empty() {
        return Ok(lock.plugins.values().cloned().collect());
    }
    let find = |name: &Name| {
        lock.plugins.get(name).cloned().with_context(|| {
            let path = site.lock_path.display();
            format!("{path} has no `{name}`, so its source is unknown; `tandem plugin install SOURCE` records it")
        })
    };
    names.iter().map(find).collect()
}

/// There is nothing newer than what the lock file has. Whether that is what the directory has is another question.
fn newest(site: &Installation, locked: &Locked) -> anyhow::Result<Outcome> {
    let status = match PluginFile::find(&site.load, &locked.name)? {
        None => Status::Missing,
        Some(file) if file.installed.as_ref().is_some_and(|installed| locked.is(installed)) => Status::UpToDate,
        Some(file) => Status::Differs(file.path, file.package.manifest.plugin.version),
    };
    Ok(Outcome::new(locked.clone(), status))
}

fn one(site: &mut Installation, locked: &Locked, dry_run: bool, dialog: &dyn Dialog) -> anyhow::Result<Outcome> {
    if locked.source.is_pinned() {
        return Ok(Outcome::new(locked.clone(), Status::Pinned));
    }
    let source = versions::newer(site, &locked.source, &locked.version)?.unwrap_or_else(|| locked.source.clone());
    let resolved = site.resolve(&source);
    let now = versions::with_tags(site, &source, resolved)?;
    if now == Some(locked.digest) {
        return newest(site, locked);
    }
    let fetched = site.fetch(&source, now, &*dialog.transfer(&source.to_string()))?;
    if fetched.digest == locked.digest {
        return newest(site, locked);
    }
    let plan = plan(site, source, &fetched)?;
    if plan.locked.name != locked.name {
        bail!("{} is the plugin `{}` now", plan.locked.source, plan.locked.name);
    }
    if dry_run {
        dialog.show(&plan)?;
        return Ok(Outcome::planned(plan, Status::WouldUpgrade(locked.version.clone())));
    }
    Ok(match carry_out(site, &plan, &fetched.bytes, dialog)? {
        Status::Installed(_) => Outcome::planned(plan, Status::Upgraded(locked.version.clone())),
        Status::Present => Outcome::new(plan.locked, Status::Upgraded(locked.version.clone())),
        status => Outcome::new(plan.locked, status),
    })
}
