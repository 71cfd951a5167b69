//! Why a plugin file is not loaded.

use tandem_catalog::{NameTaken, RejectCode, Rejected};
use tandem_config::SupplyError;
use tandem_engine::LoadError;
use tandem_package::PackageError;

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub(crate) String);

/// Why a plugin file is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailure {
    /// It takes longer to compile than is waited for; [`tandem_engine::Engine::compile`] takes its time.
    #[error("it is being compiled, which takes longer than `plugins.compile-patience`")]
    Compiling,
    /// The file cannot be read, or is not a regular file.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It is not a package, or not one that is trusted.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Its category is not served here.
    #[error("its category `{0}` is not in `tools.enabled-categories`")]
    Disabled(String),
    /// The operator's policy does not admit it.
    #[error(transparent)]
    Supply(#[from] SupplyError),
    /// The engine does not run it.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// It is not what its descriptors or its manifest say.
    #[error("{0}")]
    Descriptors(String),
    /// One of its names is another plugin's, or a meta-tool's.
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    /// A tool would have this name here, by the operator's prefix or alias.
    #[error(
        "`{name}`, which `{own}` would be called here, is not a valid tool name: at most 64 letters, digits, `_`, `.` or `-`"
    )]
    ToolName {
        /// The name here.
        name: String,
        /// The plugin's own name for it.
        own: String,
    },
    /// What the operator grants cannot be provided.
    #[error("{0}")]
    Grants(String),
    /// The host could not do its part.
    #[error("{0}")]
    Host(String),
}

impl LoadFailure {
    /// For programs.
    #[must_use]
    pub fn code(&self) -> RejectCode {
        match self {
            Self::Compiling => RejectCode::Compiling,
            Self::Unreadable(_) => RejectCode::Unreadable,
            Self::Package(error) => of_package(error),
            Self::Disabled(_) => RejectCode::Disabled,
            Self::Supply(SupplyError::RevokedKey { .. } | SupplyError::RevokedFile { .. }) => RejectCode::Revoked,
            Self::Supply(_) => RejectCode::SupplyPolicy,
            Self::Component(error) => of_component(error),
            Self::Descriptors(_) => RejectCode::Component,
            Self::NameTaken(_) | Self::ToolName { .. } => RejectCode::NameCollision,
            Self::Grants(_) => RejectCode::Grants,
            Self::Host(_) => RejectCode::Host,
        }
    }

    /// A file that is not served for this reason.
    pub(crate) fn of(&self, file: String) -> Rejected {
        Rejected::now(file, self.code(), self.to_string())
    }
}

fn of_package(error: &PackageError) -> RejectCode {
    match error {
        PackageError::Unsigned
        | PackageError::UnknownKey(_)
        | PackageError::SignatureMismatch(_)
        | PackageError::SignatureForm => RejectCode::Signature,
        _ => RejectCode::InvalidPackage,
    }
}

fn of_component(error: &LoadError) -> RejectCode {
    match error {
        LoadError::Slow => RejectCode::Compiling,
        LoadError::Compile(_) | LoadError::Budget(..) => RejectCode::Compilation,
        LoadError::Probe(_) => RejectCode::Check,
        LoadError::Host(_) => RejectCode::Host,
        _ => RejectCode::Component,
    }
}
