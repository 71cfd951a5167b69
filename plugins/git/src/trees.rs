//! Trees: the file of a path, all files, and what differs between two trees.

use std::collections::BTreeMap;

use gix_hash::{Kind as Hash, ObjectId};
use gix_object::{Kind, TreeRefIter, tree::EntryKind};
use tandem_sdk::prelude::*;

use crate::{
    limits::{MAX_CHANGED_FILES, MAX_TREE_DEPTH, MAX_TREE_ENTRIES},
    repository::Repository,
};

/// What a path is in a tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: EntryKind,
    pub(crate) id: ObjectId,
}

/// A path that differs.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) old: Option<Node>,
    pub(crate) new: Option<Node>,
}

/// The entries of one tree, by name.
pub(crate) fn entries(repository: &Repository, tree: ObjectId) -> Result<BTreeMap<String, Node>> {
    let object = repository.objects.find_kind(tree, Kind::Tree)?;
    let mut entries = BTreeMap::new();
    for entry in TreeRefIter::from_bytes(&object.data, Hash::Sha1) {
        let entry = entry.map_err(|error| Error::failed(format!("the tree {tree} is damaged: {error}")))?;
        let node = Node { kind: entry.mode.kind(), id: entry.oid.to_owned() };
        entries.insert(entry.filename.to_string(), node);
        if entries.len() > MAX_TREE_ENTRIES {
            return Err(Error::failed(format!("the tree {tree} has more than {MAX_TREE_ENTRIES} entries")));
        }
    }
    Ok(entries)
}

/// A path within a repository without `.`, or the error: it may not leave the repository.
pub(crate) fn tidy(parameter: &str, path: &str) -> Result<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") || path.starts_with('/') || path.contains('\0') {
        return Err(Error::invalid_arguments(format!(
            "`{parameter}`: `{path}` is not a path within the repository, as `src/main.rs`"
        )));
    }
    Ok(parts.join("/"))
}

/// What `path` is in `tree`; the tree itself for an empty path.
pub(crate) fn lookup(repository: &Repository, tree: ObjectId, path: &str) -> Result<Option<Node>> {
    let mut node = Node { kind: EntryKind::Tree, id: tree };
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if node.kind != EntryKind::Tree {
            return Ok(None);
        }
        let object = repository.objects.find_kind(node.id, Kind::Tree)?;
        let found = TreeRefIter::from_bytes(&object.data, Hash::Sha1)
            .filter_map(std::result::Result::ok)
            .find(|entry| entry.filename == part.as_bytes());
        match found {
            Some(entry) => node = Node { kind: entry.mode.kind(), id: entry.oid.to_owned() },
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// All files of a tree, by path.
pub(crate) fn files(repository: &Repository, tree: ObjectId) -> Result<BTreeMap<String, Node>> {
    let mut files = BTreeMap::new();
    collect(repository, Some(tree), "", 0, &mut files)?;
    Ok(files)
}

fn too_deep(prefix: &str) -> Error {
    Error::failed(format!("`{prefix}` has more than {MAX_TREE_DEPTH} directories within each other"))
}

/// Adds the files below `tree`, whose path is `prefix`.
pub(crate) fn collect(
    repository: &Repository,
    tree: Option<ObjectId>,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, Node>,
) -> Result<()> {
    let Some(tree) = tree else { return Ok(()) };
    if depth > MAX_TREE_DEPTH {
        return Err(too_deep(prefix));
    }
    for (name, node) in entries(repository, tree)? {
        let path = join(prefix, &name);
        if node.kind == EntryKind::Tree {
            collect(repository, Some(node.id), &path, depth + 1, files)?;
        } else {
            files.insert(path, node);
        }
        if files.len() > MAX_TREE_ENTRIES {
            return Err(Error::failed(format!("a revision has more than {MAX_TREE_ENTRIES} files")));
        }
    }
    Ok(())
}

pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
}

/// Whether `path` is `filter`, or below it.
pub(crate) fn is_within(path: &str, filter: &str) -> bool {
    filter.is_empty() || path.strip_prefix(filter).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What differs between two trees, of what is within `filter`, by path.
pub(crate) fn differences(
    repository: &Repository,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    filter: &str,
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    compare(repository, [old, new], "", filter, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn compare(
    repository: &Repository,
    trees: [Option<ObjectId>; 2],
    prefix: &str,
    filter: &str,
    found: &mut Vec<Difference>,
) -> Result<()> {
    if prefix.split('/').count() > MAX_TREE_DEPTH {
        return Err(too_deep(prefix));
    }
    let mut names: BTreeMap<String, [Option<Node>; 2]> = BTreeMap::new();
    for (side, tree) in trees.into_iter().enumerate() {
        let Some(tree) = tree else { continue };
        for (name, node) in entries(repository, tree)? {
            if let Some(slot) = names.entry(name).or_default().get_mut(side) {
                *slot = Some(node);
            }
        }
    }
    for (name, [old, new]) in names {
        let path = join(prefix, &name);
        if old == new || !(is_within(&path, filter) || is_within(filter, &path)) {
            continue;
        }
        let tree = |node: Option<Node>| node.filter(|node| node.kind == EntryKind::Tree).map(|node| node.id);
        let file = |node: Option<Node>| node.filter(|node| node.kind != EntryKind::Tree);
        if tree(old).is_some() || tree(new).is_some() {
            compare(repository, [tree(old), tree(new)], &path, filter, found)?;
        }
        if (file(old).is_some() || file(new).is_some()) && is_within(&path, filter) {
            found.push(Difference { path, old: file(old), new: file(new) });
        }
        if found.len() > MAX_CHANGED_FILES {
            return Err(Error::invalid_arguments(format!(
                "more than {MAX_CHANGED_FILES} files differ: give a `path`, or revisions that are nearer to each other"
            )));
        }
    }
    Ok(())
}
