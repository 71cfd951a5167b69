//! Merges shards into a file, and tells what a folder of them holds.

use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::Folders;

use crate::{
    fault::{Fault, Result},
    manifest::{Hash, Manifest, Shard, read_shard},
    new_file::NewFile,
    watch::Watch,
};

/// A merged file.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Merged {
    /// The file.
    path: String,
    /// Shards that were merged.
    shards: usize,
    /// Its rows.
    rows: u64,
    /// Its bytes.
    bytes: u64,
    /// Numbers of a vector.
    dimensions: usize,
    /// The SHA-256 of the file, in hexadecimal: that of the file that was split.
    sha256: String,
}

/// Merges the shards of the folder `path`, each verified, into the file `to`.
pub(crate) fn merge(path: &str, to: &str, overwrite: bool, watch: &Watch<'_>) -> Result<Merged> {
    let folders = Folders::granted();
    let (manifest, folder) = Manifest::read(path, &folders)?;
    let target = folders.locate("to", to)?;
    if target.parent().is_some_and(|above| above.path == folder.path) {
        return Err(Fault::argument(format_args!(
            "`to`: `{}` is in the folder of the shards: give another",
            target.path
        )));
    }
    let mut file = NewFile::create(&target, overwrite)?;
    let mut whole = Hash::default();
    for (done, shard) in manifest.shards.iter().enumerate() {
        let problem = read_shard(shard, &folder, watch, |bytes| {
            whole.add(bytes);
            file.write(bytes)
        })?;
        if let Some(problem) = problem {
            let path = folder.join(&shard.file).path;
            return Err(Fault::Damaged(format!("shard {done} of {}: `{path}` {problem}", manifest.shards.len())));
        }
        watch.tick(done as u64, "shards")?;
    }
    let (bytes, sha256) = whole.finish();
    if sha256 != manifest.sha256 {
        return Err(Fault::damaged(
            &folder.path,
            format_args!("the shards together have the SHA-256 {sha256} and should have {}", manifest.sha256),
        ));
    }
    let path = file.path().to_owned();
    file.commit()?;
    let (shards, rows, dimensions) = (manifest.shards.len(), manifest.rows, manifest.dimensions);
    Ok(Merged { path, shards, rows, bytes, dimensions, sha256 })
}

/// A shard, and what is wrong with it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Listed {
    #[serde(flatten)]
    shard: Shard,
    /// What is not as the manifest says; absent where nothing is, as far as was looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// What a folder of shards holds.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Info {
    /// The folder.
    path: String,
    /// Rows of all shards.
    rows: u64,
    /// Bytes of all shards.
    bytes: u64,
    /// Numbers of a vector.
    dimensions: usize,
    /// The column of the vectors.
    column: String,
    /// The SHA-256 of the file that was split, in hexadecimal.
    sha256: String,
    /// All shards.
    total_shards: usize,
    /// Those of the page, in their order.
    shards: Vec<Listed>,
    /// Shards of the page with a problem.
    problems: usize,
    /// Whether the bytes of the shards of the page were hashed; without it only their lengths were looked at.
    verified: bool,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Tells what the folder `path` holds.
pub(crate) fn info(path: &str, verify: bool, limit: u32, cursor: Option<&str>, watch: &Watch<'_>) -> Result<Info> {
    let skip = cursor.map_or(Ok(0), |cursor| {
        cursor.parse::<usize>().map_err(|_| Fault::argument("`cursor` is not one that `next_cursor` gave"))
    })?;
    let (manifest, folder) = Manifest::read(path, &Folders::granted())?;
    let mut shards = Vec::new();
    for shard in manifest.shards.iter().skip(skip).take(limit as usize) {
        let problem = if verify {
            read_shard(shard, &folder, watch, |_| Ok(()))?
        } else {
            match folder.join(&shard.file).at.metadata() {
                Ok(found) if !found.is_file() => Some("is not a file".to_owned()),
                Ok(found) if found.len() != shard.bytes => {
                    Some(format!("has {} bytes and should have {}", found.len(), shard.bytes))
                }
                Ok(_) => None,
                Err(_) => Some("is missing".to_owned()),
            }
        };
        shards.push(Listed { shard: shard.clone(), problem });
        watch.tick(shards.len() as u64, "shards")?;
    }
    let end = skip.saturating_add(shards.len());
    let more = end < manifest.shards.len() && !shards.is_empty();
    Ok(Info {
        path: folder.path,
        rows: manifest.rows,
        bytes: manifest.bytes,
        dimensions: manifest.dimensions,
        column: manifest.column,
        sha256: manifest.sha256,
        total_shards: manifest.shards.len(),
        problems: shards.iter().filter(|shard| shard.problem.is_some()).count(),
        shards,
        verified: verify,
        next_cursor: more.then(|| end.to_string()),
    })
}
