//! `tandem install` and `tandem uninstall`.

use std::io::Write as _;

use anyhow::{Context, bail};
use serde_json::Value;
use tandem_package::{Installed, Sha256Digest};
use tandem_registry::{Fetched, Locked, Source};

use super::{
    Common, Install, Uninstall,
    place::Present,
    show::{Plan, agreed},
    site::Site,
    versions,
};
use crate::exit::Exit;

pub(crate) fn install(args: Install) -> anyhow::Result<Exit> {
    if args.digest.is_some() && args.from.len() > 1 {
        bail!("--digest is of one file; name one source with it");
    }
    let mut site = Site::open(&args.how.common)?;
    let done = if args.from.is_empty() {
        restore(&mut site, args.locked)?
    } else {
        let mut done = Vec::new();
        for source in &args.from {
            done.push(one(&mut site, source, args.digest, args.locked, args.how.yes)?);
        }
        done
    };
    finish(&args.how.common, done)
}

/// Prints what was done.
pub(super) fn finish(common: &Common, done: Vec<Done>) -> anyhow::Result<Exit> {
    let mut out = crate::terminal::out();
    let refused = done.iter().any(|done| !done.well);
    if common.json {
        let done: Vec<Value> = done.into_iter().map(|done| done.json).collect();
        writeln!(out, "{}", crate::terminal::json(&done)?)?;
    } else {
        done.iter().try_for_each(|done| writeln!(out, "{}", done.line))?;
    }
    Ok(if refused { Exit::Failure } else { Exit::Success })
}

/// What became of one plugin.
pub(super) struct Done {
    pub(super) line: String,
    pub(super) json: Value,
    pub(super) well: bool,
}

impl Done {
    pub(super) fn new(plan: &Plan, line: String, done: bool) -> Self {
        Self { line, json: plan.json(done), well: true }
    }

    pub(super) fn told(locked: &Locked, what: &str) -> Self {
        let json = serde_json::json!({
            "name": locked.name, "version": locked.version, "source": locked.source, "digest": locked.digest,
            "signer": locked.signer, "installed": false, "told": what,
        });
        Self { line: format!("{} {}: {what}", locked.name, locked.version), json, well: true }
    }
}

fn one(
    site: &mut Site,
    source: &Source,
    digest: Option<Sha256Digest>,
    locked: bool,
    yes: bool,
) -> anyhow::Result<Done> {
    let cannot = || format!("{source} is not installed");
    let from = source.clone().absolute().with_context(|| format!("cannot read {source}"))?;
    // With a digest nobody needs to be asked what is newest.
    let from = if digest.is_some() { from } else { versions::chosen(site, from).with_context(cannot)? };
    let fetched = match (&from, digest) {
        // A tag still has to mean the file, so that the lock file tells the truth.
        (Source::Oci(_), Some(expected)) => {
            let found = site.resolve(&from).with_context(cannot)?;
            if found.is_some_and(|found| found != expected) {
                bail!("{source} is {}, not {expected}", found.unwrap_or(expected));
            }
            site.fetch(&from, digest)
        }
        _ => site.fetch(&from, digest),
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
    carry_out(site, plan, &fetched.bytes, yes)
}

/// Passes a file through the gate.
pub(super) fn plan(site: &Site, source: Source, fetched: &Fetched) -> anyhow::Result<Plan> {
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
pub(super) fn carry_out(site: &mut Site, plan: Plan, bytes: &[u8], yes: bool) -> anyhow::Result<Done> {
    let (name, version) = (plan.locked.name.clone(), plan.locked.version.clone());
    let noted = site.lock.as_ref().and_then(|lock| lock.plugins.get(&name)) == Some(&plan.locked);
    if plan.is_there() && noted {
        return Ok(Done::told(&plan.locked, "is installed already"));
    }
    if !agreed(&plan, yes)? {
        return Ok(Done { well: false, ..Done::told(&plan.locked, "not installed, as you said") });
    }
    site.place(bytes, plan.locked.clone(), plan.present.as_ref())
        .with_context(|| format!("`{name}` is not installed"))?;
    let line = format!("{name} {version}: installed in {}", site.load.directory.display());
    Ok(Done::new(&plan, line, true))
}

/// Brings the directory to what the lock file says.
fn restore(site: &mut Site, exactly: bool) -> anyhow::Result<Vec<Done>> {
    let path = site.lock_path.display();
    let lock = site.lock.clone().with_context(|| {
        format!("there is no {path}, which would say what to install; name a source: oci://…, https://… or a file")
    })?;
    let present = Present::all(&site.load)?;
    if exactly {
        let unknown = |present: &&Present| !lock.plugins.contains_key(&present.package.manifest.plugin.name);
        if let Some(unknown) = present.iter().find(unknown) {
            bail!("{path} does not have {}; remove it, or install it without --locked", unknown.path.display());
        }
    }
    let is_there =
        |locked: &Locked| present.iter().any(|present| present.installed.as_ref().is_some_and(|file| locked.is(file)));
    let mut done = Vec::new();
    for locked in lock.plugins.into_values() {
        if is_there(&locked) {
            done.push(Done::told(&locked, "is installed already"));
            continue;
        }
        let cannot = || format!("`{}` cannot be restored from {}", locked.name, locked.source);
        let fetched = site.fetch(&locked.source, Some(locked.digest)).with_context(cannot)?;
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
        let line = format!("{} {}: installed in {}", locked.name, locked.version, site.load.directory.display());
        done.push(Done::new(&Plan::new(site, package, locked, present), line, true));
    }
    Ok(done)
}

pub(crate) fn uninstall(args: Uninstall) -> anyhow::Result<Exit> {
    let mut site = Site::new(&args.source, &Default::default())?;
    let mut out = crate::terminal::out();
    for name in &args.names {
        if !site.remove(name)? {
            let known: Vec<String> = Present::all(&site.load)?
                .iter()
                .map(|present| present.package.manifest.plugin.name.to_string())
                .collect();
            let directory = site.load.directory.display();
            bail!("no plugin `{name}` is in {directory}; there are: {}", known.join(", "));
        }
        writeln!(out, "{name}: uninstalled")?;
    }
    Ok(Exit::Success)
}
