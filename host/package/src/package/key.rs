//! Keys that sign packages, and those that are trusted.
//!
//! A key is ed25519; private ones are PKCS#8 PEM, public ones SPKI PEM. A key's id is the first eight bytes
//! of the SHA-256 of its 32 public bytes: short enough to read out, and only a hint, since what counts is that
//! the signature verifies under a trusted key. Verification is strict: no other bytes are a signature of the
//! same message.

use std::{fmt, str::FromStr};

use ed25519_dalek::{
    Signer, SigningKey, VerifyingKey,
    pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, spki::der::pem::LineEnding},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use tandem_types::{NameError, text::shown};
use zeroize::Zeroizing;

use super::digest::Sha256Digest;

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

impl fmt::Display for SignatureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("unsigned"),
            Self::Valid(key) => write!(f, "valid, by the trusted key {key}"),
            Self::UnknownKey(key) => write!(f, "by key {key}, not trusted here"),
            Self::Invalid(key) => write!(f, "INVALID for key {key}: the file was changed after signing"),
        }
    }
}

/// Most trust roots: every one can vouch for any plugin, so a long list is a mistake.
pub const MAX_TRUST_ROOTS: usize = 256;

/// Separates these signatures from all others that the same key may make.
const DOMAIN: &[u8] = b"tandem:signature\0";

/// The form of the signature section.
const VERSION: u8 = 1;

/// Version, key id, signature.
pub(super) const SIGNATURE_LENGTH: usize = 1 + KeyId::LENGTH + 64;

/// Why a key cannot be used. No message holds any part of a key's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is no private key.
    #[error("this is not an ed25519 private key in pkcs#8 pem; make one with `tandem plugin keygen`")]
    Private,
    /// It is no public key.
    #[error("{label}: not an ed25519 public key in spki pem; give the `.pub` file that `tandem plugin keygen` wrote")]
    Public {
        /// What the reader called it.
        label: String,
    },
    /// It is a key of small order, under which anything can be made to verify.
    #[error("{label}: this public key is weak; make another one with `tandem plugin keygen`")]
    Weak {
        /// What the reader called it.
        label: String,
    },
    /// There are too many.
    #[error("more than {MAX_TRUST_ROOTS} trust roots; every one can vouch for any plugin, keep few")]
    TooMany,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
    /// The key could not be written as PEM.
    #[error("the key cannot be written as pem")]
    Encode,
}

/// The short name of a public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    const LENGTH: usize = 8;

    fn of(key: &VerifyingKey) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        let mut id = [0; Self::LENGTH];
        id.iter_mut().zip(digest).for_each(|(id, byte)| *id = byte);
        Self(id)
    }
}

impl FromStr for KeyId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut id = [0; Self::LENGTH];
        hex::decode_to_slice(text, &mut id).map(|()| Self(id)).map_err(|_| {
            NameError::new(
                text,
                "key id",
                "write 16 hexadecimal digits, as `tandem plugin keygen` and `inspect` print them",
            )
        })
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Hexadecimal digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A private key with its public one. Its memory is wiped when it is dropped, and it does not print.
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// A new key from the system's random bytes.
    ///
    /// # Errors
    /// The system has none.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a private key.
    ///
    /// # Errors
    /// The text is no PKCS#8 PEM of an ed25519 key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        SigningKey::from_pkcs8_pem(pem.trim()).map(Self).map_err(|_| KeyError::Private)
    }

    /// The private key as PKCS#8 PEM.
    ///
    /// # Errors
    /// The encoder refuses; with a key that was made here it does not.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.0.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Encode)
    }

    /// The public key as SPKI PEM.
    ///
    /// # Errors
    /// The encoder refuses; with a key that was made here it does not.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        self.0.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Encode)
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.0.verifying_key())
    }

    pub(super) fn sign(&self, file: Sha256Digest) -> Signature {
        let key_id = self.id();
        Signature { key_id, bytes: self.0.sign(&message(key_id, file)).to_bytes() }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// The public keys that may vouch for plugins.
#[derive(Clone, Debug, Default)]
pub struct TrustRoots(Vec<(KeyId, VerifyingKey)>);

impl TrustRoots {
    /// No trust roots: nothing that is signed is trusted.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads public keys, each with the label that errors give it; a text may hold several.
    ///
    /// # Errors
    /// A text holds no key or a weak one, or there are too many.
    pub fn from_pems<'a>(pems: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, KeyError> {
        const END: &str = "-----END PUBLIC KEY-----";
        let mut roots = Self::default();
        for (label, text) in pems {
            let error = || KeyError::Public { label: shown(label) };
            let text = text.replace("\r\n", "\n");
            let (blocks, rest) = text.rsplit_once(END).ok_or_else(error)?;
            if !rest.trim().is_empty() {
                return Err(error());
            }
            for block in blocks.split(END) {
                let pem = format!("{}{END}\n", block.trim_start());
                let key = VerifyingKey::from_public_key_pem(&pem).map_err(|_| error())?;
                if key.is_weak() {
                    return Err(KeyError::Weak { label: shown(label) });
                }
                roots.insert(key)?;
            }
        }
        Ok(roots)
    }

    /// Adds the public half of a key.
    ///
    /// # Errors
    /// There are too many already.
    pub fn trust(&mut self, key: &KeyPair) -> Result<(), KeyError> {
        self.insert(key.0.verifying_key())
    }

    /// The ids of the keys.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.0.iter().map(|(id, _)| *id)
    }

    fn insert(&mut self, key: VerifyingKey) -> Result<(), KeyError> {
        if self.0.iter().any(|(_, known)| *known == key) {
            return Ok(());
        }
        if self.0.len() >= MAX_TRUST_ROOTS {
            return Err(KeyError::TooMany);
        }
        self.0.push((KeyId::of(&key), key));
        Ok(())
    }

    pub(super) fn verify(&self, signature: &Signature, file: Sha256Digest) -> SignatureState {
        let id = signature.key_id;
        let message = message(id, file);
        let bytes = ed25519_dalek::Signature::from_bytes(&signature.bytes);
        // Ids are short: two keys may share one, so every key that has it is tried.
        let mut keys = self.0.iter().filter(|(known, _)| *known == id).peekable();
        if keys.peek().is_none() {
            return SignatureState::UnknownKey(id);
        }
        if keys.any(|(_, key)| key.verify_strict(&message, &bytes).is_ok()) {
            SignatureState::Valid(id)
        } else {
            SignatureState::Invalid(id)
        }
    }
}

