//! Bounds of the category, each with its reason.

/// Bytes of the head of a record or of a message in it: crawlers write some hundred.
pub(crate) const MAX_HEAD_BYTES: u64 = 64 << 10;
/// Fields of a head.
pub(crate) const MAX_FIELDS: usize = 500;
/// Bytes of a record that are kept: what is larger is no page. The rest is read past.
pub(crate) const MAX_BLOCK_BYTES: u64 = 8 << 20;
/// Bytes that one record expands to: a gzip bomb expands a thousandfold.
pub(crate) const MAX_EXPANDED_BYTES: u64 = 128 << 20;
/// Bytes after which a call that lists ends its page; the rest is for the next one.
pub(crate) const PAGE_BYTES: u64 = 64 << 20;
/// Bytes of a page of HTML, decompressed: its tree takes about ten times as much.
pub(crate) const MAX_PAGE_BYTES: usize = 4 << 20;
/// Tags of a page of HTML: each element takes some 200 bytes.
pub(crate) const MAX_TAGS: usize = 200_000;
/// Bytes of text in an answer: the output bound of the plugin is 4 MiB.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Lines of an index: each is in memory to be sorted.
pub(crate) const MAX_LINES: usize = 200_000;
/// Bytes of an index, for the same reason.
pub(crate) const MAX_INDEX_BYTES: usize = 32 << 20;
/// Bytes of a data set: it is written while it is made, on a disk of the operator.
pub(crate) const MAX_DATASET_BYTES: u64 = 256 << 20;
/// Pages of an archive that is created: they are read one after the other, in the minute that a call has.
pub(crate) const MAX_URLS: usize = 20;
/// Milliseconds that must be left for one more page or record.
pub(crate) const RESERVE_MS: u64 = 25_000;
/// Bytes of an answer of an index of captures.
pub(crate) const MAX_CAPTURES_BYTES: usize = 4 << 20;
/// Bytes of a record of Common Crawl, compressed: it cuts pages at 1 MiB.
pub(crate) const MAX_MEMBER_BYTES: u64 = 4 << 20;
