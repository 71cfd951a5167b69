//! A hidden folder that is filled beside its destination and then moved there.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io,
};

use tandem_granted_folders::{Location, make_folder};

use crate::fault::{Fault, Result};

/// Dropped before it is committed, it leaves nothing behind.
pub(crate) struct Staging {
    to: Location,
    hidden: Location,
    folders: BTreeSet<String>,
    files: Vec<String>,
    committed: bool,
}

impl Staging {
    /// Begins a folder that is to be `to`.
    pub(crate) fn new(to: &Location) -> Result<Self> {
        if to.at.is_file() {
            return Err(Fault::Argument(format!("`to`: `{}` is a file: give a folder", to.path)));
        }
        let beside = to.parent().unwrap_or_else(|| to.clone());
        make_folder(&beside)?;
        let random = RandomState::new().hash_one(&to.path);
        let hidden = beside.join(&format!(".{}.{random:016x}.partial", to.name()));
        fs::create_dir(&hidden.at).map_err(|error| Fault::io(&to.path, error))?;
        Ok(Self { to: to.clone(), hidden, folders: BTreeSet::new(), files: Vec::new(), committed: false })
    }

    /// Makes a folder and those above it.
    pub(crate) fn folder(&mut self, name: &str) -> Result<()> {
        if name.is_empty() || self.folders.contains(name) {
            return Ok(());
        }
        fs::create_dir_all(self.hidden.at.join(name)).map_err(|error| Fault::io(&self.shown(name), error))?;
        let above = name.match_indices('/').filter_map(|(end, _)| name.get(..end));
        self.folders.extend(above.chain([name]).map(str::to_owned));
        Ok(())
    }

    /// Begins a file.
    pub(crate) fn file(&mut self, name: &str) -> Result<File> {
        if let Some((above, _)) = name.rsplit_once('/') {
            self.folder(above)?;
        }
        let file = File::create_new(self.hidden.at.join(name)).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Fault::Unsafe(format!("entry `{name}`: the disk takes its name for that of an earlier entry"))
            }
            _ => Fault::io(&self.shown(name), error),
        })?;
        self.files.push(name.to_owned());
        Ok(file)
    }

    /// Its path as the caller will know it.
    pub(crate) fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.to.path)
    }

    /// Folders that were made.
    pub(crate) fn folders(&self) -> u64 {
        self.folders.len() as u64
    }

    /// Moves all of it to its destination. What is in the way is found before anything is moved.
    pub(crate) fn commit(mut self, overwrite: bool) -> Result<()> {
        if fs::symlink_metadata(&self.to.at).is_err() {
            fs::rename(&self.hidden.at, &self.to.at).map_err(|error| Fault::io(&self.to.path, error))?;
            self.committed = true;
            return Ok(());
        }
        self.find_conflicts(overwrite)?;
        for name in &self.folders {
            fs::create_dir_all(self.to.at.join(name)).map_err(|error| Fault::io(&self.shown(name), error))?;
        }
        for name in &self.files {
            let (from, to) = (self.hidden.at.join(name), self.to.at.join(name));
            fs::rename(from, to).map_err(|error| Fault::io(&self.shown(name), error))?;
        }
        Ok(())
    }

    fn find_conflicts(&self, overwrite: bool) -> Result<()> {
        for name in &self.folders {
            if let Ok(found) = fs::symlink_metadata(self.to.at.join(name))
                && !found.is_dir()
            {
                let path = self.shown(name);
                return Err(Fault::Argument(format!("`{path}` is in the way: the archive has a folder there")));
            }
        }
        for name in &self.files {
            let Ok(found) = fs::symlink_metadata(self.to.at.join(name)) else { continue };
            let path = self.shown(name);
            if !found.is_file() {
                return Err(Fault::Argument(format!("`{path}` is in the way: the archive has a file there")));
            }
            if !overwrite {
                return Err(Fault::Argument(format!(
                    "`{path}` exists: set `overwrite` to replace it, or give another folder in `to`"
                )));
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done where even this fails; the name tells what the rest is.
            let _ = fs::remove_dir_all(&self.hidden.at);
        }
    }
}
