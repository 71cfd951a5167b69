//! The decision, by a configuration and the lists that it names.

use tandem_package::Installed;

use super::{Revoked, SupplyError};
use crate::{HostConfig, PluginPattern};

/// Decides, by a configuration and the lists that it names.
#[derive(Clone, Copy, Debug)]
pub struct SupplyPolicy<'c> {
    config: &'c HostConfig,
    revoked: &'c Revoked,
}

impl<'c> SupplyPolicy<'c> {
    /// A policy of this configuration, with the content of its lists.
    #[must_use]
    pub fn new(config: &'c HostConfig, revoked: &'c Revoked) -> Self {
        Self { config, revoked }
    }

    /// Whether a file may be loaded, given what was installed under its name. Answers what the operator should
    /// know all the same, if there is something.
    ///
    /// # Errors
    /// It may not.
    pub fn admit(&self, file: &Installed, before: Option<&Installed>) -> Result<Option<String>, SupplyError> {
        self.not_revoked(file)?;
        let plugins = &self.config.plugins;
        if let Some(pinned) = plugins.pins.get(file.name.as_str()).filter(|pinned| **pinned != file.digest) {
            return Err(SupplyError::Pin { name: file.name.clone(), pinned: *pinned, found: file.digest });
        }
        let Some(before) = before else { return Ok(None) };
        // A first signature is not a change of signer: whoever could replace an unsigned file could do anything.
        let changed = before.signer.is_some() && before.signer != file.signer;
        if changed && !named(&plugins.allow_new_signer, &file.name) {
            return Err(SupplyError::NewSigner {
                name: file.name.clone(),
                installed: before.signer,
                found: file.signer,
            });
        }
        // Build metadata says nothing about which is newer (SemVer 2, 10).
        let order = file.version.cmp_precedence(&before.version);
        if order.is_lt() && !named(&plugins.allow_downgrade, &file.name) {
            return Err(SupplyError::Downgrade {
                name: file.name.clone(),
                installed: before.version.clone(),
                found: file.version.clone(),
            });
        }
        let rebuilt = order.is_eq() && file.digest != before.digest;
        Ok(rebuilt.then(|| format!("version {} again, with other content than before", file.version)))
    }

    fn not_revoked(&self, file: &Installed) -> Result<(), SupplyError> {
        if let Some((key, reason)) = file.signer.and_then(|key| Some((key, self.revoked.keys.get(&key)?))) {
            return Err(SupplyError::RevokedKey { key, reason: reason.clone() });
        }
        match self.revoked.files.get(&file.digest) {
            Some(reason) => Err(SupplyError::RevokedFile { digest: file.digest, reason: reason.clone() }),
            None => Ok(()),
        }
    }
}

fn named(patterns: &[PluginPattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.fits(name))
}
