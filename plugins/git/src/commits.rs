//! Commits and tags, as their objects say.

use gix_date::time::format::ISO8601_STRICT;
use gix_hash::{Kind as Hash, ObjectId};
use gix_object::{CommitRef, Kind, TagRef};
use tandem_sdk::prelude::*;

use crate::repository::Repository;

/// A person and a time.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// The name.
    pub name: String,
    /// The email address.
    pub email: String,
    /// When, in ISO 8601 with the offset of the place.
    pub date: String,
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) seconds: i64,
}

/// A commit's content.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) id: ObjectId,
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    pub(crate) message: String,
}

/// A tag's content.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) target: ObjectId,
    pub(crate) tagger: Option<Signature>,
    pub(crate) message: String,
}

fn signature(signature: gix_actor::SignatureRef<'_>) -> Signature {
    let time = signature.time().unwrap_or_default();
    Signature {
        name: signature.name.to_string(),
        email: signature.email.to_string(),
        date: time.format_or_unix(ISO8601_STRICT),
        seconds: time.seconds,
    }
}

/// The commit `id`.
pub(crate) fn read(repository: &Repository, id: ObjectId) -> Result<Commit> {
    let damaged = |error: &dyn std::fmt::Display| Error::failed(format!("the commit {id} is damaged: {error}"));
    let object = repository.objects.find_kind(id, Kind::Commit)?;
    let commit = CommitRef::from_bytes(&object.data, Hash::Sha1).map_err(|error| damaged(&error))?;
    Ok(Commit {
        id,
        tree: commit.tree(),
        parents: commit.parents().collect(),
        author: signature(commit.author().map_err(|error| damaged(&error))?),
        committer: signature(commit.committer().map_err(|error| damaged(&error))?),
        message: commit.message.to_string(),
    })
}

/// The tag of this content.
pub(crate) fn tag(id: ObjectId, data: &[u8]) -> Result<Tag> {
    let damaged = |error: &dyn std::fmt::Display| Error::failed(format!("the tag {id} is damaged: {error}"));
    let tag = TagRef::from_bytes(data, Hash::Sha1).map_err(|error| damaged(&error))?;
    let tagger = tag.tagger().map_err(|error| damaged(&error))?.map(signature);
    Ok(Tag { target: tag.target(), tagger, message: tag.message.to_string() })
}

/// The first paragraph of a message, in one line.
pub(crate) fn title(message: &str) -> String {
    let lines = message.lines().skip_while(|line| line.trim().is_empty()).take_while(|line| !line.trim().is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}
