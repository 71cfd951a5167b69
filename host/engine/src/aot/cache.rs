//! The directory of compiled code: entries are the code and then its MAC. They are written, checked and mapped into memory.

use std::{
    fs::{self, File},
    hash::{Hash, Hasher},
    io::{self, Read, Seek},
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
const DOMAIN: &[u8] = b"tandem aot v2";
/// What is read at once of an entry that is checked: as a whole it may be as large as [`MAX_CODE`].
const PIECE: usize = 64 << 10;

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
        let digest: [u8; 32] = Sha256::digest(wasm).into();
        let path = self.path(&digest);
        let origin = match self.entry(&path, &digest) {
            Entry::Sound(file) => return Ok((self.component(engine, &digest, file)?, Origin::Cached)),
            Entry::Wrong => {
                tracing::warn!(entry = %path.display(), "compiled-code cache: entry is not authentic, compiling again");
                Origin::Replaced
            }
            Entry::Missing => Origin::Compiled,
        };
        let code = compile()?;
        if let Err(error) = self.write(&path, &digest, &code) {
            tracing::warn!(%error, "compiled-code cache: cannot write an entry");
        } else if let Entry::Sound(file) = self.entry(&path, &digest) {
            // Its pages are the file's then, and need no memory of the host's own.
            return Ok((self.component(engine, &digest, file)?, origin));
        }
        Ok((load::component(engine, load::Authentic::just_compiled(&code)).map_err(wrong)?, origin))
    }

    /// The component, where it is in the cache and authentic.
    pub(crate) fn cached(&self, engine: &Engine, wasm: &[u8]) -> Result<Option<Component>, LoadError> {
        let digest: [u8; 32] = Sha256::digest(wasm).into();
        match self.entry(&self.path(&digest), &digest) {
            Entry::Sound(file) => self.component(engine, &digest, file).map(Some),
            Entry::Missing | Entry::Wrong => Ok(None),
        }
    }

    /// Compiles and caches what is not there.
    pub(crate) fn keep(
        &self,
        wasm: &[u8],
        compile: impl FnOnce() -> Result<Vec<u8>, LoadError>,
    ) -> Result<(), LoadError> {
        let digest: [u8; 32] = Sha256::digest(wasm).into();
        let path = self.path(&digest);
        if matches!(self.entry(&path, &digest), Entry::Sound(_)) {
            return Ok(());
        }
        let code = compile()?;
        let kept = self.write(&path, &digest, &code);
        kept.map_err(|error| {
            LoadError::Host(format!("the compiled code cannot be kept in {}: {error}", path.display()))
        })
    }

    /// The component of an authentic entry: mapped, or copied where a file system's files may not be executed (`noexec`).
    fn component(&self, engine: &Engine, digest: &[u8; 32], file: File) -> Result<Component, LoadError> {
        load::mapped(engine, &load::AuthenticFile::verified(&file)).or_else(|error| {
            tracing::debug!(%error, "compiled-code cache: an entry cannot be mapped and is copied");
            self.copied(engine, digest, file)
        })
    }

    /// The component of an entry, checked once more as it is read.
    fn copied(&self, engine: &Engine, digest: &[u8; 32], mut file: File) -> Result<Component, LoadError> {
        let mut bytes = Vec::new();
        let read = file.rewind().and_then(|()| file.take(MAX_CODE).read_to_end(&mut bytes));
        read.map_err(|error| LoadError::Host(format!("cannot read compiled code: {error}")))?;
        let code = self.authentic(digest, &bytes);
        let code = code.ok_or_else(|| LoadError::Host("compiled code changed while it was read".to_owned()))?;
        load::component(engine, code).map_err(wrong)
    }

    /// Looks for an entry and checks it, a piece after the other.
    fn entry(&self, path: &Path, digest: &[u8; 32]) -> Entry {
        let Ok(file) = tandem_files::open_regular(path) else { return Entry::Missing };
        match self.is_authentic(&file, digest) {
            Ok(true) => Entry::Sound(file),
            Ok(false) | Err(_) => Entry::Wrong,
        }
    }

    fn is_authentic(&self, mut file: &File, digest: &[u8; 32]) -> io::Result<bool> {
        let length = file.metadata()?.len();
        let Some(code) = length.checked_sub(TAG_BYTES as u64).filter(|_| length <= MAX_CODE) else { return Ok(false) };
        let mut mac = self.mac(digest)?;
        let mut left = code;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let (part, _) = piece.split_at_mut(wanted);
            file.read_exact(part)?;
            mac.update(part);
            left -= part.len() as u64;
        }
        let mut tag = [0; TAG_BYTES];
        file.read_exact(&mut tag)?;
        Ok(mac.verify_slice(&tag).is_ok())
    }

    fn path(&self, digest: &[u8; 32]) -> PathBuf {
        let mut name = Sha256::new();
        name.update(self.engine);
        name.update(digest);
        self.directory.join(format!("{}.cwasm", hex::encode(name.finalize())))
    }

    /// The MAC of an entry, before its code.
    fn mac(&self, digest: &[u8; 32]) -> io::Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(io::Error::other)?;
        for part in [DOMAIN, &self.engine, digest] {
            mac.update(part);
        }
        Ok(mac)
    }

    /// Splits code and tag, and checks the tag in constant time.
    fn authentic<'a>(&self, digest: &[u8; 32], bytes: &'a [u8]) -> Option<load::Authentic<'a>> {
        let (code, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let mut mac = self.mac(digest).ok()?;
        mac.update(code);
        mac.verify_slice(tag).ok()?;
        Some(load::Authentic::verified(code))
    }

    fn write(&self, path: &Path, digest: &[u8; 32], code: &[u8]) -> io::Result<()> {
        let mut mac = self.mac(digest)?;
        mac.update(code);
        let tag = mac.finalize().into_bytes();
        tandem_files::atomic_write(path, &[code, &*tag].concat(), 0o600)
    }
}

