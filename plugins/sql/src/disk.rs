//! Files of a granted folder for the engine.

use std::{
    cell::RefCell,
    fs::{self, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

use graphitesql::{
    Error,
    vfs::{File, OpenFlags, Vfs, memory::MemoryVfs},
};

use crate::clock::Clock;

/// The name of the database for the engine; the file system has its own.
pub(crate) const MAIN: &str = "main";

/// One database file. Its log is read if it is there; what the engine writes beside it stays in memory, for a call that fails leaves
/// the copy that it worked on behind.
pub(crate) struct Disk {
    at: PathBuf,
    wal: PathBuf,
    clock: Rc<Clock>,
    memory: MemoryVfs,
}

impl Disk {
    pub(crate) fn new(at: &Path, clock: &Rc<Clock>) -> Self {
        Self { at: at.to_owned(), wal: beside(at, "-wal"), clock: Rc::clone(clock), memory: MemoryVfs::new() }
    }
}

/// The file with this ending beside a database.
pub(crate) fn beside(at: &Path, ending: &str) -> PathBuf {
    let mut name = at.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Vfs for Disk {
    fn open(&self, path: &str, flags: OpenFlags) -> graphitesql::Result<Box<dyn File>> {
        let at = match path {
            MAIN => &self.at,
            "main-wal" if !flags.write => &self.wal,
            _ => return self.memory.open(path, flags),
        };
        let opened = OpenOptions::new().read(true).write(flags.write).open(at).map_err(failed)?;
        Ok(Box::new(DiskFile { file: RefCell::new(opened), clock: Rc::clone(&self.clock) }))
    }

    fn delete(&self, path: &str) -> graphitesql::Result<()> {
        self.memory.delete(path)
    }

    fn exists(&self, path: &str) -> graphitesql::Result<bool> {
        match path {
            MAIN => Ok(true),
            "main-wal" => Ok(fs::metadata(&self.wal).is_ok_and(|found| found.len() > 0)),
            _ => self.memory.exists(path),
        }
    }
}

struct DiskFile {
    file: RefCell<fs::File>,
    clock: Rc<Clock>,
}

fn failed(error: std::io::Error) -> Error {
    Error::Io(error.to_string())
}

impl File for DiskFile {
    fn read_exact_at(&self, into: &mut [u8], offset: u64) -> graphitesql::Result<()> {
        self.clock.step()?;
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        file.read_exact(into).map_err(failed)
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> graphitesql::Result<()> {
        self.clock.step()?;
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        file.write_all(bytes).map_err(failed)
    }

    fn truncate(&mut self, size: u64) -> graphitesql::Result<()> {
        self.file.borrow().set_len(size).map_err(failed)
    }

    fn sync(&mut self) -> graphitesql::Result<()> {
        self.file.borrow().sync_all().map_err(failed)
    }

    fn size(&self) -> graphitesql::Result<u64> {
        Ok(self.file.borrow().metadata().map_err(failed)?.len())
    }
}
