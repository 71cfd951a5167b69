//! What callers are told of the issue: its records, what is wrong in it, and what was removed from it.

use libp2p_identity::PeerId;

use super::CommentError;
use crate::discovery::record::HostRecord;

/// A marked comment that is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadComment {
    /// Its id.
    pub comment: u64,
    /// What is wrong.
    pub error: CommentError,
}

/// What the issue has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The records with right signatures, of each host the newest.
    pub records: Vec<HostRecord>,
    /// Marked comments that are wrong: forged, edited, copied.
    pub bad: Vec<BadComment>,
    /// Whether not all comments were read: there are more pages, or one was too long.
    pub truncated: bool,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemovedComments {
    /// Whose records, one for each comment.
    pub removed: Vec<PeerId>,
    /// Marked comments left.
    pub kept: usize,
}
