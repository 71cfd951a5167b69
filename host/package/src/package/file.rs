//! A package as a file: made of a component, signed, opened, and read only to be shown.

use tandem_types::{
    canonical_json,
    text::{nearest, shown},
};

use super::{
    KeyId, KeyPair, MAX_FILE, PackageError, Part, Sha256Digest, SignatureState, TrustRoots,
    check::check,
    key::{SIGNATURE_LENGTH, Signature},
    section::{Layout, Section, append, append_custom},
};
use crate::{Descriptors, PluginManifest, ToolAlias, ToolDescriptor, canonical};

/// Which packages may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignaturePolicy {
    /// Those that a trust root signed.
    #[default]
    Required,
    /// Those and unsigned ones. A signature that is there must be valid all the same.
    AllowUnsigned,
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
    /// `component` is not a component or has sections of ours already; the manifest or the descriptors break a
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
        check(&descriptors)?;
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
    /// `component` is not a component or is packed already.
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
    /// `file` is not a package or is signed already.
    pub fn sign(file: &[u8], key: &KeyPair) -> Result<Vec<u8>, PackageError> {
        check_size(file)?;
        let layout = Layout::read(file)?;
        required(&layout, Part::Manifest)?;
        required(&layout, Part::Descriptors)?;
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
    /// The file is not a package, is changed, or is not signed as `policy` wants it.
    pub fn open(file: &[u8], roots: &TrustRoots, policy: SignaturePolicy) -> Result<Self, PackageError> {
        check_size(file)?;
        let layout = Layout::read(file)?;
        required(&layout, Part::Manifest)?;
        required(&layout, Part::Descriptors)?;
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
    /// The file is not a package.
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
        let manifest = required(layout, Part::Manifest)?.payload(file);
        let manifest = PluginManifest::from_section(manifest).map_err(PackageError::Manifest)?;
        let descriptors = required(layout, Part::Descriptors)?.payload(file);
        let descriptors: Descriptors = canonical::decode(descriptors).map_err(PackageError::Descriptors)?;
        check(&descriptors)?;
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

fn required(layout: &Layout, part: Part) -> Result<&Section, PackageError> {
    layout.part(part).ok_or(PackageError::Missing(part))
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
        None => descriptors.tools.iter().try_for_each(|tool| check_aliases(manifest, tool)),
    }
}

/// An alias that does not fit its tool would fail at each call.
fn check_aliases(manifest: &PluginManifest, tool: &ToolDescriptor) -> Result<(), PackageError> {
    let misfit = |alias: &ToolAlias| alias.misfit(tool).map(|problem| (alias.name.to_string(), problem));
    match manifest.aliases(&tool.name).iter().find_map(misfit) {
        Some((alias, problem)) => Err(PackageError::Alias { alias, tool: shown(&tool.name), problem }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
