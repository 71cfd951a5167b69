//! Refs: branches, tags and `HEAD`, as files and in `packed-refs`.

use std::collections::BTreeMap;
use std::path::Path;

use gix_hash::ObjectId;
use tandem_sdk::prelude::*;

use crate::{
    limits::{MAX_REF_BYTES, MAX_REFS, MAX_SYMREF_DEPTH, MAX_TEXT_FILE_BYTES, MAX_TREE_DEPTH},
    place,
    repository::Repository,
};

/// What a ref says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    Id(ObjectId),
    Ref(String),
}

/// What `HEAD` says.
#[derive(Debug)]
pub(crate) struct Head {
    /// The branch, as `refs/heads/main`; none where it is detached.
    pub(crate) branch: Option<String>,
    /// The commit; none of a branch without commits.
    pub(crate) id: Option<ObjectId>,
}

fn parse(name: &str, text: &str) -> Result<Target> {
    if let Some(target) = text.strip_prefix("ref:") {
        let target = target.trim();
        if !is_valid(target) {
            return Err(Error::failed(format!(
                "the ref `{name}` names `{target}`, which is not a valid name of a ref"
            )));
        }
        return Ok(Target::Ref(target.to_owned()));
    }
    let id = text.get(..40).unwrap_or(text);
    ObjectId::from_hex(id.as_bytes())
        .map(Target::Id)
        .map_err(|_| Error::failed(format!("the ref `{name}` is damaged: it has neither an id nor the name of a ref")))
}

/// Whether it may be looked for: no name leads out of the repository.
pub(crate) fn is_valid(name: &str) -> bool {
    name == "HEAD" || (name.starts_with("refs/") && gix_validate::reference::name(name.into()).is_ok())
}

/// What the ref of this full name says.
pub(crate) fn read(repository: &Repository, name: &str) -> Result<Option<Target>> {
    if !is_valid(name) {
        return Ok(None);
    }
    let own = name == "HEAD" || name.starts_with("refs/bisect/") || name.starts_with("refs/worktree/");
    let directory = if own { &repository.git_dir } else { &repository.common_dir };
    if let Some(text) = place::line_if_there(&directory.join(name), MAX_REF_BYTES)? {
        return parse(name, &text).map(Some);
    }
    Ok(packed(repository)?.get(name).copied().map(Target::Id))
}

/// The id that the ref of this full name leads to.
pub(crate) fn resolve(repository: &Repository, name: &str) -> Result<Option<ObjectId>> {
    let mut name = name.to_owned();
    for _ in 0..=MAX_SYMREF_DEPTH {
        match read(repository, &name)? {
            Some(Target::Id(id)) => return Ok(Some(id)),
            Some(Target::Ref(next)) => name = next,
            None => return Ok(None),
        }
    }
    Err(Error::failed(format!("the ref `{name}` leads to itself, or through more than {MAX_SYMREF_DEPTH} others")))
}

pub(crate) fn head(repository: &Repository) -> Result<Head> {
    let branch = match read(repository, "HEAD")? {
        Some(Target::Ref(branch)) => Some(branch),
        Some(Target::Id(_)) => None,
        None => return Err(Error::failed("the repository has no `HEAD`")),
    };
    Ok(Head { branch, id: resolve(repository, "HEAD")? })
}

/// The refs of `packed-refs`.
fn packed(repository: &Repository) -> Result<BTreeMap<String, ObjectId>> {
    let path = repository.common_dir.join("packed-refs");
    let Some(bytes) = place::read_if_there(&path, MAX_TEXT_FILE_BYTES)? else { return Ok(BTreeMap::new()) };
    let text = String::from_utf8_lossy(&bytes);
    let mut refs = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with(['#', '^']) || line.is_empty() {
            continue;
        }
        let parsed = line.split_once(' ').and_then(|(id, name)| Some((ObjectId::from_hex(id.as_bytes()).ok()?, name)));
        let (id, name) = parsed
            .filter(|(_, name)| is_valid(name))
            .ok_or_else(|| Error::failed(format!("`packed-refs` is damaged in line {}", number + 1)))?;
        refs.insert(name.to_owned(), id);
        if refs.len() > MAX_REFS {
            return Err(Error::failed(format!("the repository has more than {MAX_REFS} refs")));
        }
    }
    Ok(refs)
}

/// All refs below `prefix` (as `refs/heads/`), by name. One that is damaged or leads nowhere is left out.
pub(crate) fn all(repository: &Repository, prefix: &str) -> Result<BTreeMap<String, ObjectId>> {
    let mut refs = packed(repository)?;
    refs.retain(|name, _| name.starts_with(prefix));
    let mut names = Vec::new();
    let directory = repository.common_dir.join(prefix);
    collect(&directory, prefix.trim_end_matches('/'), 0, &mut names)?;
    for name in names {
        if let Ok(Some(id)) = resolve(repository, &name) {
            refs.insert(name, id);
        }
    }
    Ok(refs)
}

fn collect(directory: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) -> Result<()> {
    for (name, is_directory) in place::list(directory, MAX_REFS)? {
        let full = format!("{prefix}/{name}");
        if is_directory && depth < MAX_TREE_DEPTH {
            collect(&directory.join(&name), &full, depth + 1, names)?;
        } else if !is_directory && is_valid(&full) {
            names.push(full);
        }
        if names.len() > MAX_REFS {
            return Err(Error::failed(format!("the repository has more than {MAX_REFS} refs")));
        }
    }
    Ok(())
}