/// The content of the signature section.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) key_id: KeyId,
    bytes: [u8; 64],
}

impl Signature {
    pub(super) fn encode(&self) -> [u8; SIGNATURE_LENGTH] {
        let mut section = [0; SIGNATURE_LENGTH];
        let bytes = std::iter::once(VERSION).chain(self.key_id.0).chain(self.bytes);
        section.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        section
    }

    /// None when the section is of another version or length.
    pub(super) fn decode(section: &[u8]) -> Option<Self> {
        let (version, rest) = section.split_first()?;
        let (id, bytes) = rest.split_first_chunk::<{ KeyId::LENGTH }>()?;
        let bytes = bytes.try_into().ok()?;
        (*version == VERSION).then_some(Self { key_id: KeyId(*id), bytes })
    }
}

/// What is signed: everything in the file is in it, the signature's own head included.
fn message(key_id: KeyId, file: Sha256Digest) -> Vec<u8> {
    [DOMAIN, &[VERSION], &key_id.0, file.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_text_and_do_not_print() {
        let key = KeyPair::generate().unwrap();
        let pem = key.to_pem().unwrap();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"));
        assert_eq!(KeyPair::from_pem(&pem).unwrap().id(), key.id());
        assert_eq!(format!("{key:?}"), format!("KeyPair {{ id: {}, .. }}", key.id()));
        assert_ne!(KeyPair::generate().unwrap().id(), key.id());
    }

    #[test]
    fn a_file_may_hold_several_roots_and_nothing_else() {
        let (one, two) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let both = format!("{}\n{}", one.public_pem().unwrap(), two.public_pem().unwrap());
        let roots =
            TrustRoots::from_pems([("both.pub", both.as_str()), ("again.pub", &both.replace('\n', "\r\n"))]).unwrap();
        assert_eq!(roots.ids().collect::<Vec<_>>(), [one.id(), two.id()]);
        let private = one.to_pem().unwrap();
        for wrong in ["", "rubbish", &both[..both.len() - 9], &format!("{both}x"), private.as_str()] {
            let error = TrustRoots::from_pems([("a.pub", wrong)]).unwrap_err();
            assert_eq!(error, KeyError::Public { label: "a.pub".into() }, "{wrong}");
        }
        assert_eq!(KeyPair::from_pem(&both).unwrap_err(), KeyError::Private);
    }

    #[test]
    fn a_weak_key_is_refused() {
        // The identity point: its signatures verify for any message.
        let mut bytes = [0; 32];
        bytes[0] = 1;
        let weak = VerifyingKey::from_bytes(&bytes).unwrap().to_public_key_pem(LineEnding::LF).unwrap();
        assert!(matches!(TrustRoots::from_pems([("weak.pub", weak.as_str())]), Err(KeyError::Weak { .. })));
    }
}
