//! Records that were lost and are not marked in the chain yet, noted in a file beside the store, so that a host that is killed
//! meanwhile does not forget them.
//!
//! **Promises.** What was noted is there when the host is started again, also where the disk was full when it was noted: the
//! file has its size from when it was made, and is overwritten in place. (A file system that writes changes elsewhere, as btrfs
//! and ZFS do, needs a free block for it.) A host that is killed between the marker's commit and the note's end marks the same
//! loss again: twice rather than not at all.
//!
//! **Bounds.** One file of [`SIZE`] bytes. **Refuses** to share it: of several processes over one store, as of the windows of a
//! client, the first has it, and the others' losses are known as long as they live.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{chain::AuditKey, record::Gap};

/// Three numbers and their authentication: less than a sector of a disk, which is written whole or not at all.
const SIZE: usize = 3 * 8 + 32;

/// The file, as long as this process has it.
#[derive(Debug)]
pub(super) struct Note {
    file: File,
    key: AuditKey,
}

impl Note {
    /// The file beside a store.
    pub(super) fn path(store: &Path) -> PathBuf {
        store.with_file_name("audit.gap")
    }

    /// Takes the file, and makes it where there is none. None where another process has it.
    pub(super) fn take(store: &Path, key: &AuditKey) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(Self::path(store))?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let note = Self { file, key: key.clone() };
        if note.file.metadata()?.len() != SIZE as u64 {
            note.write(None)?;
        }
        Ok(Some(note))
    }

    /// What is noted. An error where the host did not write it.
    pub(super) fn read(&self) -> io::Result<Option<Gap>> {
        read(&self.file, &self.key)
    }

    /// Notes what is lost, or that nothing is. On disk when it returns.
    pub(super) fn write(&self, gap: Option<Gap>) -> io::Result<()> {
        self.put(gap)?;
        self.file.sync_data()
    }

    /// The same, but a loss of power may undo it; the end of the process does not.
    pub(super) fn put(&self, gap: Option<Gap>) -> io::Result<()> {
        let gap = gap.unwrap_or(Gap { lost: 0, since: 0, until: 0 });
        let mut bytes = [0; SIZE];
        let (numbers, tag) = bytes.split_at_mut(SIZE - 32);
        for (into, number) in numbers.chunks_exact_mut(8).zip([gap.lost, gap.since, gap.until]) {
            into.copy_from_slice(&number.to_be_bytes());
        }
        tag.copy_from_slice(&self.key.gap_mac(numbers));
        self.file.write_all_at(&bytes, 0)
    }
}

/// What is noted beside a store, whoever has the file.
pub(super) fn noted(store: &Path, key: &AuditKey) -> io::Result<Option<Gap>> {
    match File::open(Note::path(store)) {
        Ok(file) => read(&file, key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(file: &File, key: &AuditKey) -> io::Result<Option<Gap>> {
    let mut bytes = [0; SIZE];
    file.read_exact_at(&mut bytes, 0)?;
    let (numbers, tag) = bytes.split_at(SIZE - 32);
    if key.gap_mac(numbers) != *tag {
        return Err(io::Error::other("this host did not write it"));
    }
    let mut numbers =
        numbers.chunks_exact(8).map(|number| number.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    let mut next = || numbers.next().unwrap_or_default();
    let gap = Gap { lost: next(), since: next(), until: next() };
    Ok(Some(gap).filter(|gap| gap.lost > 0))
}
