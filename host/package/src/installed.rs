//! What is installed under a plugin's name.

use semver::Version;

use crate::{KeyId, Package, Sha256Digest};

/// What was installed under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The digest of its file.
    pub digest: Sha256Digest,
    /// Who signed it; none when nobody did.
    pub signer: Option<KeyId>,
}

impl Installed {
    /// What a package is installed as.
    #[must_use]
    pub fn of(package: &Package) -> Self {
        let identity = &package.manifest.plugin;
        Self {
            name: identity.name.to_string(),
            version: identity.version.clone(),
            digest: package.file_digest,
            signer: package.key_id,
        }
    }
}
