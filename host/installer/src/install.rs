//! From a source, or the lock file, to the plugin directory; and out of it.

use anyhow::{Context, bail};
use tandem_package::{Installed, Sha256Digest};
use tandem_registry::{Fetched, Locked, Source};
use tandem_types::Name;

use crate::{
    directory::PluginFile,
    error::InstallError,
    installation::{HostOptions, Installation},
    outcome::{Outcome, Status},
    plan::Plan,
    ports::Dialog,
    versions,
};

/// What is installed.
#[derive(Clone, Debug, Default)]
pub struct InstallOptions {
    /// From where; without any, what the lock file says.
    pub sources: Vec<Source>,
    /// The digest that the file must have.
    pub digest: Option<Sha256Digest>,
    /// Fail where the lock file does not say exactly that.
    pub locked: bool,
}

/// Installs plugins, one after another.
///
/// # Errors
/// One of them cannot be installed. Those before it are.
pub fn install(
    host: &HostOptions,
    options: &InstallOptions,
    dialog: &dyn Dialog,
) -> Result<Vec<Outcome>, InstallError> {
    let mut site = Installation::open(host)?;
    let done = match options.sources.is_empty() {
        true => restore(&mut site, options.locked, dialog),
        false => {
            let one = |source| one(&mut site, source, options.digest, options.locked, dialog);
            options.sources.iter().map(one).collect()
        }
    };
    done.map_err(InstallError::failed)
}

fn one(
    site: &mut Installation,
    source: &Source,
    digest: Option<Sha256Digest>,
    locked: bool,
    dialog: &dyn Dialog,
) -> anyhow::Result<Outcome> {
    let cannot = || format!("{source} is not installed");
    let from = source.clone().absolute().with_context(|| format!("cannot read {source}"))?;
    // With a digest nobody needs to be asked what is newest.
    let from = if digest.is_some() { from } else { versions::chosen(site, from, dialog).with_context(cannot)? };
    let fetched = match (&from, digest) {
        // A tag still has to mean the file, so that the lock file tells the truth.
        (Source::Oci(_), Some(expected)) => {
            let found = site.resolve(&from).with_context(cannot)?;
            if found.is_some_and(|found| found != expected) {
                bail!("{source} is {}, not {expected}", found.unwrap_or(expected));
            }
            site.fetch(&from, digest, &*dialog.transfer(&from.to_string()))
        }
        _ => site.fetch(&from, digest, &*dialog.transfer(&from.to_string())),
    };
    let fetched = versions::with_tags(site, &from, fetched).with_context(cannot)?;
    let plan = plan(site, from, &fetched).with_context(cannot)?;
    if locked {
        let name = &plan.locked.name;
        let entry = site.lock.as_ref().and_then(|lock| lock.plugins.get(name));
        match entry {
            Some(entry) if entry.digest == plan.locked.digest && entry.source == plan.locked.source => {}
            Some(entry) => bail!(
                "{} has `{name}` {} with {} from {}; without --locked it would be changed",
                site.lock_path.display(),
                entry.version,
                entry.digest,
                entry.source
            ),
            None => bail!("{} has no `{name}`; without --locked it would be added", site.lock_path.display()),
        }
    }
    let status = carry_out(site, &plan, &fetched.bytes, dialog)?;
    Ok(match status {
        Status::Installed(_) => Outcome::planned(plan, status),
        status => Outcome::new(plan.locked, status),
    })
}

/// Admits a file.
pub(crate) fn plan(site: &Installation, source: Source, fetched: &Fetched) -> anyhow::Result<Plan> {
    let (package, present) = site.admit(&fetched.bytes)?;
    let identity = &package.manifest.plugin;
    let locked = Locked {
        name: identity.name.clone(),
        version: identity.version.clone(),
        source,
        digest: fetched.digest,
        signer: package.key_id,
    };
    Ok(Plan::new(site, package, locked, present))
}

/// Asks and installs.
pub(crate) fn carry_out(
    site: &mut Installation,
    plan: &Plan,
    bytes: &[u8],
    dialog: &dyn Dialog,
) -> anyhow::Result<Status> {
    let name = &plan.locked.name;
    let noted = site.lock.as_ref().and_then(|lock| lock.plugins.get(name)) == Some(&plan.locked);
    if plan.is_there() && noted {
        return Ok(Status::Present);
    }
    if !dialog.confirm(plan)? {
        return Ok(Status::Declined);
    }
    site.place(bytes, plan.locked.clone(), plan.present.as_ref())
        .with_context(|| format!("`{name}` is not installed"))?;
    Ok(Status::Installed(site.load.directory.clone()))
}

/// Brings the directory to what the lock file says.
fn restore(site: &mut Installation, exactly: bool, dialog: &dyn Dialog) -> anyhow::Result<Vec<Outcome>> {
    let path = site.lock_path.display();
    let lock = site.lock.clone().with_context(|| {
        format!("there is no {path}, which would say what to install; name a source: oci://…, https://… or a file")
    })?;
    let present = PluginFile::all(&site.load)?;
    if exactly {
        let unknown = |present: &&PluginFile| !lock.plugins.contains_key(&present.package.manifest.plugin.name);
        if let Some(unknown) = present.iter().find(unknown) {
            bail!("{path} does not have {}; remove it, or install it without --locked", unknown.path.display());
        }
    }
    let is_there =
        |locked: &Locked| present.iter().any(|present| present.installed.as_ref().is_some_and(|file| locked.is(file)));
    let mut done = Vec::new();
    for locked in lock.plugins.into_values() {
        if is_there(&locked) {
            done.push(Outcome::new(locked, Status::Present));
            continue;
        }
        let cannot = || format!("`{}` cannot be restored from {}", locked.name, locked.source);
        let fetched = site
            .fetch(&locked.source, Some(locked.digest), &*dialog.transfer(&locked.source.to_string()))
            .with_context(cannot)?;
        let (package, present) = site.admit(&fetched.bytes).with_context(cannot)?;
        if !locked.is(&Installed::of(&package)) {
            bail!(
                "{}: the file is of `{}`, or of another signer than the lock file says",
                cannot(),
                package.manifest.plugin.name
            );
        }
        // It was agreed to when it was locked: this is the same file.
        site.place(&fetched.bytes, locked.clone(), present.as_ref()).with_context(cannot)?;
        let status = Status::Installed(site.load.directory.clone());
        done.push(Outcome::planned(Plan::new(site, package, locked, present), status));
    }
    Ok(done)
}

/// Removes plugins; answers each name as it is removed.
///
/// # Errors
/// One of them is not there, or cannot be removed. Those before it are gone.
pub fn uninstall(
    options: &HostOptions,
    names: &[Name],
    mut removed: impl FnMut(&Name) -> anyhow::Result<()>,
) -> Result<(), InstallError> {
    let mut site = Installation::open(options)?;
    for name in names {
        remove(&mut site, name).and_then(|()| removed(name)).map_err(InstallError::directory)?;
    }
    Ok(())
}

fn remove(site: &mut Installation, name: &Name) -> anyhow::Result<()> {
    if site.remove(name)? {
        return Ok(());
    }
    let known = PluginFile::all(&site.load)?;
    let known: Vec<&str> = known.iter().map(|file| file.package.manifest.plugin.name.as_str()).collect();
    bail!("no plugin `{name}` in {}; installed: {}", site.load.directory.display(), known.join(", "))
}
