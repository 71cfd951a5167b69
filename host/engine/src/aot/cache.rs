//! The directory of compiled code: entries with a MAC, written, read and checked.

use std::{
    fs,
    hash::{Hash, Hasher},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

use super::{Origin, load};
use crate::error::LoadError;

const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 32;
/// The largest entry that is read: some times what the largest package compiles to.
const MAX_CODE: u64 = 1 << 30;
/// Separates this use of the key from any other.
const DOMAIN: &[u8] = b"tandem aot v1";

/// The cache's directory and key.
#[derive(Debug)]
pub(crate) struct AotCache {
    directory: PathBuf,
    key: [u8; KEY_BYTES],
    /// Hash of everything in the engine that compiled code depends on.
    engine: [u8; 32],
}

impl AotCache {
    pub(crate) fn open(directory: &Path, engine: &Engine) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
        tandem_files::sweep(directory);
        let key = tandem_store::host_key(&directory.join("key"))?;
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { directory: directory.to_owned(), key, engine: hasher.0.finalize().into() })
    }

    /// The component, from the cache or compiled and cached. Takes seconds for large ones: never call it on a
    /// request's path.
    pub(crate) fn load(
        &self,
        engine: &Engine,
        wasm: &[u8],
        compile: impl FnOnce() -> Result<Vec<u8>, LoadError>,
    ) -> Result<(Component, Origin), LoadError> {
        let wrong = |error: wasmtime::Error| LoadError::Compile(format!("{error:#}"));
        let digest: [u8; 32] = Sha256::digest(wasm).into();
        let path = self.path(&digest);
        let origin = match tandem_files::read_regular(&path, MAX_CODE) {
            Ok(bytes) => match self.authentic(&digest, &bytes) {
                Some(code) => return Ok((load::component(engine, code).map_err(wrong)?, Origin::Cached)),
                None => {
                    tracing::warn!(entry = %path.display(), "compiled-code cache: entry is not authentic, compiling again");
                    Origin::Replaced
                }
            },
            Err(_) => Origin::Compiled,
        };
        let code = compile()?;
        if let Err(error) = self.write(&path, &digest, &code) {
            tracing::warn!(%error, "compiled-code cache: cannot write an entry");
        }
        Ok((load::component(engine, load::Authentic::just_compiled(&code)).map_err(wrong)?, origin))
    }

    /// The component, where it is in the cache and authentic.
    pub(crate) fn cached(&self, engine: &Engine, wasm: &[u8]) -> Result<Option<Component>, LoadError> {
        let digest: [u8; 32] = Sha256::digest(wasm).into();
        let Ok(bytes) = tandem_files::read_regular(&self.path(&digest), MAX_CODE) else { return Ok(None) };
        let code = self.authentic(&digest, &bytes);
        let component = code.map(|code| load::component(engine, code)).transpose();
        component.map_err(|error| LoadError::Compile(format!("{error:#}")))
    }

    /// Compiles and caches what is not there.
    pub(crate) fn keep(
        &self,
        wasm: &[u8],
        compile: impl FnOnce() -> Result<Vec<u8>, LoadError>,
    ) -> Result<(), LoadError> {
        let digest: [u8; 32] = Sha256::digest(wasm).into();
        let path = self.path(&digest);
        if tandem_files::read_regular(&path, MAX_CODE).is_ok_and(|bytes| self.authentic(&digest, &bytes).is_some()) {
            return Ok(());
        }
        let code = compile()?;
        let kept = self.write(&path, &digest, &code);
        kept.map_err(|error| {
            LoadError::Host(format!("the compiled code cannot be kept in {}: {error}", path.display()))
        })
    }

    fn path(&self, digest: &[u8; 32]) -> PathBuf {
        let mut name = Sha256::new();
        name.update(self.engine);
        name.update(digest);
        self.directory.join(format!("{}.cwasm", hex::encode(name.finalize())))
    }

    fn mac(&self, digest: &[u8; 32], code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        for part in [DOMAIN, &self.engine, digest, code] {
            mac.update(part);
        }
        Some(mac)
    }

    /// Splits tag and code, and checks the tag in constant time.
    fn authentic<'a>(&self, digest: &[u8; 32], bytes: &'a [u8]) -> Option<load::Authentic<'a>> {
        let (tag, code) = bytes.split_at_checked(TAG_BYTES)?;
        self.mac(digest, code)?.verify_slice(tag).ok()?;
        Some(load::Authentic::verified(code))
    }

    fn write(&self, path: &Path, digest: &[u8; 32], code: &[u8]) -> io::Result<()> {
        let mac = self.mac(digest, code).ok_or_else(|| io::Error::other("no MAC key"))?;
        let tag = mac.finalize().into_bytes();
        tandem_files::atomic_write(path, &[&*tag, code].concat(), 0o600)
    }
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
    }
}
