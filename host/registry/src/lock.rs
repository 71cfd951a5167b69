//! `tandem.lock`: which plugins were installed, from where, and which file exactly.
//!
//! It is TOML, sorted, and meant to be kept under version control. It records; it grants nothing: a file that it names
//! passes the same gate as any other.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use semver::Version;
use serde::{Deserialize, Serialize};
use tandem_files::{ReadError, Staged, read_regular};
use tandem_package::{Installed, KeyId, Sha256Digest};
use tandem_types::Name;

use crate::source::Source;

/// What the file is called; it stands beside the configuration.
pub const LOCK_NAME: &str = "tandem.lock";
/// The form of the file.
const VERSION: u32 = 1;
/// The largest file that is read.
const MAX_LOCK: u64 = 4 << 20;
/// Most entries. A host has far fewer plugins.
const MAX_ENTRIES: usize = 10_000;
/// What the file begins with.
const HEAD: &str =
    "# Written by `tandem plugin install`. `tandem plugin install` without a source restores what it says.\n\n";

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no lock file.
    #[error("{}: {reason}; take it from version control again, or remove it and install again", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// One installed plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The plugin's name.
    pub name: Name,
    /// Its version.
    pub version: Version,
    /// Where it came from, as it was named: upgrading looks there again.
    pub source: Source,
    /// The digest of its file. In a registry it is the layer's.
    pub digest: Sha256Digest,
    /// Who signed it; left out where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<KeyId>,
}

impl Locked {
    /// Whether a plugin is the one that was locked.
    #[must_use]
    pub fn is(&self, file: &Installed) -> bool {
        self.digest == file.digest && self.name.as_str() == file.name && self.signer == file.signer
    }
}

/// The plugins, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    /// The entries.
    pub plugins: BTreeMap<Name, Locked>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<Locked>,
}

impl Lock {
    /// Reads a lock file; none where there is no file.
    ///
    /// # Errors
    /// It cannot be read, has another form, or names a plugin twice.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let file = |source| LockError::File { path: path.to_owned(), source };
        let wrong = |reason: String| LockError::Form { path: path.to_owned(), reason };
        let bytes = match read_regular(path, MAX_LOCK) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(ReadError::Io(error)) => return Err(file(error)),
            Err(other) => return Err(wrong(other.to_string())),
        };
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not text".to_owned()))?;
        let form: Form = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        if form.version != VERSION {
            return Err(wrong(format!("unsupported format {}; this host supports {VERSION}", form.version)));
        }
        if form.plugins.len() > MAX_ENTRIES {
            return Err(wrong(format!("more than {MAX_ENTRIES} plugins")));
        }
        let mut lock = Self::default();
        for plugin in form.plugins {
            if let Some(twice) = lock.plugins.insert(plugin.name.clone(), plugin) {
                return Err(wrong(format!("duplicate entry `{}`", twice.name)));
            }
        }
        Ok(Some(lock))
    }

    /// Writes everything that can fail beside `path`, so that [`Prepared::commit`] only renames.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn prepare(&self, path: &Path) -> Result<Prepared, LockError> {
        let file = |source| LockError::File { path: path.to_owned(), source };
        let form = Form { version: VERSION, plugins: self.plugins.values().cloned().collect() };
        let text = toml::to_string(&form)
            .map_err(|error| LockError::Form { path: path.to_owned(), reason: error.to_string() })?;
        // It holds no secret, and others may want to see what is installed.
        let staged = Staged::new(path, format!("{HEAD}{text}").as_bytes(), 0o644).map_err(file)?;
        Ok(Prepared { staged, path: path.to_owned() })
    }
}

/// A lock file that is written and not yet in its place. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Prepared {
    staged: Staged,
    path: PathBuf,
}

impl Prepared {
    /// Puts it in its place.
    ///
    /// # Errors
    /// The rename failed.
    pub fn commit(self) -> Result<(), LockError> {
        let Self { staged, path } = self;
        staged.put().map_err(|source| LockError::File { path, source })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_lock_file_is_read_as_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(LOCK_NAME);
        assert!(Lock::read(&path).unwrap().is_none());
        let mut lock = Lock::default();
        for (name, signer) in [("words", Some("00112233aabbccdd".parse().unwrap())), ("echo", None)] {
            let locked = Locked {
                name: name.parse().unwrap(),
                version: "1.2.0".parse().unwrap(),
                source: format!("oci://ghcr.io/acme/{name}:1").parse().unwrap(),
                digest: Sha256Digest::of(name.as_bytes()),
                signer,
            };
            lock.plugins.insert(locked.name.clone(), locked);
        }
        drop(lock.prepare(&path).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "what is not committed leaves nothing");
        lock.prepare(&path).unwrap().commit().unwrap();
        assert_eq!(Lock::read(&path).unwrap(), Some(lock));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.find("\"echo\"") < text.find("\"words\""), "sorted: {text}");
        for (from, to, why) in [
            ("version = 1", "version = 2", "this host supports 1"),
            ("name = \"echo\"", "name = \"words\"", "duplicate entry"),
            ("signer", "singer", "unknown field"),
            ("oci://ghcr.io/", "oci://", "write the registry's host"),
        ] {
            fs::write(&path, text.replace(from, to)).unwrap();
            let error = Lock::read(&path).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(LOCK_NAME), "{error}");
        }
    }
}
