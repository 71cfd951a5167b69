//! The manifest of shards: what a folder of them holds.

use std::{
    collections::HashSet,
    io::{self, Read},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tandem_granted_folders::{self as folders, Folders, Location};

use crate::{
    fault::{Fault, Result},
    limits::{BUFFER_BYTES, MAX_MANIFEST_BYTES, MAX_SHARDS},
    watch::Watch,
};

/// The name of the manifest in a folder of shards.
pub(crate) const FILE: &str = "manifest.json";
const FORMAT: &str = "tandem-shards";
const VERSION: u32 = 1;

/// A shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shard {
    /// The name of its file in the folder.
    pub(crate) file: String,
    /// Its rows.
    pub(crate) rows: u64,
    /// Its bytes.
    pub(crate) bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub(crate) sha256: String,
}

/// What a folder of shards holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: String,
    version: u32,
    /// The column of the vectors.
    pub(crate) column: String,
    /// Numbers of a vector.
    pub(crate) dimensions: usize,
    /// Rows of all shards.
    pub(crate) rows: u64,
    /// Bytes of all shards.
    pub(crate) bytes: u64,
    /// The SHA-256 of all shards one after the other: of the file that was split.
    pub(crate) sha256: String,
    /// In their order.
    pub(crate) shards: Vec<Shard>,
}

impl Manifest {
    /// That of shards that were written.
    pub(crate) fn new(column: &str, dimensions: usize, shards: Vec<Shard>, whole: Hash) -> Self {
        let rows = shards.iter().map(|shard| shard.rows).sum();
        let (bytes, sha256) = whole.finish();
        let column = column.to_owned();
        Self { format: FORMAT.to_owned(), version: VERSION, column, dimensions, rows, bytes, sha256, shards }
    }

    /// Reads the manifest of the folder `path`; tells the folder too.
    pub(crate) fn read(path: &str, folders: &Folders) -> Result<(Self, Location)> {
        let given = folders.locate("path", path)?;
        let folder = if given.name() == FILE { given.parent().unwrap_or(given) } else { given };
        let location = folder.join(FILE);
        if !folder.at.is_dir() {
            folders::open("path", &folder)?;
            return Err(Fault::argument(format_args!("`path`: `{}` is a file: give a folder of shards", folder.path)));
        }
        let (file, length) = folders::open("path", &location)?;
        let path = &location.path;
        if length > MAX_MANIFEST_BYTES {
            return Err(Fault::limit(path, format_args!("it has {length} bytes and may have {MAX_MANIFEST_BYTES}")));
        }
        let mut json = Vec::new();
        file.take(MAX_MANIFEST_BYTES).read_to_end(&mut json).map_err(|error| Fault::io(path, error))?;
        let manifest: Self = serde_json::from_slice(&json).map_err(|error| {
            Fault::damaged(path, format_args!("it is not a manifest of `embedding_shard`: {error}"))
        })?;
        manifest.check(path)?;
        Ok((manifest, folder))
    }

    fn check(&self, path: &str) -> Result<()> {
        if self.format != FORMAT || self.version != VERSION {
            let (format, version) = (&self.format, self.version);
            return Err(Fault::damaged(
                path,
                format_args!("its format is `{format}` of version {version}: `{FORMAT}` of version {VERSION} is read"),
            ));
        }
        if self.shards.len() > MAX_SHARDS {
            let shards = self.shards.len();
            return Err(Fault::limit(path, format_args!("it has {shards} shards and may have {MAX_SHARDS}")));
        }
        let mut names = HashSet::new();
        for Shard { file, .. } in &self.shards {
            let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\']) && file != FILE;
            if !plain || file.chars().any(char::is_control) {
                return Err(Fault::damaged(path, format_args!("`{file}` is not the name of a file in its folder")));
            }
            if !names.insert(file) {
                return Err(Fault::damaged(path, format_args!("it names the shard `{file}` more than once")));
            }
        }
        let rows = self.shards.iter().try_fold(0_u64, |sum, shard| sum.checked_add(shard.rows));
        let bytes = self.shards.iter().try_fold(0_u64, |sum, shard| sum.checked_add(shard.bytes));
        if rows != Some(self.rows) || bytes != Some(self.bytes) {
            return Err(Fault::damaged(path, "its `rows` and `bytes` are not the sums of those of its shards"));
        }
        Ok(())
    }
}

/// A hash of what passes, and its length.
#[derive(Default)]
pub(crate) struct Hash {
    sha256: Sha256,
    bytes: u64,
}

impl Hash {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
    }

    pub(crate) fn finish(self) -> (u64, String) {
        let hex = self.sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (self.bytes, hex)
    }
}

/// Reads a shard, gives its bytes to `take`, and tells what is not as the manifest says.
pub(crate) fn read_shard(
    shard: &Shard,
    folder: &Location,
    watch: &Watch<'_>,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<Option<String>> {
    let location = folder.join(&shard.file);
    if !location.at.is_file() {
        return Ok(Some("is missing".to_owned()));
    }
    let (mut file, length) = folders::open("path", &location)?;
    if length != shard.bytes {
        return Ok(Some(format!("has {length} bytes and should have {}", shard.bytes)));
    }
    let (mut hash, mut rows) = (Hash::default(), 0);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::io(&location.path, error)),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hash.add(bytes);
        rows += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        take(bytes)?;
        watch.check()?;
    }
    let (_, sha256) = hash.finish();
    Ok(match sha256 == shard.sha256 {
        false => Some(format!("was changed: its SHA-256 is {sha256} and should be {}", shard.sha256)),
        true if rows != shard.rows => Some(format!("has {rows} rows and should have {}", shard.rows)),
        true => None,
    })
}
