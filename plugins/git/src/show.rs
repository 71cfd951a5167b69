//! One commit, or a tag with its commit.

use tandem_sdk::prelude::*;

use crate::{
    changes::{self, Changes, Page, Pair},
    commits::{self, Signature},
    repository::Repository,
    revision, trees,
};

/// An annotated tag.
#[output]
#[derive(Debug)]
pub(crate) struct TagDetails {
    /// The id of the tag itself.
    pub id: String,
    /// Who made it, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tagger: Option<Signature>,
    /// Its message.
    pub message: String,
}

/// A commit and what it changed.
#[output]
#[derive(Debug)]
pub(crate) struct CommitDetails {
    /// Its id.
    pub id: String,
    /// The ids of its parents.
    pub parents: Vec<String>,
    /// Who wrote it, and when.
    pub author: Signature,
    /// Who committed it, and when.
    pub committer: Signature,
    /// The whole message.
    pub message: String,
    /// The annotated tag that the revision names, if it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<TagDetails>,
    /// What it changed against its first parent.
    #[serde(flatten)]
    pub changes: Changes,
}

pub(crate) fn run(
    ctx: &Ctx,
    repository: &Repository,
    revision: &str,
    path: Option<&str>,
    page: &Page,
) -> Result<CommitDetails> {
    let named = revision::object(repository, "revision", revision)?;
    let id = revision::commit(repository, "revision", revision)?;
    let commit = commits::read(repository, id)?;
    let object = repository.objects.find(named)?;
    let tag = if object.kind == gix_object::Kind::Tag {
        let tag = commits::tag(named, &object.data)?;
        Some(TagDetails { id: named.to_string(), tagger: tag.tagger, message: tag.message })
    } else {
        None
    };
    let parent = commit.parents.first().map(|parent| commits::read(repository, *parent)).transpose()?;
    let path = trees::tidy("path", path.unwrap_or_default())?;
    let differences = trees::differences(repository, parent.map(|parent| parent.tree), Some(commit.tree), &path)?;
    let pairs: Vec<Pair> = differences.into_iter().map(Pair::from).collect();
    Ok(CommitDetails {
        id: commit.id.to_string(),
        parents: commit.parents.iter().map(ToString::to_string).collect(),
        author: commit.author,
        committer: commit.committer,
        message: commit.message,
        tag,
        changes: changes::render(ctx, repository, &pairs, page)?,
    })
}
