//! Why an operation failed.

use tandem_runtime::errors::{Cause, Diagnostics};

/// Why plugins are not installed, upgraded, removed or published.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The configuration, or what it names, cannot be read.
    #[error(transparent)]
    Configuration(Cause),
    /// The plugin directory, the store or the lock file cannot be used, or another process installs.
    #[error(transparent)]
    Directory(Cause),
    /// The source cannot be fetched, or the file may not be installed here. Nothing has changed.
    #[error(transparent)]
    Failed(Cause),
}

impl InstallError {
    /// The errors of a hand-written file, if it is just that.
    #[must_use]
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match self {
            Self::Configuration(cause) | Self::Directory(cause) | Self::Failed(cause) => cause.diagnostics(),
        }
    }

    pub(crate) fn configuration(error: impl Into<anyhow::Error>) -> Self {
        Self::Configuration(error.into().into())
    }

    pub(crate) fn directory(error: anyhow::Error) -> Self {
        Self::Directory(error.into())
    }

    pub(crate) fn failed(error: anyhow::Error) -> Self {
        Self::Failed(error.into())
    }
}
