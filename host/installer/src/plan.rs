//! What an installation would do.

use std::path::Path;

use semver::Version;
use serde_json::{Value, json};
use tandem_package::{Explained, Package};
use tandem_registry::Locked;

use crate::{directory::PluginFile, installation::Installation};

/// A file that was admitted, and what it would change.
#[derive(Debug)]
pub struct Plan {
    /// The file.
    pub package: Package,
    /// Its entry in the lock file.
    pub locked: Locked,
    pub(crate) present: Option<PluginFile>,
    capabilities: Vec<Explained>,
    changes: Vec<String>,
}

impl Plan {
    pub(crate) fn new(site: &Installation, package: Package, locked: Locked, present: Option<PluginFile>) -> Self {
        let capabilities = site.explain(&package);
        let before = present.as_ref().map(|present| site.explain(&present.package));
        let changes = before.map(|before| changes(&before, &capabilities)).unwrap_or_default();
        Self { package, locked, present, capabilities, changes }
    }

    /// Whether the same file is installed already.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.present.as_ref().is_some_and(|present| present.package.file_digest == self.locked.digest)
    }

    fn before(&self) -> Option<String> {
        self.present.as_ref().map(|present| present.package.manifest.plugin.version.to_string())
    }

    pub(crate) fn json(&self, done: bool) -> Value {
        json!({
            "name": self.locked.name, "version": self.locked.version, "before": self.before(),
            "source": self.locked.source, "digest": self.locked.digest, "signer": self.locked.signer,
            "capabilities": self.capabilities, "changes": self.changes, "installed": done,
        })
    }

    /// What it requests and what it would be granted here.
    #[must_use]
    pub fn capabilities(&self) -> &[Explained] {
        &self.capabilities
    }

    /// What differs from the version that is there: `+` new, `-` gone, `~` changed.
    #[must_use]
    pub fn changes(&self) -> &[String] {
        &self.changes
    }

    /// The version and the file that it would replace.
    #[must_use]
    pub fn replaces(&self) -> Option<(&Version, &Path)> {
        let present = self.present.as_ref().filter(|_| !self.is_there())?;
        Some((&present.package.manifest.plugin.version, &present.path))
    }
}

impl Installation {
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
}
