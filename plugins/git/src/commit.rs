//! New commits: files are staged, and what is staged becomes a commit of the current branch. No hook is run.

use std::{collections::BTreeMap, fs, path::Path};

use gix_date::Time;
use gix_hash::ObjectId;
use gix_index::{State, entry};
use gix_object::{Kind, WriteTo, tree::EntryKind};
use tandem_sdk::prelude::*;

use crate::{
    changes::FileChange,
    commits, index,
    limits::{MAX_COMMIT_PATHS, MAX_MESSAGE_BYTES, MAX_OBJECT_BYTES},
    refs::{self, Head},
    repository::Repository,
    staging,
    trees::Node,
    worktree,
    writing::{self, Lock},
};

/// A new commit.
#[output]
#[derive(Debug)]
pub(crate) struct NewCommit {
    /// Its id.
    pub id: String,
    /// The branch that it is on; absent where `HEAD` is detached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its author, as `Ada Lovelace <ada@example.com>`.
    pub author: String,
    /// What it changed, without lines counted.
    pub files: Vec<FileChange>,
}

/// The author that the operator configured.
fn author() -> Result<(String, String)> {
    let missing = || {
        Error::denied(
            "no author is configured: the operator sets `config.author = \"Ada Lovelace <ada@example.com>\"` in [grants.git]",
        )
    };
    let author = config::get("author").ok_or_else(missing)?;
    let (name, email) = author.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')).ok_or_else(missing)?;
    let (name, email) = (name.trim().to_owned(), email.trim().to_owned());
    let wrong = |text: &str| text.is_empty() || text.contains(['<', '>', '\n', '\0']);
    if wrong(&name) || wrong(&email) { Err(missing()) } else { Ok((name, email)) }
}

pub(crate) fn run(ctx: &Ctx, repository: &Repository, message: &str, paths: &[String]) -> Result<NewCommit> {
    let message = message.trim();
    if message.is_empty() || message.len() > MAX_MESSAGE_BYTES || message.contains('\0') {
        return Err(Error::invalid_arguments(format!("`message` has 1 to {MAX_MESSAGE_BYTES} bytes, not only spaces")));
    }
    if paths.len() > MAX_COMMIT_PATHS {
        return Err(Error::invalid_arguments(format!(
            "`paths` has more than {MAX_COMMIT_PATHS} entries; a directory stands for all that is in it"
        )));
    }
    let (name, email) = author()?;
    let work_tree = repository.work_tree()?;
    for running in ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"] {
        if repository.git_dir.join(running).exists() {
            return Err(Error::failed(format!("a merge or rebase is under way (`{running}`): finish it with git")));
        }
    }
    let index_lock = Lock::take(&repository.git_dir.join("index"))?;
    let (mut state, known) = (index::state(repository)?, index::read(repository)?);
    if let Some(path) = known.conflicts.first() {
        return Err(Error::failed(format!("`{path}` is in conflict: resolve it with git first")));
    }
    let mut files: BTreeMap<String, Node> = known
        .files
        .iter()
        .filter(|(_, staged)| !staged.intent_to_add)
        .map(|(path, staged)| (path.clone(), staged.node))
        .collect();
    for (path, present) in staging::expand(repository, &known, paths)? {
        ctx.check()?;
        match present {
            Some(kind) => stage(repository, work_tree, &path, kind, &mut files, &mut state)?,
            None => {
                files.remove(&path);
                state.remove_entries(|_, known, _| known == path.as_str());
            }
        }
    }
    state.sort_entries();
    let head = refs::head(repository)?;
    let tree = staging::write_tree(repository, &files)?;
    let parent = head.id.map(|id| commits::read(repository, id)).transpose()?;
    if parent.as_ref().map(|parent| parent.tree) == Some(tree) || (parent.is_none() && files.is_empty()) {
        return Err(Error::invalid_arguments("nothing to commit: the files are as in the last commit"));
    }
    let signature =
        gix_actor::Signature { name: name.clone().into(), email: email.clone().into(), time: Time::now_utc() };
    let id = write(repository, tree, &head, &signature, message)?;
    let index_bytes = index::encode(&state, &repository.git_dir.join("index"))?;
    move_head(repository, &head, id, &signature, message)?;
    index_lock.commit(&index_bytes)?;
    let parent_tree = parent.map(|parent| parent.tree);
    let files = crate::trees::differences(repository, parent_tree, Some(tree), "")?
        .into_iter()
        .map(crate::changes::Pair::from)
        .map(|pair| FileChange {
            status: pair.status(),
            path: pair.path,
            additions: None,
            deletions: None,
            patch_omitted: false,
        })
        .collect();
    let branch = head.branch.map(|full| full.strip_prefix("refs/heads/").unwrap_or(&full).to_owned());
    Ok(NewCommit { id: id.to_string(), branch, author: format!("{name} <{email}>"), files })
}

