//! The peers that this host knows: a bounded table in memory, to be stored and read back as [`PeerRow`]s.
//!
//! **Promises.** What is kept of a peer comes from itself (a signed record), from its connection, or from the operator;
//! unsigned hints are only places to dial. Peers that the operator named or allows, and those that are connected, are
//! never evicted; a peer that was connected before is evicted only by others that were, never by mere hearsay.
//!
//! **Bounds.** [`BookLimits`]: peers in all, and strangers of one /24 (IPv4) or /48 (IPv6), so that a thousand records
//! from one network take the places of that network only. Bans of [`MAX_BANS`], the first to end goes first; as many
//! more that the operator ordered, which nothing pushes out.
//! A record takes 16 KiB at most, so the worst that strangers can make of a full book is 80 MiB; a usual record
//! has one.
//!
//! **Refuses.** [`BookError`]. Time is always the caller's. A peer's sequence is forgotten with the peer: only after
//! its record expired, or when it was evicted; a copy that is played then is one that has not expired.

mod conduct;
mod dial;
mod entry;
mod error;
mod limits;
mod list;
mod peer_book;
mod room;
mod rows;

pub use self::{
    dial::Dial,
    entry::{PeerState, PeerView, Source},
    error::BookError,
    limits::{BookLimits, MAX_BANS, MAX_HINTS},
    list::{CursorError, MAX_PAGE, Page, PeerQuery, Sort},
    peer_book::{Cleanup, PeerBook},
    rows::PeerRow,
};
