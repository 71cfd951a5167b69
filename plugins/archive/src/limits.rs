//! The bounds of the category, each with its reason.

/// Longer archives are refused: one pass over 2 GiB is about what the deadline allows.
pub(crate) const MAX_ARCHIVE_BYTES: u64 = 2 << 30;
/// Entries of an archive: their names are kept in memory to find duplicates, and each file costs a few host calls.
pub(crate) const MAX_ENTRIES: u64 = 100_000;
/// Bytes of a name: longer ones no file system takes.
pub(crate) const MAX_NAME_BYTES: usize = 1_024;
/// Bytes of all names together, which are kept in memory.
pub(crate) const MAX_NAMES_BYTES: usize = 16 << 20;
/// Folders inside of each other in a name, and below a folder that is packed.
pub(crate) const MAX_DEPTH: usize = 64;
/// Bytes that a call expands: as many as fit the deadline and a disk of usual size.
pub(crate) const MAX_EXPANDED_BYTES: u64 = 1 << 30;
/// Expanded bytes for each byte of the archive, beyond [`RATIO_FREE_BYTES`]: text and tables stay below 50.
pub(crate) const MAX_RATIO: u64 = 200;
/// Before so many bytes the ratio is not looked at: a small file of zeros does no harm.
pub(crate) const RATIO_FREE_BYTES: u64 = 16 << 20;
/// Bytes of the headers before one tar entry: a long name and its attributes are kept in memory.
pub(crate) const MAX_TAR_HEADER_BYTES: u64 = 1 << 20;
/// KiB that decoding xz may hold: what `xz -9` asks for is 64 MiB and a little.
pub(crate) const XZ_MEMORY_KIB: u32 = 80 << 10;
/// The largest window of a Zstandard frame: `zstd -19` asks for 8 MiB; the buffer is in memory twice while it grows.
pub(crate) const ZSTD_WINDOW_BYTES: u64 = 32 << 20;
/// Input of one Zstandard frame that is written: it is kept in memory.
pub(crate) const ZSTD_FRAME_BYTES: usize = 4 << 20;
/// Paths that one call packs; a folder counts as one.
pub(crate) const MAX_SOURCES: usize = 100;
/// Patterns of a call.
pub(crate) const MAX_PATTERNS: usize = 32;
/// Bytes of a pattern: matching takes at most its length times that of the name.
pub(crate) const MAX_PATTERN_BYTES: usize = 256;
/// Problems and skipped entries that an answer names; all are counted.
pub(crate) const MAX_NAMED: usize = 100;
/// Paths of extracted files that an answer names; all are counted.
pub(crate) const MAX_PATHS: usize = 50;
/// Neighbours that a "not found" looks through for the nearest name.
pub(crate) const MAX_NEIGHBOURS: usize = 1_000;
/// Bytes that are read, written and checked at a time.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;
/// Expanded bytes between two reports of progress.
pub(crate) const PROGRESS_BYTES: u64 = 8 << 20;
