//! Bounds, each with its reason.

/// Characters of a tag: longer ones are texts and belong into `details`.
pub(crate) const MAX_TAG_CHARS: usize = 100;
/// Tags of one event: every query looks at them.
pub(crate) const MAX_TAGS: usize = 16;
/// Bytes of `details` as JSON: 20,000 events of this size fit into the store that the manifest requests.
pub(crate) const MAX_DETAILS_BYTES: usize = 8 << 10;
/// How deep `details` may nest: keeps recursion within a guest's small stack, here and in clients.
pub(crate) const MAX_DEPTH: usize = 16;
/// Events that one query looks at: a few seconds of those that a call has.
pub(crate) const MAX_SCANNED: usize = 5000;
/// Names of a report for each of its counts, the most frequent.
pub(crate) const MAX_COUNTS: usize = 20;
/// Names that a report counts separately; each is kept in memory, and the events of any more are counted together.
pub(crate) const MAX_NAMES: usize = 5000;
/// Events that a report shows.
pub(crate) const MAX_NOTABLE: usize = 10;