fn stage(
    repository: &Repository,
    work_tree: &Path,
    path: &str,
    kind: EntryKind,
    files: &mut BTreeMap<String, Node>,
    state: &mut State,
) -> Result<()> {
    let at = work_tree.join(path);
    let data = worktree::content(&at, kind, MAX_OBJECT_BYTES)?;
    let id = writing::object(repository, Kind::Blob, &data)?;
    let node = Node { kind, id };
    if files.insert(path.to_owned(), node) == Some(node) {
        return Ok(());
    }
    let modified = fs::symlink_metadata(&at).ok().and_then(|stat| stat.modified().ok());
    let mtime = modified.and_then(|time| time.try_into().ok()).unwrap_or_default();
    let size = u32::try_from(data.len()).unwrap_or(0);
    let stat = entry::Stat { mtime, size, ..entry::Stat::default() };
    state.remove_entries(|_, known, _| known == path);
    state.dangerously_push_entry(stat, id, entry::Flags::empty(), index::mode(kind), path.into());
    Ok(())
}

fn write(
    repository: &Repository,
    tree: ObjectId,
    head: &Head,
    signature: &gix_actor::Signature,
    message: &str,
) -> Result<ObjectId> {
    let commit = gix_object::Commit {
        tree,
        parents: head.id.into_iter().collect(),
        author: signature.clone(),
        committer: signature.clone(),
        encoding: None,
        message: format!("{message}\n").into(),
        extra_headers: Vec::new(),
    };
    let mut data = Vec::new();
    commit.write_to(&mut data).map_err(|error| Error::failed(format!("the commit cannot be written: {error}")))?;
    writing::object(repository, Kind::Commit, &data)
}

/// Sets the branch, or a detached `HEAD`, if it still is where it was.
fn move_head(
    repository: &Repository,
    head: &Head,
    id: ObjectId,
    signature: &gix_actor::Signature,
    message: &str,
) -> Result<()> {
    let name = head.branch.as_deref().unwrap_or("HEAD");
    let directory = if head.branch.is_some() { &repository.common_dir } else { &repository.git_dir };
    let lock = Lock::take(&directory.join(name))?;
    if refs::resolve(repository, name)? != head.id {
        return Err(Error::unavailable(format!("`{name}` was changed by another program meanwhile; try again")));
    }
    lock.commit(format!("{id}\n").as_bytes())?;
    let old = head.id.unwrap_or_else(|| ObjectId::null(gix_hash::Kind::Sha1));
    let (who, at) = (format!("{} <{}>", signature.name, signature.email), signature.time.seconds);
    let line = format!("{old} {id} {who} {at} +0000\tcommit: {}\n", commits::title(message));
    writing::log(&repository.git_dir.join("logs/HEAD"), &line);
    if head.branch.is_some() {
        writing::log(&repository.common_dir.join("logs").join(name), &line);
    }
    Ok(())
}
