//! Bounds, each with its reason.

/// The collection that is used when none is named.
pub(crate) const DEFAULT_COLLECTION: &str = "default";
/// Longer names of collections would not fit into keys of the store with the rest.
pub(crate) const MAX_COLLECTION_BYTES: usize = 64;
/// Characters of an id: a key of the store has 512 bytes, and a character up to four.
pub(crate) const MAX_ID_CHARS: usize = 100;
/// Bytes of a value as JSON: a call reads it into memory, and the store takes 1 MiB with tags and dates.
pub(crate) const MAX_VALUE_BYTES: usize = 512 << 10;
/// How deep values may nest: keeps recursion within a guest's small stack, here and in clients.
pub(crate) const MAX_DEPTH: usize = 32;
/// Tags of one item: every query looks at them.
pub(crate) const MAX_TAGS: usize = 32;
/// Characters of a tag: longer ones are texts and belong into the value.
pub(crate) const MAX_TAG_CHARS: usize = 64;
/// Items that one call gets or deletes.
pub(crate) const MAX_IDS: usize = 100;
/// Bytes of the values of one answer: below the plugin's `output`, with room for the rest.
pub(crate) const MAX_ANSWER_BYTES: usize = 2 << 20;
/// Bytes that one query reads: a second or two of the ten that a call has.
pub(crate) const MAX_READ_BYTES: usize = 16 << 20;
/// Each failed attempt means that another call succeeded: outlasts every call that may run at once.
pub(crate) const MAX_ATTEMPTS: u32 = 32;
