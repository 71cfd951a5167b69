//! The file registry: a directory with the record of each host in a file of its own, `<peer id>.json`.
//!
//! **Promises.** A file is written whole ([`tandem_files::atomic_write`]), so that no reader sees half of it; it is
//! readable by its user only. What is read is signed by the host that the file is named after; whether it may be
//! believed now says the peer book. A bad file is reported and hides no good one.
//!
//! **Bounds.** [`MAX_FILES`] files of [`MAX_RECORD`] bytes; links, pipes and directories are not followed.
//!
//! **Refuses.** To remove what is not a record: only expired records with right signatures are cleaned up.
//!
//! All file work is done on the blocking pool of the runtime.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use libp2p_identity::PeerId;
use rustix::fs::{Mode, OFlags};

use super::record::{HostRecord, MAX_RECORD, RecordError};
use crate::trust::UnixMillis;

/// Most files of a directory that are read: as many as the peer book has places.
pub const MAX_FILES: usize = 5_000;

const ENDING: &str = ".json";

/// Why the directory could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the file registry {path} cannot be {action}: {source}")]
pub struct FileError {
    path: PathBuf,
    action: &'static str,
    source: io::Error,
}

/// What is wrong with one file.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is a directory, a pipe or a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// Its record is wrong.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is named after another host.
    #[error("it has the record of {0}; name it after that host")]
    WrongName(PeerId),
}

/// What a directory has.
#[derive(Debug, Default)]
pub struct Scan {
    /// The records with right signatures, one a host.
    pub records: Vec<HostRecord>,
    /// Names and faults of the other files.
    pub bad: Vec<(String, BadFile)>,
    /// Whether there are more than [`MAX_FILES`] files; the others were not read.
    pub truncated: bool,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Whose records, sorted.
    pub removed: Vec<PeerId>,
    /// Records left.
    pub kept: usize,
}

/// A directory of records.
#[derive(Clone, Debug)]
pub struct FileRegistry {
    directory: Arc<Path>,
}

impl FileRegistry {
    /// The registry in a directory; it is made when the first record is written.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into().into() }
    }

    /// All records. A directory that does not exist has none.
    ///
    /// # Errors
    /// [`FileError`] when the directory cannot be listed.
    pub async fn scan(&self) -> Result<Scan, FileError> {
        self.blocking("read", scan).await
    }

    /// Writes the record of a host in place of its older one.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn publish(&self, record: &HostRecord) -> Result<(), FileError> {
        let (name, text) = (file_name(&record.peer()), record.text().to_owned());
        self.blocking("written", move |directory| write(directory, &name, text.as_bytes())).await
    }

    /// Takes back the record of a host, as when it shuts down. Answers whether there was one.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn withdraw(&self, peer: &PeerId) -> Result<bool, FileError> {
        let name = file_name(peer);
        self.blocking("changed", move |directory| remove(&directory.join(name))).await
    }

    /// Removes records that have expired, or were made more than `older_than` ago. A dry run removes none.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn cleanup(
        &self,
        older_than: Option<Duration>,
        dry_run: bool,
        now: UnixMillis,
    ) -> Result<Removed, FileError> {
        let over = move |record: &HostRecord| match older_than {
            Some(age) => now.since(record.issued_at()) >= age,
            None => record.expires_at() <= now,
        };
        self.blocking("cleaned up", move |directory| cleanup(directory, over, dry_run)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, FileError> {
        let directory = Arc::clone(&self.directory);
        let done = tokio::task::spawn_blocking(move || work(&directory)).await.map_err(io::Error::other);
        done.and_then(|done| done).map_err(|source| FileError { path: self.directory.to_path_buf(), action, source })
    }
}

fn file_name(peer: &PeerId) -> String {
    format!("{peer}{ENDING}")
}

fn scan(directory: &Path) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(scan),
        entries => entries?,
    };
    let mut count = 0_usize;
    for entry in entries {
        let entry = entry?;
        // Other names are not ours: temporary files, a README.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || !name.ends_with(ENDING) {
            continue;
        }
        count = count.saturating_add(1);
        if count > MAX_FILES {
            scan.truncated = true;
            break;
        }
        match read(&entry.path(), &name) {
            Ok(record) => scan.records.push(record),
            // It was removed meanwhile.
            Err(BadFile::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(bad) => scan.bad.push((name, bad)),
        }
    }
    Ok(scan)
}

fn read(path: &Path, name: &str) -> Result<HostRecord, BadFile> {
    // Without waiting: opening a pipe would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from)?);
    if !file.metadata()?.is_file() {
        return Err(BadFile::NotRegular);
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_RECORD).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes)?;
    let record = HostRecord::decode(&bytes)?;
    if name != file_name(&record.peer()) {
        return Err(BadFile::WrongName(record.peer()));
    }
    Ok(record)
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    // What hosts that were killed left behind.
    tandem_files::sweep(directory);
    tandem_files::atomic_write(&directory.join(name), bytes, 0o600)
}

fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn cleanup(directory: &Path, over: impl Fn(&HostRecord) -> bool, dry_run: bool) -> io::Result<Removed> {
    let records = scan(directory)?.records;
    let mut removed = Vec::new();
    for record in records.iter().filter(|record| over(record)) {
        let name = file_name(&record.peer());
        let path = directory.join(&name);
        // Its host may have renewed it since it was read.
        if !dry_run && read(&path, &name).is_ok_and(|record| over(&record)) {
            remove(&path)?;
        }
        removed.push(record.peer());
    }
    removed.sort_unstable();
    Ok(Removed { kept: records.len().saturating_sub(removed.len()), removed })
}

#[cfg(test)]
mod tests;
