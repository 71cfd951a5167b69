//! What is shown before anything is installed, and the question.

use std::io::{self, BufRead as _, IsTerminal as _, Write};

use anyhow::bail;
use serde_json::{Value, json};
use tandem_package::{Explained, Package};
use tandem_registry::Locked;

use super::{place::Present, site::Site};
use crate::terminal;

/// Tools that are named; the others are counted.
const MAX_TOOLS: usize = 8;
/// The longest answer to a question that is read.
const MAX_ANSWER: u64 = 64;

/// A file that passed the gate, and what it would change.
pub(super) struct Plan {
    pub(super) package: Package,
    pub(super) locked: Locked,
    pub(super) present: Option<Present>,
    capabilities: Vec<Explained>,
    changes: Vec<String>,
}

impl Plan {
    pub(super) fn new(site: &Site, package: Package, locked: Locked, present: Option<Present>) -> Self {
        let capabilities = site.explain(&package);
        let before = present.as_ref().map(|present| site.explain(&present.package));
        let changes = before.map(|before| changes(&before, &capabilities)).unwrap_or_default();
        Self { package, locked, present, capabilities, changes }
    }

    /// Whether the same file is there already.
    pub(super) fn is_there(&self) -> bool {
        self.present.as_ref().is_some_and(|present| present.package.file_digest == self.locked.digest)
    }

    fn before(&self) -> Option<String> {
        self.present.as_ref().map(|present| present.package.manifest.plugin.version.to_string())
    }

    pub(super) fn json(&self, done: bool) -> Value {
        json!({
            "name": self.locked.name, "version": self.locked.version, "before": self.before(),
            "source": self.locked.source, "digest": self.locked.digest, "signer": self.locked.signer,
            "capabilities": self.capabilities, "changes": self.changes, "installed": done,
        })
    }

    /// For people.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let identity = &self.package.manifest.plugin;
        writeln!(out, "{} {}  {}", identity.name, identity.version, terminal::line(&identity.description))?;
        writeln!(out, "  source     {}", self.locked.source)?;
        writeln!(out, "  digest     {}", self.locked.digest)?;
        match self.locked.signer {
            Some(key) => writeln!(out, "  signature  valid, by the trusted key {key}")?,
            None => writeln!(out, "  signature  none; plugins.allow-unsigned lets it in")?,
        }
        if let Some(present) = self.present.as_ref().filter(|_| !self.is_there()) {
            let version = &present.package.manifest.plugin.version;
            writeln!(out, "  replaces   {version}, {}", present.path.display())?;
        }
        let tools = &self.package.descriptors.tools;
        let named: Vec<&str> = tools.iter().take(MAX_TOOLS).map(|tool| tool.name.as_str()).collect();
        let more = tools.len().saturating_sub(MAX_TOOLS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "  tools      {}{more}", named.join(", "))?;
        writeln!(out, "  capabilities: requested and granted here")?;
        for explained in &self.capabilities {
            writeln!(out, "    {}", terminal::line(&explained.to_string()))?;
        }
        if self.capabilities.is_empty() {
            writeln!(out, "    none requested")?;
        }
        if self.present.is_some() && !self.is_there() {
            writeln!(out, "  changes of what it requests and gets")?;
            for change in &self.changes {
                writeln!(out, "    {}", terminal::line(change))?;
            }
            if self.changes.is_empty() {
                writeln!(out, "    none")?;
            }
        }
        Ok(())
    }
}

impl Site {
    /// What is requested and granted to tenants that the configuration does not name.
    fn explain(&self, package: &Package) -> Vec<Explained> {
        let manifest = &package.manifest;
        let effective =
            self.config.effective_with(manifest.plugin.name.as_str(), &manifest.request, "", &self.overlays);
        effective.explain().to_vec()
    }
}

/// `+` for what is new, `-` for what is gone, `~` for what differs.
fn changes(before: &[Explained], after: &[Explained]) -> Vec<String> {
    let find = |all: &[Explained], capability: &str| all.iter().find(|e| e.capability == capability).cloned();
    let mut changes = Vec::new();
    for explained in after {
        match find(before, &explained.capability) {
            None => changes.push(format!("+ {explained}")),
            Some(old) if (&old.requested, &old.granted) != (&explained.requested, &explained.granted) => {
                changes.push(format!("~ {explained}; before: asked {}", old.requested));
            }
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|old| find(after, &old.capability).is_none());
    changes.extend(gone.map(|old| format!("- {}", old.capability)));
    changes
}

/// Shows a plan on standard error and asks, unless that was answered before. Answers whether to go on.
pub(super) fn agreed(plan: &Plan, yes: bool) -> anyhow::Result<bool> {
    let mut out = terminal::err();
    plan.print(&mut out)?;
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("nobody can be asked here whether to install `{}`; read the above, then say --yes", plan.locked.name);
    }
    write!(out, "Install it? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::Read::take(io::stdin().lock(), MAX_ANSWER).read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(capability: &str, requested: &str, granted: Option<&str>) -> Explained {
        let (capability, requested) = (capability.to_owned(), requested.to_owned());
        Explained { capability, requested, granted: granted.map(str::to_owned), reason: None, purpose: None }
    }

    #[test]
    fn changes_are_what_is_new_gone_or_different() {
        let before =
            [explained("kv", "yes", None), explained("fs.data", "read-only", None), explained("cache", "1MiB", None)];
        let after =
            [explained("kv", "yes", None), explained("fs.data", "read-write", None), explained("http", "GET a", None)];
        let changes = changes(&before, &after);
        assert_eq!(
            changes,
            [
                "~ fs.data: asked read-write, got nothing; before: asked read-only",
                "+ http: asked GET a, got nothing",
                "- cache"
            ]
        );
    }

    #[test]
    fn a_manifests_text_cannot_forge_lines() {
        assert_eq!(terminal::line("nice\n  signature  valid\u{1b}[2J"), "nice\u{fffd}  signature  valid\u{fffd}[2J");
    }
}
