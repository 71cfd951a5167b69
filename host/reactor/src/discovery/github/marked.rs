//! Comments with a marker, and the pages of them that were read.

use libp2p_identity::PeerId;
use reqwest::{Url, header::HeaderValue};

use super::{CommentError, api::Comment, comment};
use crate::discovery::record::HostRecord;

#[derive(Clone, Debug)]
pub(super) struct Marked {
    pub(super) id: u64,
    pub(super) author: Option<u64>,
    pub(super) peer: Option<PeerId>,
    pub(super) record: Result<HostRecord, CommentError>,
}

#[derive(Debug)]
pub(super) struct CachedPage {
    pub(super) url: Url,
    pub(super) etag: Option<HeaderValue>,
    pub(super) next: Option<Url>,
    pub(super) comments: Vec<Marked>,
    pub(super) full: bool,
    pub(super) too_long: bool,
}

pub(super) fn is_author(marked: &Marked, account: Option<u64>) -> bool {
    account.is_none_or(|account| marked.author == Some(account))
}

pub(super) fn marked(comment: Comment) -> Option<Marked> {
    let (peer, record) = comment::read(&comment.body?)?;
    Some(Marked { id: comment.id, author: comment.user.map(|user| user.id), peer, record })
}
