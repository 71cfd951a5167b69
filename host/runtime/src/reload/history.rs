//! The last good files of each plugin, in `versions/NAME/VERSION@DIGEST.wasm` below the data directory, for `tandem plugin rollback`.
//!
//! A kept file is trusted no more than one in the plugin directory: it is verified like any other before it is loaded.
//! [`KEPT`] files of each plugin; the one that served last is the newest. Directories 0700, files 0600.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, bail};
use tandem_package::{Installed, Sha256Digest};

/// Files of one plugin. Further back than this, an operator has the file elsewhere.
const KEPT: usize = 5;

pub(super) struct History(PathBuf);

/// A kept file.
pub(super) struct Kept {
    pub(super) digest: String,
    pub(super) version: String,
    path: PathBuf,
    at: SystemTime,
}

impl Kept {
    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        Ok(crate::load::read_file(&self.path)?)
    }
}

impl History {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    fn path(&self, file: &Installed) -> PathBuf {
        self.0.join(&file.name).join(format!("{}@{}.wasm", file.version, hex::encode(file.digest.as_bytes())))
    }

    /// Keeps a file that served. `bytes` are asked for only if it is not there.
    pub(super) fn keep(&self, file: &Installed, bytes: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<()> {
        let path = self.path(file);
        let directory = path.parent().unwrap_or(&self.0);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        match fs::OpenOptions::new().append(true).open(&path) {
            Ok(file) => file.set_modified(SystemTime::now())?,
            Err(_) => {
                let bytes = bytes()?;
                if Sha256Digest::of(&bytes) != file.digest {
                    return Err(io::Error::other("the file has changed since it was loaded"));
                }
                tandem_files::atomic_write(&path, &bytes, 0o600)?;
            }
        }
        self.prune(directory)
    }

    fn prune(&self, directory: &Path) -> io::Result<()> {
        tandem_files::sweep(directory);
        let mut files = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            files.extend(kept(&path).map(|kept| (kept.at, path)));
        }
        files.sort();
        for (_, path) in files.iter().rev().skip(KEPT) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// The kept files, the one that served last first.
    pub(super) fn of(&self, plugin: &str) -> Vec<Kept> {
        let Ok(entries) = fs::read_dir(self.0.join(plugin)) else { return Vec::new() };
        let mut kept: Vec<Kept> = entries.filter_map(|entry| kept(&entry.ok()?.path())).collect();
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.at));
        kept
    }

    /// The file to go back to: of that version or digest, or the one that served before `serving`.
    pub(super) fn find(&self, plugin: &str, to: Option<&str>, serving: &str) -> anyhow::Result<Kept> {
        let all = self.of(plugin);
        let names: Vec<_> = all.iter().map(|kept| kept.version.clone()).collect();
        let found = all.into_iter().find(|kept| match to {
            Some(to) => kept.version == to || kept.digest == to,
            None => kept.digest != serving,
        });
        match (found, to) {
            (Some(kept), _) => Ok(kept),
            (None, Some(to)) => bail!("no {to} of `{plugin}` is kept; available: {}", names.join(", ")),
            (None, None) => bail!("no earlier version of `{plugin}` is kept"),
        }
    }
}

fn kept(path: &Path) -> Option<Kept> {
    // Only names: what is in the file is verified when it is loaded.
    let (version, hex) = path.file_name()?.to_str()?.strip_suffix(".wasm")?.split_once('@')?;
    Some(Kept {
        digest: format!("sha256:{hex}"),
        version: version.to_owned(),
        at: fs::metadata(path).ok()?.modified().ok()?,
        path: path.to_owned(),
    })
}

/// Puts a file in the place of another one in the plugin directory.
pub(super) fn put_back(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let put = tandem_files::atomic_write(path, bytes, 0o644);
    put.with_context(|| format!("cannot write {}; is the plugin directory writable?", path.display()))
}
