//! Files and folders of the disk as a DAG.

use std::{fs, io::BufReader};

use cid::{Cid, Version};
use tandem_granted_folders::{self as folders, Folders, Location};

use crate::{
    build::{Blocks, Builder, Layout, Made},
    fault::{Fault, Result},
    hash,
    limits::{MAX_DEPTH, MAX_ENTRIES, MAX_NAMED, MAX_SOURCES},
    meter::Meter,
    name,
};

/// Blocks that only their CIDs are wanted of.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) blocks: u64,
}

impl Blocks for Counted {
    fn put(&mut self, _: &Cid, _: &[u8]) -> Result<()> {
        self.blocks += 1;
        Ok(())
    }
}

/// What was found while files were packed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) files: usize,
    pub(crate) folders: usize,
    pub(crate) left_out: Vec<String>,
    pub(crate) total_left_out: usize,
}

pub(crate) struct Packer<'a> {
    pub(crate) layout: Layout,
    pub(crate) hidden: bool,
    pub(crate) blocks: &'a mut dyn Blocks,
    pub(crate) meter: &'a Meter<'a>,
    /// Not packed: the paths of the file that is being written.
    pub(crate) skip: Vec<String>,
    pub(crate) tally: Tally,
}

impl Packer<'_> {
    /// Packs the sources: one as it is unless `wrap`, several in a folder with their names.
    pub(crate) fn pack(&mut self, argument: &str, sources: &[String], wrap: bool) -> Result<Made> {
        if sources.is_empty() || sources.len() > MAX_SOURCES {
            return Err(Fault::Argument(format!("`{argument}` has 1 to {MAX_SOURCES} paths, as `data/docs`")));
        }
        let granted = Folders::granted();
        let mut entries: Vec<(String, Made)> = Vec::new();
        for source in sources {
            let location = granted.locate(argument, source)?;
            let found = fs::symlink_metadata(&location.at)
                .map_err(|error| Fault::from(folders::missing(argument, &location, error)))?;
            if !found.is_file() && !found.is_dir() {
                return Err(Fault::Argument(format!(
                    "`{argument}`: `{source}` is a link or a device: give a file or folder"
                )));
            }
            if entries.iter().any(|(name, _)| name == location.name()) {
                return Err(Fault::Argument(format!(
                    "`{argument}`: two of the paths end in `{}`: pack a folder above them",
                    location.name()
                )));
            }
            let made = self.add(&location, found.is_dir(), 0)?;
            entries.push((location.name().to_owned(), made));
        }
        match entries.as_slice() {
            [(_, only)] if !wrap => Ok(*only),
            _ => {
                self.tally.folders += 1;
                self.builder().folder(entries, argument)
            }
        }
    }

    fn builder(&mut self) -> Builder<'_> {
        Builder { layout: self.layout, blocks: self.blocks, meter: self.meter }
    }

    fn add(&mut self, location: &Location, folder: bool, depth: usize) -> Result<Made> {
        self.meter.step()?;
        if self.tally.files + self.tally.folders >= MAX_ENTRIES {
            return Err(Fault::Limit(format!(
                "there are more than {MAX_ENTRIES} files and folders, the bound of a call"
            )));
        }
        if depth > MAX_DEPTH {
            return Err(Fault::Limit(format!("`{}` is more than {MAX_DEPTH} folders deep", location.path)));
        }
        if folder {
            self.tally.folders += 1;
            return self.folder(location, depth);
        }
        self.tally.files += 1;
        let file = fs::File::open(&location.at).map_err(|error| Fault::io(&location.path, error))?;
        let mut file = BufReader::with_capacity(self.layout.chunk_bytes, file);
        self.builder().file(&mut file, &location.path)
    }

    fn folder(&mut self, location: &Location, depth: usize) -> Result<Made> {
        let failed = |error| Fault::io(&location.path, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&location.at).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_str().filter(|name| name::problem(name).is_none()).ok_or_else(|| {
                Fault::Argument(format!(
                    "`{}/{}` has a name that cannot be packed: it is too long, is not valid text or has control characters",
                    location.path,
                    name.to_string_lossy()
                ))
            })?;
            names.push(name.to_owned());
            if names.len() > MAX_ENTRIES {
                return Err(Fault::Limit(format!("`{}` has more than {MAX_ENTRIES} entries", location.path)));
            }
        }
        names.sort();
        let mut entries = Vec::new();
        for name in names {
            let below = location.join(&name);
            let found = fs::symlink_metadata(&below.at).map_err(|error| Fault::io(&below.path, error))?;
            if self.skip.contains(&below.path) {
                continue;
            }
            if (name.starts_with('.') && !self.hidden) || (!found.is_file() && !found.is_dir()) {
                self.leave_out(below.path);
                continue;
            }
            let made = self.add(&below, found.is_dir(), depth + 1)?;
            entries.push((name, made));
        }
        self.builder().folder(entries, &location.path)
    }

    fn leave_out(&mut self, path: String) {
        self.tally.total_left_out += 1;
        if self.tally.left_out.len() < MAX_NAMED {
            self.tally.left_out.push(path);
        }
    }
}

/// A CID as long as the root will be.
pub(crate) fn placeholder(layout: Layout) -> Result<Cid> {
    match layout.version {
        Version::V0 => hash::cid_of(Version::V0, hash::DAG_PB, &[]),
        Version::V1 => hash::cid_of(Version::V1, hash::DAG_PB, &[]),
    }
}
