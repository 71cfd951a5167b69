//! The state of a work tree, as `git status` shows it.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    path::Path,
    time::UNIX_EPOCH,
};

use gix_hash::Kind as Hash;
use gix_object::{Kind, tree::EntryKind};
use tandem_sdk::prelude::*;

use crate::{
    changes::{Content, Pair, Side, Status},
    commits,
    ignored::Ignored,
    index::{self, Index, Staged},
    limits::{MAX_OBJECT_BYTES, MAX_TREE_DEPTH, MAX_WORK_FILES, PROGRESS_STEPS},
    place, refs,
    repository::Repository,
    trees::{self, Node},
    worktree,
};

/// A path and what happened to it.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct PathStatus {
    /// The path in the repository.
    pub path: String,
    /// What happened to it.
    pub status: Status,
}

/// The state of a work tree.
#[output]
#[derive(Debug, Default)]
pub(crate) struct WorkTreeStatus {
    /// The branch; absent where `HEAD` is detached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The commit that is checked out; absent before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether nothing is staged, changed, untracked or in conflict.
    pub clean: bool,
    /// What the next commit has, against the last one.
    pub staged: Vec<PathStatus>,
    /// What was changed in the work tree and is not staged.
    pub unstaged: Vec<PathStatus>,
    /// Files that are not in the repository, and not ignored; a directory of such files alone ends with `/`.
    pub untracked: Vec<String>,
    /// Files with conflicts of a merge.
    pub conflicted: Vec<String>,
    /// True where a list was cut at `limit`: give a `path`.
    pub truncated: bool,
}

/// The files of the last commit; none before the first one.
pub(crate) fn head_files(repository: &Repository) -> Result<BTreeMap<String, Node>> {
    match refs::head(repository)?.id {
        Some(id) => trees::files(repository, commits::read(repository, id)?.tree),
        None => Ok(BTreeMap::new()),
    }
}

/// What is staged against `old`.
pub(crate) fn staged(old: &BTreeMap<String, Node>, index: &Index, filter: &str) -> Vec<Pair> {
    let side = |node: &Node| Side { kind: node.kind, content: Content::Object(node.id) };
    let mut pairs: Vec<Pair> = Vec::new();
    for (path, staged) in
        index.files.iter().filter(|(path, staged)| trees::is_within(path, filter) && !staged.intent_to_add)
    {
        let before = old.get(path);
        if before != Some(&staged.node) {
            pairs.push(Pair { path: path.clone(), old: before.map(side), new: Some(side(&staged.node)) });
        }
    }
    for (path, node) in old.iter().filter(|(path, _)| trees::is_within(path, filter)) {
        if !index.files.contains_key(path) && index.conflicts.binary_search(path).is_err() {
            pairs.push(Pair { path: path.clone(), old: Some(side(node)), new: None });
        }
    }
    pairs.sort_by(|a, b| a.path.cmp(&b.path));
    pairs
}

/// The side of a pair for a file of the work tree, if it is there and of a kind that git knows. WASI does not tell whether a file
/// may be run: it is as `known` says.
pub(crate) fn work_side(work_tree: &Path, path: &str, known: EntryKind) -> Option<(Side, Metadata)> {
    let at = work_tree.join(path);
    let stat = fs::symlink_metadata(&at).ok()?;
    let kind = if stat.is_symlink() {
        EntryKind::Link
    } else if stat.is_file() {
        if known == EntryKind::BlobExecutable { known } else { EntryKind::Blob }
    } else {
        return None;
    };
    Some((Side { kind, content: Content::File(at) }, stat))
}

fn same_stat(staged: &Staged, stat: &Metadata, written: u32) -> bool {
    let modified = stat.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let Some(modified) = modified else { return false };
    let seconds = u32::try_from(modified.as_secs()).unwrap_or(0);
    let (known_seconds, known_nanoseconds) = staged.modified;
    u64::from(staged.size) == stat.len()
        && seconds == known_seconds
        && (known_nanoseconds == 0 || known_nanoseconds == modified.subsec_nanos())
        && seconds < written
}

/// What is changed in the work tree against what is staged.
pub(crate) fn unstaged(ctx: &Ctx, repository: &Repository, index: &Index, filter: &str) -> Result<Vec<Pair>> {
    let work_tree = repository.work_tree()?;
    let mut pairs = Vec::new();
    let tracked = index.files.iter().filter(|(path, _)| trees::is_within(path, filter));
    for (count, (path, staged)) in tracked.enumerate() {
        ctx.check()?;
        if count % PROGRESS_STEPS == 0 {
            ctx.progress(count as f64, Some(index.files.len() as f64), "files compared");
        }
        // A submodule is a repository of its own, which is not looked into.
        if staged.node.kind == EntryKind::Commit {
            continue;
        }
        let old = Side { kind: staged.node.kind, content: Content::Object(staged.node.id) };
        let old = if staged.intent_to_add { None } else { Some(old) };
        let Some((side, stat)) = work_side(work_tree, path, staged.node.kind) else {
            pairs.push(Pair { path: path.clone(), old, new: None });
            continue;
        };
        let same_kind = side.kind == staged.node.kind;
        if same_kind && (same_stat(staged, &stat, index.written) || same_content(work_tree, path, staged)?) {
            continue;
        }
        pairs.push(Pair { path: path.clone(), old, new: Some(side) });
    }
    Ok(pairs)
}

fn same_content(work_tree: &Path, path: &str, staged: &Staged) -> Result<bool> {
    let data = worktree::content(&work_tree.join(path), staged.node.kind, MAX_OBJECT_BYTES)?;
    let id =
        gix_object::compute_hash(Hash::Sha1, Kind::Blob, &data).map_err(|error| Error::failed(error.to_string()))?;
    Ok(id == staged.node.id)
}

