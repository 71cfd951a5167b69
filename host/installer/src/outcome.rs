//! What became of one plugin.

use std::{fmt, path::PathBuf};

use semver::Version;
use serde_json::{Value, json};
use tandem_registry::Locked;

use crate::plan::Plan;

/// What became of one plugin.
#[derive(Debug)]
pub struct Outcome {
    /// The plugin, as the lock file has or would have it.
    pub locked: Locked,
    /// What was done with it.
    pub status: Status,
    /// The plan's members as JSON, where there was one.
    plan: Option<Value>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is in this directory now.
    Installed(PathBuf),
    /// It is in the place of this version.
    Upgraded(Version),
    /// It would be in the place of this version.
    WouldUpgrade(Version),
    /// The same file was there.
    Present,
    /// There is no newer version.
    UpToDate,
    /// It was installed by its digest, and no newer version is looked for.
    Pinned,
    /// There is no newer version, and no file of it.
    Missing,
    /// There is no newer version, and the file is of another one.
    Differs(PathBuf, Version),
    /// The question was answered with no.
    Declined,
    /// It could not be upgraded.
    Failed(String),
}

impl Outcome {
    pub(crate) fn new(locked: Locked, status: Status) -> Self {
        Self { locked, status, plan: None }
    }

    pub(crate) fn planned(plan: Plan, status: Status) -> Self {
        let json = plan.json(matches!(status, Status::Installed(_) | Status::Upgraded(_)));
        Self { locked: plan.locked, status, plan: Some(json) }
    }

    /// Whether it is as it was asked for.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        !matches!(self.status, Status::Declined | Status::Failed(_))
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let locked = &self.locked;
        self.plan.clone().unwrap_or_else(|| {
            json!({
                "name": locked.name, "version": locked.version, "source": locked.source, "digest": locked.digest,
                "signer": locked.signer, "installed": false, "told": self.status.to_string(),
            })
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Locked { name, version, .. } = &self.locked;
        match &self.status {
            Status::Upgraded(before) => write!(f, "{name}: {before} → {version}"),
            Status::WouldUpgrade(before) => write!(f, "{name}: {before} → {version}, not installed (--dry-run)"),
            status => write!(f, "{name} {version}: {status}"),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed(directory) => write!(f, "installed in {}", directory.display()),
            Self::Upgraded(before) => write!(f, "upgraded from {before}"),
            Self::WouldUpgrade(before) => write!(f, "newer than {before}"),
            Self::Present => f.write_str("is installed already"),
            Self::UpToDate => f.write_str("is up to date"),
            Self::Pinned => f.write_str("was installed by its digest and stays"),
            Self::Missing => f.write_str(
                "is the newest, but is missing from the plugin directory; `tandem plugin install` restores it",
            ),
            Self::Differs(path, version) => write!(
                f,
                "is the newest, but {} is version {version}; `tandem plugin install` restores the newest",
                path.display()
            ),
            Self::Declined => f.write_str("not installed, as you said"),
            Self::Failed(reason) => write!(f, "not upgraded: {reason}"),
        }
    }
}
