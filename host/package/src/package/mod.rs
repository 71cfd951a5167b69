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
mod key;
mod section;

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

pub use check::{
    DescriptorError, MAX_DESCRIPTION, MAX_DESCRIPTORS, MAX_PROMPT_ARGUMENTS, MAX_SCHEMA, MAX_TOOLS, MAX_URI,
};
pub use key::{KeyError, KeyId, KeyPair, MAX_TRUST_ROOTS, TrustRoots};
use key::{SIGNATURE_LENGTH, Signature};
pub use section::{FormatError, Part};
use section::{Layout, append, append_custom};
use tandem_types::{NameError, canonical_json, text::nearest, text::shown};

use crate::{Descriptors, PluginManifest, SectionError};

/// Largest file: three times an interpreter with its standard library.
pub const MAX_FILE: usize = 64 << 20;

/// Largest section of ours: hundreds of tools with large schemas.
pub const MAX_SECTION: usize = 4 << 20;

/// Which packages may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignaturePolicy {
    /// Those that a trust root signed.
    #[default]
    Required,
    /// Those and unsigned ones. A signature that is there must be valid all the same.
    AllowUnsigned,
}

/// What is known of a package's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureState {
    /// There is none.
    Unsigned,
    /// A trust root signed the file.
    Valid(KeyId),
    /// The key is no trust root, so nothing can be said.
    UnknownKey(KeyId),
    /// The file is not what this trust root signed.
    Invalid(KeyId),
}

/// SHA-256 of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A digest that was computed elsewhere, as of what came in parts.
impl From<[u8; 32]> for Sha256Digest {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl FromStr for Sha256Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut digest = [0; 32];
        let right = text.strip_prefix("sha256:").is_some_and(|hex| hex::decode_to_slice(hex, &mut digest).is_ok());
        right.then_some(Self(digest)).ok_or_else(|| {
            NameError::new(text, "digest", "write `sha256:` and 64 hexadecimal digits, as `tandem inspect` prints it")
        })
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Sha256Digest {
    fn schema_name() -> Cow<'static, str> {
        "Sha256Digest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^sha256:[0-9a-fA-F]{64}$" })
    }
}

/// `sha256:` and lower-case hexadecimal digits.
impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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
    #[error("the file has no `{0}` section; make a package of the component with `tandem pack`")]
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
}

/// An opened package: everything in it was covered by its signature, if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// What the plugin asks for.
    pub manifest: PluginManifest,
    /// What it offers.
    pub descriptors: Descriptors,
    /// The digest of the component alone: the same for the same code, whoever signs it.
    pub component_digest: Sha256Digest,
    /// The digest of the whole file.
    pub file_digest: Sha256Digest,
    /// The length of the component: the file's first bytes.
    pub component_len: usize,
    /// The trust root that signed the file; none when it is not signed.
    pub key_id: Option<KeyId>,
}

impl Package {
    /// Makes an unsigned package of a component. What the manifest says of tools goes over `descriptors`, which are what
    /// the component says.
    ///
    /// # Errors
    /// `component` is no component or has sections of ours already; the manifest or the descriptors break a
    /// rule; something is too large.
    pub fn pack(
        component: &[u8],
        manifest: &PluginManifest,
        descriptors: &Descriptors,
    ) -> Result<Vec<u8>, PackageError> {
        check_size(component)?;
        if !Layout::read(component)?.is_bare() {
            return Err(PackageError::AlreadyPacked);
        }
        let mut descriptors = descriptors.clone();
        manifest.adjust(&mut descriptors);
        descriptors.sort();
        let manifest_section = manifest.to_section();
        let descriptors_section = canonical_json(&descriptors);
        // What is written must be read back: the same rules, checked by the same code.
        let manifest = PluginManifest::from_section(&manifest_section).map_err(PackageError::Manifest)?;
        check::check(&descriptors)?;
        check_tools(&manifest, &descriptors)?;
        let mut file = component.to_vec();
        append(&mut file, Part::Manifest, &manifest_section)?;
        append(&mut file, Part::Descriptors, &descriptors_section)?;
        check_size(&file)?;
        Ok(file)
    }

    /// A component with one more custom section, as `package-docs`, which is where WIT tools keep `///` comments.
    ///
    /// # Errors
    /// `component` is no component or is packed already.
    pub fn annotate(component: &[u8], section: &str, payload: &[u8]) -> Result<Vec<u8>, PackageError> {
        check_size(component)?;
        if !Layout::read(component)?.is_bare() {
            return Err(PackageError::AlreadyPacked);
        }
        let mut annotated = component.to_vec();
        append_custom(&mut annotated, section, payload);
        check_size(&annotated)?;
        // A name in our namespace is not for others to give.
        if Layout::read(&annotated)?.is_bare() { Ok(annotated) } else { Err(PackageError::AlreadyPacked) }
    }

