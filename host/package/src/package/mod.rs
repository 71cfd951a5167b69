//! The package: one `.wasm` file that is a component and carries its manifest, its descriptors and its
//! signature.
//!
//! ```text
//! component            preamble and sections, as the author's toolchain made them
//! tandem:manifest      custom section: the canonical JSON of the manifest
//! tandem:descriptors   custom section: the canonical JSON of the descriptors
//! tandem:signature     custom section, optional: version, key id, ed25519 signature of all that is before it
//! ```
//!
//! The file stays a valid component. Nothing may stand between, before or behind these parts, and a length must
//! be in its shortest form, so that a package has one byte sequence only. The signature is checked before
//! anything that it covers is read. Only sections of the outermost component count: what is nested in it is
//! its own matter. Files over [`MAX_FILE`] and sections of ours over [`MAX_SECTION`] are refused.

mod check;
mod digest;
mod error;
mod file;
mod key;
mod limits;
mod section;

pub use check::{
    DescriptorError, MAX_DESCRIPTION, MAX_DESCRIPTORS, MAX_PROMPT_ARGUMENTS, MAX_SCHEMA, MAX_TOOLS, MAX_URI,
};
pub use digest::Sha256Digest;
pub use error::PackageError;
pub use file::{Package, SignaturePolicy};
pub use key::{KeyError, KeyId, KeyPair, MAX_TRUST_ROOTS, SignatureState, TrustRoots};
pub use limits::{MAX_FILE, MAX_SECTION};
pub use section::{FormatError, Part};
