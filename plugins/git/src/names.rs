//! Branches and tags.

use gix_object::Kind;
use tandem_sdk::prelude::*;

use crate::{
    commits::{self, Signature},
    refs,
    repository::Repository,
    revision,
};

/// A branch.
#[output]
#[derive(Debug)]
pub(crate) struct Branch {
    /// Its name, as `main`, or `origin/main` of a remote.
    pub name: String,
    /// The commit that it is at.
    pub commit: String,
    /// The first paragraph of that commit's message.
    pub title: String,
    /// When that commit was committed.
    pub date: String,
    /// Whether it is the one that is checked out.
    pub current: bool,
}

/// Branches, a page of them.
#[output]
#[derive(Debug)]
pub(crate) struct Branches {
    /// The branches, by name.
    pub branches: Vec<Branch>,
    /// The branch that is checked out; absent where `HEAD` is detached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// Give it as `cursor` for more; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A tag.
#[output]
#[derive(Debug)]
pub(crate) struct Tag {
    /// Its name, as `v1.0`.
    pub name: String,
    /// The id of the object that it marks: a commit, nearly always.
    pub target: String,
    /// Whether it is an object of its own, with a message.
    pub annotated: bool,
    /// Who made it, and when; of annotated tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tagger: Option<Signature>,
    /// The first paragraph of its message, or of its commit's where it is not annotated.
    pub title: String,
}

/// Tags, a page of them.
#[output]
#[derive(Debug)]
pub(crate) struct Tags {
    /// The tags, by name.
    pub tags: Vec<Tag>,
    /// Give it as `cursor` for more; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

pub(crate) fn branches(repository: &Repository, remote: bool, limit: usize, cursor: Option<&str>) -> Result<Branches> {
    let prefix = if remote { "refs/remotes/" } else { "refs/heads/" };
    let head = refs::head(repository)?;
    let (mut branches, mut next_cursor) = (Vec::new(), None);
    for (full, id) in refs::all(repository, prefix)? {
        let name = full.strip_prefix(prefix).unwrap_or(&full).to_owned();
        if cursor.is_some_and(|cursor| name.as_str() <= cursor) || (remote && name.ends_with("/HEAD")) {
            continue;
        }
        if branches.len() == limit {
            next_cursor = branches.last().map(|branch: &Branch| branch.name.clone());
            break;
        }
        let commit = commits::read(repository, revision::peeled(repository, id)?.0)?;
        branches.push(Branch {
            commit: commit.id.to_string(),
            title: commits::title(&commit.message),
            date: commit.committer.date,
            current: head.branch.as_ref() == Some(&full),
            name,
        });
    }
    let current = head.branch.map(|full| full.strip_prefix("refs/heads/").unwrap_or(&full).to_owned());
    Ok(Branches { branches, current, next_cursor })
}

pub(crate) fn tags(repository: &Repository, limit: usize, cursor: Option<&str>) -> Result<Tags> {
    let (mut tags, mut next_cursor) = (Vec::new(), None);
    for (full, id) in refs::all(repository, "refs/tags/")? {
        let name = full.strip_prefix("refs/tags/").unwrap_or(&full).to_owned();
        if cursor.is_some_and(|cursor| name.as_str() <= cursor) {
            continue;
        }
        if tags.len() == limit {
            next_cursor = tags.last().map(|tag: &Tag| tag.name.clone());
            break;
        }
        let object = repository.objects.find(id)?;
        let (target, kind) = revision::peeled(repository, id)?;
        let annotation = if object.kind == Kind::Tag { Some(commits::tag(id, &object.data)?) } else { None };
        let title = match &annotation {
            Some(tag) => commits::title(&tag.message),
            None if kind == Kind::Commit => commits::title(&commits::read(repository, target)?.message),
            None => String::new(),
        };
        let annotated = annotation.is_some();
        let tagger = annotation.and_then(|tag| tag.tagger);
        tags.push(Tag { name, target: target.to_string(), annotated, tagger, title });
    }
    Ok(Tags { tags, next_cursor })
}
