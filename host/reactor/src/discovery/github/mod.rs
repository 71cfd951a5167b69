//! The GitHub-issues registry: one issue of a repository, with a comment for each host that carries its signed record.
//!
//! **Promises.** Anyone may comment and maintainers may edit, so nothing is believed because it stands there: a record
//! must be signed by the host that its marker names, and the peer book decides whether it is fresh. A host changes and
//! deletes only comments of its own account. The token goes to the configured server only and is never printed.
//!
//! **Bounds.** [`MAX_PAGES`] pages of 100 comments; asked at most every [`POLL`], with ETags, which cost nothing of the
//! rate limit when nothing changed; after a rate limit not before GitHub said. At most [`MAX_DELETES`] deletions a
//! cleanup.
//!
//! **Refuses.** See [`GithubError`]. Use an issue that is locked to collaborators where the hosts' accounts are such:
//! else strangers can fill its pages.
//!
//! It speaks HTTP and reads long JSON, so it belongs on the general runtime and not on the reactor's thread.

mod api;
mod comment;
mod error;
mod limits;
mod listing;
mod marked;
mod registry;
mod settings;
#[cfg(test)]
mod stand_in;

pub use self::{
    comment::CommentError,
    error::GithubError,
    limits::{MAX_DELETES, MAX_PAGES, POLL},
    listing::{BadComment, Listing, RemovedComments},
    registry::GithubRegistry,
    settings::{GithubSettings, LABEL},
};
