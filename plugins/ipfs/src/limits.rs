//! The bounds of the category, each with its reason.

/// Longer CAR files are refused: hashing 1 GiB is about what the deadline allows.
pub(crate) const MAX_CAR_BYTES: u64 = 1 << 30;
/// Bytes of one block, which is kept in memory: nodes exchange blocks of up to 2 MiB. Stops a length that lies.
pub(crate) const MAX_BLOCK_BYTES: u64 = 4 << 20;
/// Bytes of a CAR header: it has a few roots.
pub(crate) const MAX_HEADER_BYTES: u64 = 64 << 10;
/// Roots of a CAR.
pub(crate) const MAX_ROOTS: usize = 1_000;
/// Blocks of a CAR: the place of each is kept in memory.
pub(crate) const MAX_BLOCKS: usize = 200_000;
/// Bytes of a CID: the longest digest that is in use has 64, and an identity CID holds at most 128 in kubo.
pub(crate) const MAX_CID_BYTES: usize = 160;
/// Characters of a CID in text: base 2 takes eight for a byte.
pub(crate) const MAX_CID_CHARS: usize = 1_300;
/// Bytes that one call packs or writes: as many as fit the deadline and a disk of usual size.
pub(crate) const MAX_CONTENT_BYTES: u64 = 1 << 30;
/// Written bytes for each byte of the CAR, beyond [`RATIO_FREE_BYTES`]: a DAG that links to one block again and again expands without end.
pub(crate) const MAX_RATIO: u64 = 200;
/// Before so many bytes the ratio is not looked at: a small file of zeros does no harm.
pub(crate) const RATIO_FREE_BYTES: u64 = 16 << 20;
/// Nodes that one call visits: a DAG of folders that are the same block doubles with each level and has no bytes to count.
pub(crate) const MAX_VISITS: u64 = 200_000;
/// Folders inside of each other, and levels of the tree of a file: a file of 1 GiB has three, and the sandbox opens paths of at most some 60 parts.
pub(crate) const MAX_DEPTH: usize = 48;
/// Maps and lists inside of each other in a node: the decoder calls itself for each, and the stack has 256 KiB.
pub(crate) const MAX_NODE_DEPTH: usize = 100;
/// Links of one dag-pb node: a block of the largest size with the shortest links has about as many.
pub(crate) const MAX_LINKS: usize = 100_000;
/// Files and folders of a call: each costs a few host calls.
pub(crate) const MAX_ENTRIES: usize = 20_000;
/// Estimated bytes of a folder's links from which on kubo shards it: shards are read and not made.
pub(crate) const MAX_FOLDER_BYTES: usize = 256 << 10;
/// Bytes of a name: longer ones no file system takes.
pub(crate) const MAX_NAME_BYTES: usize = 255;
/// Paths that one call packs; a folder counts as one.
pub(crate) const MAX_SOURCES: usize = 100;
/// Links of a node of a file: what kubo takes.
pub(crate) const FILE_WIDTH: usize = 174;
/// Bytes of `text` or `base64`: longer content is a file.
pub(crate) const MAX_TEXT_BYTES: usize = 2 << 20;
/// Bytes of an answer's content: the output bound of the plugin is 4 MiB, and base64 adds a third.
pub(crate) const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// Bytes of what a gateway sends: it is kept in memory until it is verified.
pub(crate) const MAX_GATEWAY_BYTES: usize = 32 << 20;
/// Bytes of the answer of a node: a line for each root.
pub(crate) const MAX_NODE_ANSWER_BYTES: usize = 64 << 10;
/// Seconds of one request; the call has two minutes.
pub(crate) const REQUEST_SECONDS: u64 = 60;
/// Names in a path below a CID.
pub(crate) const MAX_SEGMENTS: usize = 64;
/// Paths that an answer names; all are counted.
pub(crate) const MAX_PATHS: usize = 50;
/// Links that are left out and named; all are counted.
pub(crate) const MAX_NAMED: usize = 20;
/// Bytes of a URL that a caller gives.
pub(crate) const MAX_URL_BYTES: usize = 2_048;
/// Bytes between two reports of progress.
pub(crate) const PROGRESS_BYTES: u64 = 8 << 20;
/// Nodes and blocks between two looks at whether the call was cancelled.
pub(crate) const CHECK_EVERY: u64 = 256;
