//! Which files a commit stages, and the trees of what is staged.

use std::collections::BTreeMap;

use gix_hash::ObjectId;
use gix_object::{Kind, WriteTo, tree::EntryKind};
use tandem_sdk::prelude::*;

use crate::{
    ignored::Ignored,
    index::Index,
    limits::{MAX_TREE_DEPTH, MAX_WORK_FILES},
    place,
    repository::Repository,
    status, trees,
    trees::Node,
    writing,
};

/// The files that `paths` stand for, with their kinds; none for those that are gone.
pub(crate) fn expand(
    repository: &Repository,
    index: &Index,
    paths: &[String],
) -> Result<BTreeMap<String, Option<EntryKind>>> {
    let work_tree = repository.work_tree()?;
    let mut found = BTreeMap::new();
    for given in paths {
        let path = trees::tidy("paths", given)?;
        check_directories(repository, &path, given)?;
        let tracked: Vec<&String> = index.files.keys().filter(|known| trees::is_within(known, &path)).collect();
        for known in &tracked {
            let kind = index.files.get(*known).map_or(EntryKind::Blob, |staged| staged.node.kind);
            if kind != EntryKind::Commit {
                let side = status::work_side(work_tree, known, kind).map(|(side, _)| side.kind);
                found.insert((*known).clone(), side);
            }
        }
        let at = work_tree.join(&path);
        if at.is_dir() && !at.is_symlink() {
            let mut walk = Walk { repository, index, ignored: Ignored::new(repository)?, found: &mut found };
            walk.descend(&path)?;
        } else if status::work_side(work_tree, &path, EntryKind::Blob).is_none() {
            if tracked.is_empty() {
                return Err(Error::not_found(format!("`paths`: there is no `{given}`, in the work tree or staged")));
            }
        } else if tracked.is_empty() {
            let mut walk = Walk { repository, index, ignored: Ignored::new(repository)?, found: &mut found };
            walk.file(&path, given)?;
        }
    }
    Ok(found)
}

/// Nothing is staged from a repository's own files, or through a link.
fn check_directories(repository: &Repository, path: &str, given: &str) -> Result<()> {
    let work_tree = repository.work_tree()?;
    if path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(Error::invalid_arguments(format!("`paths`: `{given}` is of the repository itself")));
    }
    let mut above = String::new();
    for part in path.rsplit_once('/').map_or("", |(directory, _)| directory).split('/').filter(|part| !part.is_empty())
    {
        above = trees::join(&above, part);
        if work_tree.join(&above).is_symlink() {
            return Err(Error::invalid_arguments(format!("`paths`: `{given}` is behind the symbolic link `{above}`")));
        }
    }
    Ok(())
}

struct Walk<'a> {
    repository: &'a Repository,
    index: &'a Index,
    ignored: Ignored,
    found: &'a mut BTreeMap<String, Option<EntryKind>>,
}

impl Walk<'_> {
    /// Reads the ignore files of the directories above `path`; whether one of them is ignored.
    fn above(&mut self, path: &str) -> Result<bool> {
        let work_tree = self.repository.work_tree()?;
        let mut above = String::new();
        self.ignored.enter(work_tree, work_tree)?;
        for part in
            path.rsplit_once('/').map_or("", |(directory, _)| directory).split('/').filter(|part| !part.is_empty())
        {
            above = trees::join(&above, part);
            if self.ignored.is_ignored(&above, true) {
                return Ok(true);
            }
            self.ignored.enter(&work_tree.join(&above), work_tree)?;
        }
        Ok(false)
    }

    fn file(&mut self, path: &str, given: &str) -> Result<()> {
        if self.above(path)? || self.ignored.is_ignored(path, false) {
            return Err(Error::invalid_arguments(format!("`paths`: `{given}` is ignored by a `.gitignore`")));
        }
        let side = status::work_side(self.repository.work_tree()?, path, EntryKind::Blob);
        self.found.insert(path.to_owned(), side.map(|(side, _)| side.kind));
        Ok(())
    }

    fn descend(&mut self, path: &str) -> Result<()> {
        if path.is_empty() {
            return self.directory(path, 0);
        }
        if self.above(path)? || self.ignored.is_ignored(path, true) {
            return Ok(());
        }
        self.directory(path, 0)
    }

    fn directory(&mut self, directory: &str, depth: usize) -> Result<()> {
        if depth > MAX_TREE_DEPTH || self.found.len() > MAX_WORK_FILES {
            return Err(Error::invalid_arguments(format!(
                "`paths`: more than {MAX_WORK_FILES} files, or {MAX_TREE_DEPTH} directories within each other"
            )));
        }
        let work_tree = self.repository.work_tree()?;
        let at = work_tree.join(directory);
        // A repository within is not a part of this one.
        if !directory.is_empty() && at.join(".git").exists() {
            return Ok(());
        }
        let entered = self.ignored.enter(&at, work_tree)?;
        for (name, is_directory) in place::list(&at, MAX_WORK_FILES)? {
            let path = trees::join(directory, &name);
            if name.eq_ignore_ascii_case(".git")
                || self.index.files.contains_key(&path)
                || self.ignored.is_ignored(&path, is_directory)
            {
                continue;
            }
            if is_directory {
                self.directory(&path, depth + 1)?;
            } else if let Some((side, _)) = status::work_side(work_tree, &path, EntryKind::Blob) {
                self.found.insert(path, Some(side.kind));
            }
        }
        self.ignored.leave(entered);
        Ok(())
    }
}

#[derive(Default)]
struct Directory {
    files: BTreeMap<String, Node>,
    directories: BTreeMap<String, Directory>,
}

/// Writes the trees of `files`, and returns the id of the top one.
pub(crate) fn write_tree(repository: &Repository, files: &BTreeMap<String, Node>) -> Result<ObjectId> {
    let mut top = Directory::default();
    for (path, node) in files {
        let mut at = &mut top;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                at.files.insert(part.to_owned(), *node);
                break;
            }
            at = at.directories.entry(part.to_owned()).or_default();
        }
    }
    top.write(repository)
}

impl Directory {
    fn write(&self, repository: &Repository) -> Result<ObjectId> {
        let mut nodes = self.files.clone();
        for (name, directory) in &self.directories {
            let id = directory.write(repository)?;
            if nodes.insert(name.clone(), Node { kind: EntryKind::Tree, id }).is_some() {
                return Err(Error::failed(format!("`{name}` is staged as a file and as a directory: fix it with git")));
            }
        }
        let entry = |(name, node): (String, Node)| gix_object::tree::Entry {
            mode: node.kind.into(),
            filename: name.into(),
            oid: node.id,
        };
        let mut entries: Vec<_> = nodes.into_iter().map(entry).collect();
        entries.sort();
        let mut data = Vec::new();
        gix_object::Tree { entries }
            .write_to(&mut data)
            .map_err(|error| Error::failed(format!("a tree cannot be written: {error}")))?;
        writing::object(repository, Kind::Tree, &data)
    }
}
