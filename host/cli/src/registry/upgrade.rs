//! `tandem upgrade`.

use anyhow::{Context, bail};
use tandem_registry::{Lock, Locked};
use tandem_types::Name;

use super::{
    Upgrade,
    install::{Done, carry_out, finish, plan},
    place::Present,
    site::Site,
    versions,
};
use crate::exit::Exit;

pub(crate) fn upgrade(args: Upgrade) -> anyhow::Result<Exit> {
    let mut site = Site::open(&args.how.common)?;
    let lock = site.lock.clone().unwrap_or_default();
    let chosen = chosen(&site, &lock, &args.names)?;
    let mut done = Vec::new();
    for locked in chosen {
        // One that cannot be had keeps no other from being upgraded.
        done.push(one(&mut site, &locked, &args).unwrap_or_else(|error| Done {
            well: false,
            ..Done::told(&locked, &format!("not upgraded: {}", crate::exit::chain(&error)))
        }));
    }
    finish(&args.how.common, done)
}

fn chosen(site: &Site, lock: &Lock, names: &[Name]) -> anyhow::Result<Vec<Locked>> {
    if names.is_empty() {
        return Ok(lock.plugins.values().cloned().collect());
    }
    let find = |name: &Name| {
        lock.plugins.get(name).cloned().with_context(|| {
            let path = site.lock_path.display();
            format!("{path} has no `{name}`, so nobody knows where it came from; `tandem install SOURCE` notes it")
        })
    };
    names.iter().map(find).collect()
}

/// There is nothing newer than what the lock file has. Whether that is what the directory has is another question.
fn newest(site: &Site, locked: &Locked) -> anyhow::Result<Done> {
    let Some(present) = Present::find(&site.load, &locked.name)? else {
        return Ok(Done::told(
            locked,
            "is the newest, but the plugin directory has it not; `tandem install` puts it back",
        ));
    };
    if present.installed.as_ref().is_some_and(|file| locked.is(file)) {
        return Ok(Done::told(locked, "is up to date"));
    }
    let here = format!(
        "is the newest, but {} is version {}; `tandem install` puts the newest back",
        present.path.display(),
        present.package.manifest.plugin.version
    );
    Ok(Done::told(locked, &here))
}

fn one(site: &mut Site, locked: &Locked, args: &Upgrade) -> anyhow::Result<Done> {
    if locked.source.is_pinned() {
        return Ok(Done::told(locked, "was installed by its digest and stays"));
    }
    let source = versions::newer(site, &locked.source, &locked.version)?.unwrap_or_else(|| locked.source.clone());
    let resolved = site.resolve(&source);
    let now = versions::with_tags(site, &source, resolved)?;
    if now == Some(locked.digest) {
        return newest(site, locked);
    }
    let fetched = site.fetch(&source, now)?;
    if fetched.digest == locked.digest {
        return newest(site, locked);
    }
    let plan = plan(site, source, &fetched)?;
    if plan.locked.name != locked.name {
        bail!("{} is the plugin `{}` now", plan.locked.source, plan.locked.name);
    }
    if args.dry_run {
        plan.print(&mut crate::terminal::err())?;
        let line = format!("{}: {} → {}, not installed (--dry-run)", locked.name, locked.version, plan.locked.version);
        return Ok(Done::new(&plan, line, false));
    }
    let line = format!("{}: {} → {}", locked.name, locked.version, plan.locked.version);
    let done = carry_out(site, plan, &fetched.bytes, args.how.yes)?;
    Ok(if done.well { Done { line, ..done } } else { done })
}
