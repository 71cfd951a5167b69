//! Files that are not served as they are, and why.

use std::time::SystemTime;

use serde::Serialize;

/// Why a file is not served, for programs. The reason beside it is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectCode {
    /// It is being compiled, which takes longer than others wait for.
    Compiling,
    /// The file cannot be read, or is not a regular file.
    Unreadable,
    /// It is not a package, or its manifest or descriptors are wrong.
    InvalidPackage,
    /// The operator serves no category of this name.
    Disabled,
    /// It is not signed by a trusted key, or was changed after signing.
    Signature,
    /// Its key or its digest is on a list of what is revoked.
    Revoked,
    /// It is another file than the pinned one, an older version, or of another signer than before.
    SupplyPolicy,
    /// It does not compile, or takes more than the compile budget.
    Compilation,
    /// It compiles, but is not what this host can run or what its descriptors say.
    Component,
    /// Its own check failed.
    Check,
    /// What the operator grants cannot be provided, as a directory that does not exist.
    Grants,
    /// One of its names is taken, or is none here.
    NameCollision,
    /// It was a canary and failed its criteria, or was rolled back.
    RolledBack,
    /// The host could not do its part.
    Host,
}

/// A file that is not served as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its name.
    pub file: String,
    /// Why, for programs.
    pub code: RejectCode,
    /// Why, for people.
    pub reason: String,
    /// Since when.
    pub at: SystemTime,
}

impl Rejected {
    /// Rejected now.
    #[must_use]
    pub fn now(file: String, code: RejectCode, reason: String) -> Self {
        Self { file, code, reason, at: SystemTime::now() }
    }

    /// Whether the operator wants it so.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.code == RejectCode::Disabled
    }

    /// Whether it is only not ready yet.
    #[must_use]
    pub fn is_compiling(&self) -> bool {
        self.code == RejectCode::Compiling
    }
}
