//! Splits a file of vectors into shards.

use std::{fs, path::Path};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tandem_granted_folders::{Folders, Location};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_DIMENSIONS, MAX_SHARDS},
    manifest::{FILE, Hash, Manifest, Shard},
    new_file::{NewFile, hidden, make_folder},
    rows::Lines,
    watch::Watch,
};

/// What a folder of shards holds.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sharded {
    /// The folder.
    pub(crate) path: String,
    /// Its shards.
    pub(crate) shards: usize,
    /// Rows of all shards.
    pub(crate) rows: u64,
    /// Bytes of all shards.
    pub(crate) bytes: u64,
    /// Numbers of a vector.
    pub(crate) dimensions: usize,
    /// The SHA-256 of the file that was split, in hexadecimal.
    pub(crate) sha256: String,
}

/// Splits the file `path` into shards of `rows` rows in the new folder `to`.
pub(crate) fn shard(path: &str, to: &str, rows: u32, column: &str, watch: &Watch<'_>) -> Result<Sharded> {
    let folders = Folders::granted();
    let mut lines = Lines::open("path", &folders.locate("path", path)?)?;
    let staging = Staging::new(&folders.locate("to", to)?)?;
    let mut writer = Writer { folder: &staging.hidden, most: rows.into(), current: None, shards: Vec::new() };
    let (mut whole, mut dimensions, mut done) = (Hash::default(), None, 0);
    while let Some(line) = lines.next()? {
        let mut line = line.to_vec();
        let found = numbers(&lines, &lines.parse()?, column)?;
        let expected = *dimensions.get_or_insert(found);
        if found != expected {
            return Err(
                lines.damaged(format_args!("has a vector of {found} numbers and the first row one of {expected}"))
            );
        }
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        whole.add(&line);
        writer.write(&line)?;
        done += 1;
        watch.tick(done, "rows")?;
    }
    let shards = writer.finish()?;
    let Some(dimensions) = dimensions else {
        return Err(Fault::argument(format_args!("`path`: `{path}` has no rows to split")));
    };
    let manifest = Manifest::new(column, dimensions, shards, whole);
    let mut file = NewFile::create(&staging.hidden.join(FILE), false)?;
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| Fault::damaged(FILE, error))?;
    file.write(&json)?;
    file.write(b"\n")?;
    file.commit()?;
    let Manifest { rows, bytes, sha256, shards, .. } = manifest;
    let path = staging.commit()?;
    Ok(Sharded { path, shards: shards.len(), rows, bytes, dimensions, sha256 })
}

/// The length of the vector of a row.
fn numbers(lines: &Lines, row: &Map<String, Value>, column: &str) -> Result<usize> {
    let wrong = |found: &str| {
        lines.damaged(format_args!("has {found} in `{column}`: name the column of the vectors in `column`"))
    };
    let Some(value) = row.get(column) else { return Err(wrong("nothing")) };
    let Value::Array(items) = value else { return Err(wrong("no list")) };
    if !items.iter().all(Value::is_number) || items.is_empty() {
        return Err(wrong("a list that is empty or not of numbers"));
    }
    if items.len() > MAX_DIMENSIONS {
        return Err(lines.damaged(format_args!(
            "has a vector of {} numbers and a vector has at most {MAX_DIMENSIONS}",
            items.len()
        )));
    }
    Ok(items.len())
}

/// Writes shards one after the other.
struct Writer<'a> {
    folder: &'a Location,
    most: u64,
    current: Option<(NewFile, Hash, u64)>,
    shards: Vec<Shard>,
}

impl Writer<'_> {
    fn write(&mut self, line: &[u8]) -> Result<()> {
        if self.current.as_ref().is_some_and(|(_, _, rows)| *rows >= self.most) {
            self.close()?;
        }
        let (file, hash, rows) = match self.current.take() {
            Some((file, hash, rows)) => self.current.insert((file, hash, rows)),
            None => {
                if self.shards.len() >= MAX_SHARDS {
                    return Err(Fault::Limit(format!("the file has more than {MAX_SHARDS} shards: raise `rows`")));
                }
                let location = self.folder.join(&format!("shard-{:05}.jsonl", self.shards.len()));
                self.current.insert((NewFile::create(&location, false)?, Hash::default(), 0))
            }
        };
        hash.add(line);
        *rows += 1;
        file.write(line)
    }

    fn close(&mut self) -> Result<()> {
        if let Some((file, hash, rows)) = self.current.take() {
            let name = Path::new(file.path()).file_name().map(|name| name.to_string_lossy().into_owned());
            file.commit()?;
            let (bytes, sha256) = hash.finish();
            self.shards.push(Shard { file: name.unwrap_or_default(), rows, bytes, sha256 });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Shard>> {
        self.close()?;
        Ok(self.shards)
    }
}

/// A hidden folder that is filled beside its destination and then renamed. Dropped before, it leaves nothing behind.
struct Staging {
    to: Location,
    hidden: Location,
}

impl Staging {
    fn new(to: &Location) -> Result<Self> {
        let Some(above) = to.parent() else {
            return Err(Fault::argument(format_args!(
                "`to`: `{}` is a granted folder: add the name of a new one",
                to.path
            )));
        };
        if fs::symlink_metadata(&to.at).is_ok() {
            return Err(Fault::argument(format_args!("`to`: `{}` exists: give a new folder", to.path)));
        }
        make_folder(&above)?;
        let hidden = hidden(&above, to);
        fs::create_dir(&hidden.at).map_err(|error| Fault::io(&to.path, error))?;
        Ok(Self { to: to.clone(), hidden })
    }

    fn commit(self) -> Result<String> {
        // Renaming would replace an empty folder that another call has made meanwhile.
        if fs::symlink_metadata(&self.to.at).is_ok() {
            return Err(Fault::argument(format_args!("`to`: `{}` exists: give a new folder", self.to.path)));
        }
        fs::rename(&self.hidden.at, &self.to.at).map_err(|error| Fault::io(&self.to.path, error))?;
        Ok(self.to.path.clone())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After the folder was renamed there is nothing; where this fails, the name tells what the rest is.
        let _ = fs::remove_dir_all(&self.hidden.at);
    }
}
