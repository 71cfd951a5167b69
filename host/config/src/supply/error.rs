//! Why a plugin is not let in.

use semver::Version;
use tandem_package::{KeyId, Sha256Digest};

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
        "`{name}` was {} before, and this file is {}; if the author changed keys, add the name to plugins.allow-new-signer",
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
    key.map_or_else(|| "unsigned".to_owned(), |key| format!("signed by key {key}"))
}