/// A walk for untracked files.
struct Untracked<'a> {
    ctx: &'a Ctx,
    index: &'a Index,
    work_tree: &'a Path,
    ignored: Ignored,
    filter: &'a str,
    looked_at: usize,
    found: Vec<String>,
}

impl Untracked<'_> {
    /// Whether a tracked file is below the directory.
    fn has_tracked(&self, directory: &str) -> bool {
        let prefix = format!("{directory}/");
        let below = |path: Option<&String>| path.is_some_and(|path| path.starts_with(&prefix));
        below(self.index.files.range(prefix.clone()..).next().map(|(path, _)| path))
            || below(self.index.conflicts.iter().find(|path| **path >= prefix))
    }

    fn is_tracked(&self, path: &str) -> bool {
        self.index.files.contains_key(path) || self.index.conflicts.iter().any(|conflict| conflict == path)
    }

    fn count(&mut self) -> Result<()> {
        self.looked_at += 1;
        if self.looked_at > MAX_WORK_FILES {
            return Err(Error::invalid_arguments(format!(
                "the work tree has more than {MAX_WORK_FILES} files that are not ignored: give a `path`"
            )));
        }
        if self.looked_at.is_multiple_of(PROGRESS_STEPS) {
            self.ctx.check()?;
            self.ctx.progress(self.looked_at as f64, None, "files looked at");
        }
        Ok(())
    }

    /// Finds what is untracked in a directory that has tracked files.
    fn walk(&mut self, directory: &str, depth: usize) -> Result<()> {
        if depth > MAX_TREE_DEPTH {
            return Err(Error::failed(format!(
                "`{directory}` has more than {MAX_TREE_DEPTH} directories within each other"
            )));
        }
        let at = self.work_tree.join(directory);
        let entered = self.ignored.enter(&at, self.work_tree)?;
        for (name, is_directory) in place::list(&at, MAX_WORK_FILES)? {
            self.count()?;
            let path = trees::join(directory, &name);
            let wanted = trees::is_within(&path, self.filter) || (is_directory && trees::is_within(self.filter, &path));
            if name == ".git" || !wanted || self.is_tracked(&path) {
                continue;
            }
            if is_directory && self.has_tracked(&path) {
                self.walk(&path, depth + 1)?;
            } else if !self.ignored.is_ignored(&path, is_directory) {
                self.add(path, is_directory, depth)?;
            }
        }
        self.ignored.leave(entered);
        Ok(())
    }

    /// Adds what is not tracked and not ignored.
    fn add(&mut self, path: String, is_directory: bool, depth: usize) -> Result<()> {
        if !is_directory {
            self.found.push(path);
        } else if self.filter.len() > path.len() {
            self.walk(&path, depth + 1)?;
        } else if self.has_untracked(&path, depth + 1)? {
            self.found.push(format!("{path}/"));
        }
        Ok(())
    }

    /// Whether a directory without tracked files has one that is not ignored, or is a repository of its own.
    fn has_untracked(&mut self, directory: &str, depth: usize) -> Result<bool> {
        let at = self.work_tree.join(directory);
        if at.join(".git").exists() {
            return Ok(true);
        }
        if depth > MAX_TREE_DEPTH {
            return Ok(false);
        }
        let entered = self.ignored.enter(&at, self.work_tree)?;
        let mut found = false;
        for (name, is_directory) in place::list(&at, MAX_WORK_FILES)? {
            self.count()?;
            let path = trees::join(directory, &name);
            if self.ignored.is_ignored(&path, is_directory) {
                continue;
            }
            found = !is_directory || self.has_untracked(&path, depth + 1)?;
            if found {
                break;
            }
        }
        self.ignored.leave(entered);
        Ok(found)
    }
}

pub(crate) fn run(ctx: &Ctx, repository: &Repository, path: Option<&str>, limit: usize) -> Result<WorkTreeStatus> {
    let filter = trees::tidy("path", path.unwrap_or_default())?;
    let work_tree = repository.work_tree()?;
    let (head, index) = (refs::head(repository)?, index::read(repository)?);
    let ignored = Ignored::new(repository)?;
    let mut untracked =
        Untracked { ctx, index: &index, work_tree, ignored, filter: &filter, looked_at: 0, found: Vec::new() };
    untracked.walk("", 0)?;
    let mut untracked = untracked.found;
    untracked.sort();
    let of = |pairs: Vec<Pair>| -> Vec<PathStatus> {
        pairs.into_iter().map(|pair| PathStatus { status: pair.status(), path: pair.path }).collect()
    };
    let mut status = WorkTreeStatus {
        branch: head.branch.map(|full| full.strip_prefix("refs/heads/").unwrap_or(&full).to_owned()),
        commit: head.id.map(|id| id.to_string()),
        staged: of(staged(&head_files(repository)?, &index, &filter)),
        unstaged: of(unstaged(ctx, repository, &index, &filter)?),
        untracked,
        conflicted: index.conflicts.iter().filter(|path| trees::is_within(path, &filter)).cloned().collect(),
        ..WorkTreeStatus::default()
    };
    let lengths = [status.staged.len(), status.unstaged.len(), status.untracked.len(), status.conflicted.len()];
    status.clean = lengths.iter().all(|length| *length == 0);
    status.truncated = lengths.iter().any(|length| *length > limit);
    status.staged.truncate(limit);
    status.unstaged.truncate(limit);
    status.untracked.truncate(limit);
    status.conflicted.truncate(limit);
    Ok(status)
}
