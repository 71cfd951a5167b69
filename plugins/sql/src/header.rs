//! What is looked at before the engine opens a SQLite file.

use std::{
    fs::{self, File},
    io::Read,
};

use tandem_granted_folders::{Location, open};

use crate::{
    disk::beside,
    fault::{Fault, Result},
};

/// Bytes of the header.
const HEADER_BYTES: usize = 100;
/// Where a rollback journal of an unfinished transaction begins.
const JOURNAL_MAGIC: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// What the header of a SQLite file says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    /// Whether it is written through a log.
    pub(crate) wal: bool,
}

/// Opens a SQLite file of at most `most` bytes, whose header makes sense and which nobody left half changed.
pub(crate) fn check(location: &Location, most: u64) -> Result<Header> {
    let path = &location.path;
    let (mut file, bytes) = open("database", location)?;
    let head = head(path, &mut file)?;
    if !head.starts_with(b"SQLite format 3\0") {
        return Err(Fault::Argument(format!(
            "`database`: `{path}` is not a SQLite file; CSV, JSON and JSON Lines files go into `tables`"
        )));
    }
    let damaged = |what: &str| Fault::Damaged(format!("`{path}` is damaged: {what}"));
    if head.len() < HEADER_BYTES {
        return Err(damaged("its header is cut off"));
    }
    if bytes > most {
        return Err(Fault::Limit(format!("`{path}` has {bytes} bytes; {most} is the bound")));
    }
    let page = match number(&head, 16, 2) {
        1 => 65_536,
        page => page,
    };
    if !(512..=65_536).contains(&page) || !page.is_power_of_two() {
        return Err(damaged(&format!("a page size of {page} bytes")));
    }
    if number(&head, 20, 1) > 32 || page - number(&head, 20, 1) < 480 {
        return Err(damaged("more reserved bytes than a page may have"));
    }
    if bytes % page != 0 {
        return Err(damaged(&format!("its {bytes} bytes are not whole pages of {page}: the file is cut off")));
    }
    // The number of pages counts only where the last writer knew of it.
    let stated = number(&head, 28, 4);
    let counted = stated > 0 && number(&head, 24, 4) == number(&head, 92, 4);
    let wal = number(&head, 19, 1) == 2;
    if counted && stated > bytes / page && !wal {
        return Err(damaged(&format!("it has {} pages of {stated}: the file is cut off", bytes / page)));
    }
    unfinished(location)?;
    Ok(Header { wal })
}

/// A journal beside the file means that a writer stopped in the middle: what is in the file is not what was committed.
fn unfinished(location: &Location) -> Result<()> {
    let mut start = Vec::new();
    if let Ok(journal) = File::open(beside(&location.at, "-journal")) {
        let _ = journal.take(JOURNAL_MAGIC.len() as u64).read_to_end(&mut start);
    }
    if start == JOURNAL_MAGIC {
        let path = &location.path;
        return Err(Fault::Damaged(format!(
            "`{path}` has an unfinished transaction (`{path}-journal`): open it once with the program that writes it"
        )));
    }
    Ok(())
}

/// Whether changes wait in a log beside the file.
pub(crate) fn has_log(location: &Location) -> bool {
    fs::metadata(beside(&location.at, "-wal")).is_ok_and(|found| found.len() > 0)
}

fn head(path: &str, file: &mut File) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(HEADER_BYTES as u64).read_to_end(&mut head).map_err(|error| Fault::io(path, error))?;
    Ok(head)
}

fn number(head: &[u8], at: usize, bytes: usize) -> u64 {
    head.iter().skip(at).take(bytes).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
