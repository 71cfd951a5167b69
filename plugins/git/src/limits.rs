//! The bounds, each with its reason.

/// Longer paths are refused before they reach the file system.
pub(crate) const MAX_PATH_BYTES: usize = 1_024;
/// Names in a directory that an error looks through for repositories: a directory may hold millions.
pub(crate) const MAX_NEIGHBOURS: usize = 1_000;
/// Repositories that an error names.
pub(crate) const MAX_SHOWN: usize = 10;
/// An object: a diff holds two of them in memory at once. Source files are far smaller.
pub(crate) const MAX_OBJECT_BYTES: u64 = 16 << 20;
/// Objects kept between reads of one call, so that history walks read a tree once.
pub(crate) const MAX_CACHED_BYTES: usize = 16 << 20;
/// Objects larger than this are not kept.
pub(crate) const MAX_CACHED_OBJECT_BYTES: usize = 1 << 20;
/// git itself makes chains of at most 4,095 deltas; a loop of deltas ends here.
pub(crate) const MAX_DELTA_CHAIN: usize = 4_095;
/// Deltas of one object, in memory while its chain is resolved.
pub(crate) const MAX_DELTA_BYTES: u64 = 64 << 20;
/// Packs of a repository: `git gc` keeps 50.
pub(crate) const MAX_PACKS: usize = 1_000;
/// Directories of borrowed objects (alternates), and how deeply they may borrow: git stops at 5 too.
pub(crate) const MAX_ALTERNATES: usize = 16;
/// See [`MAX_ALTERNATES`].
pub(crate) const MAX_ALTERNATE_DEPTH: usize = 5;
/// `HEAD`, a loose ref, `.git`, `commondir`: one line each.
pub(crate) const MAX_REF_BYTES: u64 = 4_096;
/// `packed-refs`, `config`, `.gitignore` and lists of alternates.
pub(crate) const MAX_TEXT_FILE_BYTES: u64 = 8 << 20;
/// Refs of a repository.
pub(crate) const MAX_REFS: usize = 100_000;
/// Symbolic refs that lead to each other: git stops at 5 too.
pub(crate) const MAX_SYMREF_DEPTH: usize = 5;
/// Tags that point to tags.
pub(crate) const MAX_TAG_DEPTH: usize = 16;
/// Directories within directories, of trees and of the file system.
pub(crate) const MAX_TREE_DEPTH: usize = 128;
/// Entries of one tree or listing that are walked.
pub(crate) const MAX_TREE_ENTRIES: usize = 500_000;
/// Commits that one walk of the history looks at.
pub(crate) const MAX_COMMITS: usize = 200_000;
/// A revision, as `HEAD~3`.
pub(crate) const MAX_REVISION_BYTES: usize = 512;
/// Steps of `~` in one revision.
pub(crate) const MAX_ANCESTORS: usize = 100_000;
/// The index file: about 500,000 entries.
pub(crate) const MAX_INDEX_BYTES: u64 = 64 << 20;
/// Files of a work tree that a status looks at.
pub(crate) const MAX_WORK_FILES: usize = 200_000;
/// Lines of one file that are compared; more is reported as binary is, without a patch.
pub(crate) const MAX_DIFF_LINES: usize = 500_000;
/// Files that one comparison lists.
pub(crate) const MAX_CHANGED_FILES: usize = 20_000;
/// The text of patches in one answer.
pub(crate) const MAX_PATCH_BYTES: usize = 1 << 20;
/// A file's text in one answer.
pub(crate) const MAX_TEXT_BYTES: usize = 1 << 20;
/// A file without text, as base64 in one answer.
pub(crate) const MAX_BINARY_BYTES: usize = 1 << 20;
/// A line of a grep result; longer ones are cut.
pub(crate) const MAX_LINE_BYTES: usize = 500;
/// A regular expression, compiled; it runs in linear time.
pub(crate) const MAX_REGEX_BYTES: usize = 1 << 20;
/// Bytes of files that one grep reads.
pub(crate) const MAX_GREP_BYTES: u64 = 512 << 20;
/// Lines of a file that can be blamed.
pub(crate) const MAX_BLAME_LINES: usize = 50_000;
/// Paths of one commit.
pub(crate) const MAX_COMMIT_PATHS: usize = 1_000;
/// The message of a commit.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 << 10;
/// Steps between two reports of progress.
pub(crate) const PROGRESS_STEPS: usize = 256;
/// From this on (Jaro-Winkler, 1 is equal) a name is offered as the one that was meant.
pub(crate) const SIMILAR: f64 = 0.75;
