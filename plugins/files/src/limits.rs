//! Every bound of the category, with its reason.

/// Bytes of a path: what Linux takes.
pub(crate) const MAX_PATH_BYTES: usize = 4_096;
/// Levels below a granted directory: the host refuses deeper paths.
pub(crate) const MAX_DEPTH: usize = 64;
/// Directories that one new file may bring with it.
pub(crate) const MAX_NEW_DIRECTORIES: usize = 8;
/// Entries of one directory: all of them are in memory, to be sorted.
pub(crate) const MAX_DIRECTORY_ENTRIES: usize = 200_000;
/// Entries that a walk looks at in one call; the cursor goes on from there.
pub(crate) const MAX_VISITED: usize = 200_000;
/// Names that a "not found" gives.
pub(crate) const MAX_NEIGHBOURS: usize = 12;

/// Bytes of one read of a file.
pub(crate) const CHUNK: usize = 128 << 10;
/// Bytes of text or data that one answer holds: what a model can use, far below the host's limit of an answer.
pub(crate) const MAX_CONTENT_BYTES: usize = 256 << 10;
/// Bytes that are shown of one line.
pub(crate) const MAX_LINE_BYTES: usize = 16 << 10;
/// Bytes that are looked through for a line by its number. `byte_offset` has no such bound.
pub(crate) const MAX_SCANNED_BYTES: u64 = 1 << 30;
/// Files up to this size are read to their end to count their lines.
pub(crate) const MAX_COUNTED_BYTES: u64 = 32 << 20;
/// Lines that are named as cut.
pub(crate) const MAX_CUT_LINES: usize = 20;
/// Files of one `files_read_many`.
pub(crate) const MAX_READ_FILES: usize = 50;
/// Files of one `files_detect_many`.
pub(crate) const MAX_DETECTED_FILES: usize = 200;
/// Bytes from the start of a file by which its type is detected: where formats have their signature.
pub(crate) const DETECT_BYTES: usize = 8 << 10;

/// Globs of a list.
pub(crate) const MAX_GLOBS: usize = 32;
/// Bytes of a glob.
pub(crate) const MAX_GLOB_BYTES: usize = 256;
/// Bytes that are read of a `.gitignore`.
pub(crate) const MAX_IGNORE_BYTES: usize = 64 << 10;
/// Rules of a `.gitignore`: each becomes part of one matcher.
pub(crate) const MAX_IGNORE_RULES: usize = 1_000;
/// Entries that are sorted by size or time, each of which is looked at.
pub(crate) const MAX_SORTED: usize = 10_000;

/// Bytes of a regular expression.
pub(crate) const MAX_PATTERN_BYTES: usize = 1_024;
/// Levels of groups and repetitions in it.
pub(crate) const MAX_PATTERN_NESTING: u32 = 50;
/// Bytes of its compiled form: `(a{1000}){1000}` is refused, and does not fill the memory.
pub(crate) const MAX_COMPILED_BYTES: usize = 2 << 20;
/// Bytes of the cache that the search keeps of its states.
pub(crate) const MAX_STATES_BYTES: usize = 4 << 20;
/// Bytes of the longest line that is searched, and of the largest file that is searched across lines.
pub(crate) const MAX_SEARCH_BUFFER: usize = 8 << 20;
/// Bytes that one search reads; the cursor goes on from there.
pub(crate) const MAX_SEARCHED_BYTES: u64 = 128 << 20;
/// Bytes that are shown of a line that matches.
pub(crate) const MAX_MATCH_BYTES: usize = 1_000;

/// Bytes of a file that is edited or patched: it is in memory twice, with its lines.
pub(crate) const MAX_EDITED_BYTES: u64 = 8 << 20;
/// Replacements of one edit.
pub(crate) const MAX_REPLACEMENTS: usize = 10_000;
/// Bytes of a patch.
pub(crate) const MAX_PATCH_BYTES: usize = 1 << 20;
/// Files of a patch.
pub(crate) const MAX_PATCHED_FILES: usize = 100;
/// Bytes of all files of a patch, which are in memory until all of it applies.
pub(crate) const MAX_PATCHED_BYTES: usize = 16 << 20;
/// Hunks of a patch: each may be looked for in the whole of its file.
pub(crate) const MAX_HUNKS: usize = 1_000;
/// Changed lines times lines of the file: the work of comparing. Beyond it an edit gives no diff.
pub(crate) const MAX_DIFF_WORK: usize = 50_000_000;
/// Bytes of a diff that an answer holds.
pub(crate) const MAX_DIFF_BYTES: usize = 64 << 10;

/// Bytes that one write takes.
pub(crate) const MAX_WRITTEN_BYTES: usize = 3 << 20;
/// Bytes of a file that is appended to: it is copied, so that no reader sees half of it.
pub(crate) const MAX_APPENDED_BYTES: u64 = 256 << 20;
/// Bytes that one copy takes.
pub(crate) const MAX_COPIED_BYTES: u64 = 1 << 30;
/// Entries that one copy or deletion takes: neither can be undone, or resumed.
pub(crate) const MAX_CHANGED_ENTRIES: usize = 10_000;
/// Bytes of a file that is hashed: what the CPU time of a call is enough for.
pub(crate) const MAX_HASHED_BYTES: u64 = 256 << 20;