    /// As [`Package::pack`], after taking the sections of ours off a package.
    ///
    /// # Errors
    /// As [`Package::pack`], but a package is welcome.
    pub fn repack(file: &[u8], manifest: &PluginManifest, descriptors: &Descriptors) -> Result<Vec<u8>, PackageError> {
        check_size(file)?;
        let layout = Layout::read(file)?;
        Self::pack(layout.component(file), manifest, descriptors)
    }

    /// Signs a package.
    ///
    /// # Errors
    /// `file` is no package or is signed already.
    pub fn sign(file: &[u8], key: &KeyPair) -> Result<Vec<u8>, PackageError> {
        check_size(file)?;
        let layout = Layout::read(file)?;
        layout.require(Part::Manifest)?;
        layout.require(Part::Descriptors)?;
        if let Some(section) = layout.part(Part::Signature) {
            let id = Signature::decode(section.payload(file))
                .map_or(PackageError::SignatureForm, |signature| PackageError::AlreadySigned(signature.key_id));
            return Err(id);
        }
        let mut signed = file.to_vec();
        let signature: [u8; SIGNATURE_LENGTH] = key.sign(Sha256Digest::of(file)).encode();
        append(&mut signed, Part::Signature, &signature)?;
        check_size(&signed)?;
        Ok(signed)
    }

    /// Opens a package that the host may trust.
    ///
    /// # Errors
    /// The file is no package, is changed, or is not signed as `policy` wants it.
    pub fn open(file: &[u8], roots: &TrustRoots, policy: SignaturePolicy) -> Result<Self, PackageError> {
        check_size(file)?;
        let layout = Layout::read(file)?;
        layout.require(Part::Manifest)?;
        layout.require(Part::Descriptors)?;
        let key_id = match (signature_state(file, &layout, roots)?, policy) {
            (SignatureState::Valid(id), _) => Some(id),
            (SignatureState::Unsigned, SignaturePolicy::AllowUnsigned) => None,
            (SignatureState::Unsigned, SignaturePolicy::Required) => return Err(PackageError::Unsigned),
            (SignatureState::UnknownKey(id), _) => return Err(PackageError::UnknownKey(id)),
            (SignatureState::Invalid(id), _) => return Err(PackageError::SignatureMismatch(id)),
        };
        Self::decode(file, &layout, key_id)
    }

    /// Reads a package only to show it: its content is *not* to be trusted unless the state is
    /// [`SignatureState::Valid`].
    ///
    /// # Errors
    /// The file is no package.
    pub fn inspect(file: &[u8], roots: &TrustRoots) -> Result<(Self, SignatureState), PackageError> {
        check_size(file)?;
        let layout = Layout::read(file)?;
        let state = signature_state(file, &layout, roots)?;
        let key_id = if let SignatureState::Valid(id) = state { Some(id) } else { None };
        Ok((Self::decode(file, &layout, key_id)?, state))
    }

    /// The component of the file that this package was opened from; the whole of any shorter file.
    #[must_use]
    pub fn component<'f>(&self, file: &'f [u8]) -> &'f [u8] {
        file.get(..self.component_len).unwrap_or(file)
    }

    fn decode(file: &[u8], layout: &Layout, key_id: Option<KeyId>) -> Result<Self, PackageError> {
        let manifest = layout.require(Part::Manifest)?.payload(file);
        let manifest = PluginManifest::from_section(manifest).map_err(PackageError::Manifest)?;
        let descriptors = layout.require(Part::Descriptors)?.payload(file);
        let descriptors: Descriptors = crate::canonical::decode(descriptors).map_err(PackageError::Descriptors)?;
        check::check(&descriptors)?;
        check_tools(&manifest, &descriptors)?;
        let component = layout.component(file);
        Ok(Self {
            manifest,
            descriptors,
            component_digest: Sha256Digest::of(component),
            file_digest: Sha256Digest::of(file),
            component_len: component.len(),
            key_id,
        })
    }
}

fn check_size(file: &[u8]) -> Result<(), PackageError> {
    if file.len() > MAX_FILE { Err(PackageError::TooLarge { size: file.len() }) } else { Ok(()) }
}

fn signature_state(file: &[u8], layout: &Layout, roots: &TrustRoots) -> Result<SignatureState, PackageError> {
    let Some(section) = layout.part(Part::Signature) else { return Ok(SignatureState::Unsigned) };
    let signature = Signature::decode(section.payload(file)).ok_or(PackageError::SignatureForm)?;
    let covered = file.get(..section.start()).unwrap_or_default();
    Ok(roots.verify(&signature, Sha256Digest::of(covered)))
}

/// A table for a tool that is not there is a slip of the pen that would silently do nothing.
fn check_tools(manifest: &PluginManifest, descriptors: &Descriptors) -> Result<(), PackageError> {
    let known = || descriptors.tools.iter().map(|tool| tool.name.as_str());
    match manifest.adjusted().find(|name| !known().any(|known| known == *name)) {
        Some(name) => Err(PackageError::NoSuchTool {
            name: shown(name.as_str()),
            near: nearest(name.as_str(), known()).map(str::to_owned),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
