//! Whether a plugin whose signature is right may be loaded *here*: revocations, pins, and what was installed
//! under the same name before.
//!
//! **Promises.** A revoked key or file is refused whatever else is configured. A pinned plugin is exactly the
//! pinned file. A name keeps its signer, and its version does not go back, unless the operator says so for that
//! name.
//!
//! A file of the same version and signer but other bytes is let in with a warning: whoever holds the key could
//! have raised the version too, and an author builds often.
//!
//! A key has no date of expiry of its own: the trust roots are what is in their files now, and a clock that an
//! attacker may set decides nothing. A key is changed so: add the new public key to the trust roots, name the
//! plugins in `plugins.allow-new-signer`, install the files that the new key signed, then take both the setting
//! and the old public key away, or revoke the old key's id.

mod revoked;

use semver::Version;

pub use revoked::Revoked;

use tandem_package::{Installed, KeyId, Sha256Digest};

use crate::{HostConfig, PluginPattern};

/// Why a plugin is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SupplyError {
    /// Its key was revoked.
    #[error("its signing key {key} is revoked: {reason}")]
    RevokedKey {
        /// The key.
        key: KeyId,
        /// The list's reason.
        reason: String,
    },
    /// Its file was revoked.
    #[error("the file {digest} is revoked: {reason}")]
    RevokedFile {
        /// The file.
        digest: Sha256Digest,
        /// The list's reason.
        reason: String,
    },
    /// It is not the pinned file.
    #[error("its digest is {found}, but plugins.pins.{name} is {pinned}; install the pinned file, or change the pin")]
    Pin {
        /// The plugin.
        name: String,
        /// The pin.
        pinned: Sha256Digest,
        /// The file's digest.
        found: Sha256Digest,
    },
    /// It is older than what was installed.
    #[error(
        "`{name}` {found} is older than {installed}, which was installed before; if you mean it, add the name to plugins.allow-downgrade"
    )]
    Downgrade {
        /// The plugin.
        name: String,
        /// The newest version so far.
        installed: Version,
        /// The version of the file.
        found: Version,
    },
    /// Another key signed what was installed under the name.
    #[error(
        "`{name}` was installed before with the signature of {}, and this file has that of {}; if the author changed keys, add the name to plugins.allow-new-signer",
        signer(.installed), signer(.found)
    )]
    NewSigner {
        /// The plugin.
        name: String,
        /// Who signed what is installed.
        installed: Option<KeyId>,
        /// Who signed the file.
        found: Option<KeyId>,
    },
}

fn signer(key: &Option<KeyId>) -> String {
    key.map_or_else(|| "nobody".to_owned(), |key| format!("key {key}"))
}

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
        // A first signature is no change of hands: whoever could replace an unsigned file could do anything.
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

#[cfg(test)]
mod tests;
