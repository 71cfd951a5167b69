//! Why a file is not packed, signed or opened.

use super::{
    check::DescriptorError,
    key::KeyId,
    limits::MAX_FILE,
    section::{FormatError, Part},
};
use crate::plugin::SectionError;

/// Why a file is not packed, signed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// It is larger than [`MAX_FILE`].
    #[error("the file has {size} bytes; the limit is {MAX_FILE}")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// Its bytes are no component, or not in the form of a package.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A part of the package is missing.
    #[error("the file has no `{0}` section; make a package of the component with `tandem plugin pack`")]
    Missing(Part),
    /// It is a package already.
    #[error("the file is a package already; repack it to replace its sections")]
    AlreadyPacked,
    /// It is signed already.
    #[error("the file is signed already, by key {0}; repack it to sign it again")]
    AlreadySigned(KeyId),
    /// It is not signed, and a signature is required.
    #[error("the file is not signed; sign it, or allow unsigned plugins")]
    Unsigned,
    /// It is signed by a key that is no trust root.
    #[error(
        "the file is signed by key {0}, which is not a trust root; add its public key to the trust roots if you trust it"
    )]
    UnknownKey(KeyId),
    /// The file is not what was signed.
    #[error(
        "the signature of key {0} does not fit the file: it was changed after signing; get it again from its author"
    )]
    SignatureMismatch(KeyId),
    /// The signature section has a form that this host does not know.
    #[error("the signature has an unknown form; sign the file with this host's version")]
    SignatureForm,
    /// The manifest is wrong.
    #[error("section `tandem:manifest`: {0}")]
    Manifest(SectionError),
    /// The descriptors are wrong.
    #[error("section `tandem:descriptors`: {0}")]
    Descriptors(SectionError),
    /// A descriptor breaks a rule.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
    /// The manifest adjusts a tool that is not there.
    #[error("the manifest has a table `tools.{name}`, but there is no such tool{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoSuchTool {
        /// The name in the manifest.
        name: String,
        /// The nearest tool.
        near: Option<String>,
    },
    /// An alias does not fit its tool.
    #[error("alias `{alias}` of tool `{tool}`: {problem}")]
    Alias {
        /// The alias.
        alias: String,
        /// The tool.
        tool: String,
        /// What is wrong.
        problem: String,
    },
}
