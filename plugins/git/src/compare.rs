//! Differences between revisions, the index and the work tree.

use std::collections::BTreeMap;

use tandem_sdk::prelude::*;

use crate::{
    changes::{self, Changes, Content, Page, Pair, Side},
    commits, index,
    repository::Repository,
    revision, status,
    trees::{self, Node},
};

/// What to compare.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Against {
    /// The files as they are in the work tree.
    #[default]
    WorkTree,
    /// What is staged for the next commit.
    Index,
}

/// The ends of a comparison.
#[derive(Debug)]
pub(crate) struct Ends<'a> {
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    pub(crate) against: Against,
}

pub(crate) fn run(
    ctx: &Ctx,
    repository: &Repository,
    ends: &Ends<'_>,
    path: Option<&str>,
    page: &Page,
) -> Result<Changes> {
    let filter = trees::tidy("path", path.unwrap_or_default())?;
    let pairs = match (ends.from, ends.to, ends.against) {
        (from, Some(to), _) => {
            let from = tree(repository, "from", from.unwrap_or("HEAD"))?;
            let to = tree(repository, "to", to)?;
            trees::differences(repository, Some(from), Some(to), &filter)?.into_iter().map(Pair::from).collect()
        }
        (from, None, Against::Index) => {
            let old = match from {
                Some(from) => trees::files(repository, tree(repository, "from", from)?)?,
                None => status::head_files(repository)?,
            };
            status::staged(&old, &index::read(repository)?, &filter)
        }
        (Some(from), None, Against::WorkTree) => {
            let old = trees::files(repository, tree(repository, "from", from)?)?;
            with_work_tree(ctx, repository, &old, &filter)?
        }
        (None, None, Against::WorkTree) => status::unstaged(ctx, repository, &index::read(repository)?, &filter)?,
    };
    changes::render(ctx, repository, &pairs, page)
}

fn tree(repository: &Repository, parameter: &str, revision: &str) -> Result<gix_hash::ObjectId> {
    let id = revision::commit(repository, parameter, revision)?;
    Ok(commits::read(repository, id)?.tree)
}

/// A revision against the work tree: of the files that the revision or the index has.
fn with_work_tree(ctx: &Ctx, repository: &Repository, old: &BTreeMap<String, Node>, filter: &str) -> Result<Vec<Pair>> {
    let index = index::read(repository)?;
    let changed = status::unstaged(ctx, repository, &index, filter)?;
    let mut changed: BTreeMap<String, Option<Side>> = changed.into_iter().map(|pair| (pair.path, pair.new)).collect();
    let side = |node: &Node| Side { kind: node.kind, content: Content::Object(node.id) };
    let mut pairs = Vec::new();
    let mut paths: Vec<&String> = old.keys().chain(index.files.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths.into_iter().filter(|path| trees::is_within(path, filter)) {
        let staged = index.files.get(path).map(|staged| staged.node);
        let new = match changed.remove(path) {
            Some(new) => new,
            None => staged.as_ref().map(side),
        };
        let before = old.get(path);
        let same = match (&new, before) {
            (None, None) => true,
            (Some(new), Some(before)) => new.kind == before.kind && is(new, before)?,
            _ => false,
        };
        if !same {
            pairs.push(Pair { path: path.clone(), old: before.map(side), new });
        }
    }
    Ok(pairs)
}

fn is(side: &Side, node: &Node) -> Result<bool> {
    let path = match &side.content {
        Content::Object(id) => return Ok(*id == node.id),
        Content::File(path) => path,
    };
    let data = crate::worktree::content(path, side.kind, crate::limits::MAX_OBJECT_BYTES)?;
    let id = gix_object::compute_hash(gix_hash::Kind::Sha1, gix_object::Kind::Blob, &data);
    Ok(id.map_err(|error| Error::failed(error.to_string()))? == node.id)
}