/// What the directory has of a component.
enum Entry {
    Missing,
    /// It is not what this host wrote.
    Wrong,
    /// Open, and checked to its end.
    Sound(File),
}

fn wrong(error: wasmtime::Error) -> LoadError {
    LoadError::Compile(format!("{error:#}"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EngineConfig;

    fn cache(directory: &tempfile::TempDir) -> (Engine, AotCache) {
        let engine = Engine::new(&EngineConfig::default().wasmtime()).unwrap();
        let cache = AotCache::open(&directory.path().join("compiled"), &engine).unwrap();
        (engine, cache)
    }

    /// An empty component: its magic number and version.
    const WASM: &[u8] = b"\0asm\x0d\0\x01\0";

    fn compiled(engine: &Engine) -> Result<Vec<u8>, LoadError> {
        engine.precompile_component(WASM).map_err(wrong)
    }

    #[test]
    fn an_entry_is_used_mapped_or_copied_and_never_when_a_bit_of_it_changed() {
        let directory = tempfile::tempdir().unwrap();
        let (engine, cache) = cache(&directory);
        let origin = |compile: bool| {
            cache.load(&engine, WASM, || if compile { compiled(&engine) } else { panic!("compiled again") }).unwrap().1
        };
        assert_eq!(origin(true), Origin::Compiled);
        assert_eq!(origin(false), Origin::Cached);
        let digest: [u8; 32] = Sha256::digest(WASM).into();
        let path = cache.path(&digest);
        let Entry::Sound(file) = cache.entry(&path, &digest) else { panic!("it was kept") };
        load::mapped(&engine, &load::AuthenticFile::verified(&file)).expect("files of this directory may be executed");
        cache.copied(&engine, &digest, file).expect("and they may be copied");
        let whole = fs::read(&path).unwrap();
        for (at, bit) in [(0, 1), (whole.len() / 2, 0x80), (whole.len() - TAG_BYTES, 1), (whole.len() - 1, 1)] {
            let mut changed = whole.clone();
            changed[at] ^= bit;
            fs::write(&path, changed).unwrap();
            assert!(
                matches!(cache.entry(&path, &digest), Entry::Wrong) && cache.cached(&engine, WASM).unwrap().is_none()
            );
            assert!(cache.copied(&engine, &digest, File::open(&path).unwrap()).is_err());
        }
        for length in [0, TAG_BYTES - 1, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(matches!(cache.entry(&path, &digest), Entry::Wrong), "{length} bytes");
        }
        assert_eq!(origin(true), Origin::Replaced);
        assert_eq!(origin(false), Origin::Cached);
    }
}
