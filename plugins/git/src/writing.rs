//! Writing objects, and files that others may read or write at the same time.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::Kind;
use gix_zlib::{Compression, stream::deflate};
use tandem_sdk::prelude::*;

use crate::{place, repository::Repository};

/// git's own speed of compression for loose objects.
const LEVEL: i32 = 1;

/// A file that is replaced as a whole. As in git, `NAME.lock` is there while it is written, and only one can have it.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    lock: PathBuf,
    file: Option<File>,
}

impl Lock {
    pub(crate) fn take(path: &Path) -> Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(|error| place::failed(directory, &error))?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let lock = path.with_file_name(format!("{name}.lock"));
        match File::create_new(&lock) {
            Ok(file) => Ok(Self { path: path.to_owned(), lock, file: Some(file) }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Error::unavailable(format!(
                "`{}` is there: another program writes to the repository, or one was ended while it did; try again later",
                place::shown(&lock)
            ))),
            Err(error) => Err(place::failed(&lock, &error)),
        }
    }

    pub(crate) fn commit(mut self, bytes: &[u8]) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        drop(file);
        let moved = written.and_then(|()| fs::rename(&self.lock, &self.path));
        if moved.is_err() {
            drop(fs::remove_file(&self.lock));
        }
        moved.map_err(|error| place::failed(&self.path, &error))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            drop(fs::remove_file(&self.lock));
        }
    }
}

/// Writes an object, if it is not there, and returns its id.
pub(crate) fn object(repository: &Repository, kind: Kind, data: &[u8]) -> Result<ObjectId> {
    let id = gix_object::compute_hash(Hash::Sha1, kind, data).map_err(|error| Error::failed(error.to_string()))?;
    if repository.objects.contains(id)? {
        return Ok(id);
    }
    let hex = id.to_string();
    let (head, tail) = hex.split_at_checked(2).unwrap_or_default();
    let directory = repository.common_dir.join("objects").join(head);
    let (path, partial) = (directory.join(tail), directory.join(format!("tmp_obj_{tail}")));
    let written = fs::create_dir_all(&directory).and_then(|()| compress(&partial, kind, data));
    if let Err(error) = written.and_then(|()| fs::rename(&partial, &path)) {
        drop(fs::remove_file(&partial));
        return Err(place::failed(&path, &error));
    }
    Ok(id)
}

fn compress(path: &Path, kind: Kind, data: &[u8]) -> io::Result<()> {
    let level = Compression::new(LEVEL).unwrap_or_default();
    let mut out = deflate::Write::new(File::create(path)?, level);
    out.write_all(&gix_object::encode::loose_header(kind, data.len() as u64))?;
    out.write_all(data)?;
    out.flush()?;
    out.into_inner().sync_all()
}

/// Adds a line to a log of a ref, where there is one.
pub(crate) fn log(path: &Path, line: &str) {
    if let Ok(mut file) = File::options().append(true).open(path) {
        drop(file.write_all(line.as_bytes()));
    }
}
