//! The tools that change nothing.

use tandem_sdk::prelude::*;

use crate::{
    detect::{self, Detected, DetectedFiles, Files},
    find::{self, Found, Order, Wanted},
    grep::{self, Case, Matches},
    hash::{self, Algorithm, Hashed},
    limits::MAX_DEPTH,
    list::{self, Listing, Status, Tree},
    matches::Output,
    path::Grants,
    read::{self, Contents, FileContent, Format, Range},
    text::Encoding,
    walk::Options,
};

/// The tools that change nothing.
#[derive(Debug)]
pub struct Reading;

#[tools]
impl Reading {
    /// Reads a text file, or the lines of it from `offset` on; bytes as base64 of any file. Gives at most 256 KiB and where to go on.
    /// Use files_grep to find the lines that matter in a large file.
    #[tool(read_only, idempotent, title = "Read a file")]
    fn files_read(
        ctx: &Ctx,
        /// The file, as `data/notes.txt`; it begins with the name of a granted directory.
        path: &str,
        /// The first line, from 1, as 120; a negative number counts from the end: -20 gives the last 20 lines. Default 1.
        #[arg(min = -10_000_000, max = 1_000_000_000)]
        offset: Option<i64>,
        /// Lines at most, 1 to 20000. Default 2000.
        #[arg(min = 1, max = 20_000)]
        limit: Option<u32>,
        /// `text` as it is, `numbered` with the number of each line, or `base64` for the bytes of any file. Default `text`.
        format: Option<Format>,
        /// The encoding of the text. Default `auto`: UTF-8, or UTF-16 with a byte order mark.
        encoding: Option<Encoding>,
        /// Instead of lines: the first byte, from 0, for `text` in UTF-8 or `base64`.
        byte_offset: Option<u64>,
        /// Instead of lines: bytes at most, 1 to 262144; of text at least 4, a whole character. Default 262144.
        #[arg(min = 1, max = 262_144)]
        byte_limit: Option<u32>,
    ) -> Result<FileContent> {
        let range = Range { offset, limit, byte_offset, byte_limit };
        read::read(ctx, &Grants::new().locate(path)?, format.unwrap_or_default(), encoding.unwrap_or_default(), range)
    }

    /// Reads several files at once. A file that cannot be read is reported and the others are given; 256 KiB in all.
    #[tool(read_only, idempotent, title = "Read several files")]
    fn files_read_many(
        ctx: &Ctx,
        /// The files, 1 to 50, as `["data/a.txt", "data/b.txt"]`.
        paths: Vec<String>,
        /// `text`, `numbered` or `base64`. Default `text`.
        format: Option<Format>,
        /// Lines of each file at most, from its start.
        #[arg(default = 1_000, min = 1, max = 20_000)]
        limit: u32,
    ) -> Result<Contents> {
        read::read_many(ctx, &Grants::new(), paths, format.unwrap_or_default(), limit)
    }

    /// Lists the entries of one directory with kind, size and time of change; without `path` the granted directories and whether they may
    /// be changed. Use files_tree or files_find for what is below.
    #[tool(read_only, idempotent, title = "List a directory")]
    fn files_list(
        /// The directory, as `data/reports`.
        path: Option<String>,
        /// Entries of a page, 1 to 1000.
        #[arg(default = 200, min = 1, max = 1_000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Listing> {
        list::list(&Grants::new(), path.as_deref(), limit, cursor.as_deref())
    }

    /// Draws the directories and files below a directory as an indented text. Leaves out hidden entries and what `.gitignore` excludes,
    /// unless asked for.
    #[tool(read_only, idempotent, title = "Draw a directory tree")]
    fn files_tree(
        ctx: &Ctx,
        /// The directory, as `data`. Default: all granted directories.
        path: Option<String>,
        /// Levels, 1 to 64.
        #[arg(default = 3, min = 1, max = 64)]
        depth: u32,
        /// Entries at most, 1 to 2000.
        #[arg(default = 300, min = 1, max = 2_000)]
        limit: u32,
        /// Whether to give the sizes of files.
        #[arg(default = false)]
        sizes: bool,
        /// Whether to include names that begin with a dot.
        #[arg(default = false)]
        hidden: bool,
        /// Whether to include what `.gitignore` files exclude.
        #[arg(default = false)]
        ignored: bool,
    ) -> Result<Tree> {
        let options = Options { hidden, ignored, max_depth: depth as usize };
        list::tree(ctx, &Grants::new(), path.as_deref(), options, limit, sizes)
    }

    /// Finds files and directories below a directory by name, kind, size and time of change: the largest file, the newest ones. Use
    /// files_grep to search in their content.
    #[tool(read_only, idempotent, title = "Find files")]
    fn files_find(
        ctx: &Ctx,
        /// The directory, as `data`. Default: all granted directories.
        path: Option<String>,
        /// Globs of which one must fit: `*.rs` names at any depth, `src/**/*.rs` paths from `path` on. Default: everything.
        #[arg(default)]
        glob: Vec<String>,
        /// Globs of which none may fit, as `["*.min.js"]`.
        #[arg(default)]
        exclude: Vec<String>,
        /// Only entries of this kind. Default: all.
        kind: Option<Wanted>,
        /// Only files of at least so many bytes.
        min_bytes: Option<u64>,
        /// Only files of at most so many bytes.
        max_bytes: Option<u64>,
        /// Only what was changed at or after this: a time `2026-01-31T12:00:00Z`, a day `2026-01-31`, or an age `7d`, `12h`, `30m`.
        modified_after: Option<String>,
        /// Only what was changed before this, in the same forms.
        modified_before: Option<String>,
        /// `path` (in pages), `newest` or `largest` first (no pages). Default `path`.
        sort: Option<Order>,
        /// Levels, 1 to 64.
        #[arg(default = 64, min = 1, max = 64)]
        depth: u32,
        /// Whether to include names that begin with a dot.
        #[arg(default = false)]
        hidden: bool,
        /// Whether to include what `.gitignore` files exclude.
        #[arg(default = false)]
        ignored: bool,
        /// Entries at most, 1 to 1000.
        #[arg(default = 100, min = 1, max = 1_000)]
        limit: u32,
        /// The `next_cursor` of the call before.
        cursor: Option<String>,
    ) -> Result<Found> {
        let sort = sort.unwrap_or_default();
        let limit = limit as usize;
        let query = find::Query {
            glob,
            exclude,
            kind,
            min_bytes,
            max_bytes,
            modified_after,
            modified_before,
            sort,
            limit,
            cursor,
        };
        let options = Options { hidden, ignored, max_depth: (depth as usize).min(MAX_DEPTH) };
        find::find(ctx, &Grants::new(), path.as_deref(), &query, options)
    }

    /// Searches the text of files with a regular expression and gives the lines that match with their numbers. Leaves out binary files,
    /// hidden entries and what `.gitignore` excludes.
    #[tool(read_only, idempotent, title = "Search in files")]
    fn files_grep(
        ctx: &Ctx,
        /// The expression, as `fn \w+_test`; Rust's syntax: no look-around, no back-references. Up to 1024 bytes.
        pattern: String,
        /// The file or directory, as `data/src`. Default: all granted directories.
        path: Option<String>,
        /// Whether `pattern` is text as it is and no expression.
        #[arg(default = false)]
        literal: bool,
        /// Whether upper and lower case differ: `sensitive`, `insensitive`, or `smart` (insensitive for a lower-case pattern). Default `sensitive`.
        case: Option<Case>,
        /// Whether only whole words match.
        #[arg(default = false)]
        word: bool,
        /// Whether a match may go over several lines (`\n` in the pattern); files of 8 MiB at most.
        #[arg(default = false)]
        multiline: bool,
        /// Only files that fit one of these globs, as `["*.md"]`.
        #[arg(default)]
        glob: Vec<String>,
        /// No files that fit one of these globs.
        #[arg(default)]
        exclude: Vec<String>,
        /// Lines to give before each match, 0 to 20.
        #[arg(default = 0, min = 0, max = 20)]
        before: u32,
        /// Lines to give after each match, 0 to 20.
        #[arg(default = 0, min = 0, max = 20)]
        after: u32,
        /// `lines` that match, `files` that have a match, or `counts` of lines for each file. Default `lines`.
        output: Option<Output>,
        /// Whether to include names that begin with a dot.
        #[arg(default = false)]
        hidden: bool,
        /// Whether to include what `.gitignore` files exclude.
        #[arg(default = false)]
        ignored: bool,
        /// Matches, or files, at most: 1 to 1000.
        #[arg(default = 100, min = 1, max = 1_000)]
        limit: u32,
        /// The `next_cursor` of the call before.
        cursor: Option<String>,
    ) -> Result<Matches> {
        let query = grep::Query {
            pattern,
            literal,
            case: case.unwrap_or_default(),
            word,
            multiline,
            glob,
            exclude,
            before: before as usize,
            after: after as usize,
            output: output.unwrap_or_default(),
            limit: limit as usize,
            cursor,
        };
        let options = Options { hidden, ignored, max_depth: MAX_DEPTH };
        grep::search(ctx, &Grants::new(), path.as_deref(), &query, options)
    }

    /// Tells what is known of a file, directory or symbolic link: kind, size, times, target of the link, and whether its granted directory
    /// may be changed.
    #[tool(read_only, idempotent, title = "File information")]
    fn files_stat(
        /// The file or directory, as `data/notes.txt`.
        path: &str,
    ) -> Result<Status> {
        list::stat(&Grants::new(), path)
    }

    /// Computes the checksum of a file, and compares it with an expected one. Files up to 256 MiB.
    #[tool(read_only, idempotent, title = "Checksum of a file")]
    fn files_hash(
        ctx: &Ctx,
        /// The file, as `data/image.iso`.
        path: &str,
        /// `sha256`, `sha512`, `sha1` or `md5`. Default `sha256`.
        algorithm: Option<Algorithm>,
        /// The checksum that it should have, in hexadecimal; `matches` tells whether it has.
        expected: Option<String>,
    ) -> Result<Hashed> {
        hash::hash(ctx, &Grants::new(), path, algorithm.unwrap_or_default(), expected.as_deref())
    }

    /// Tells the type of a file by its content (signature), and by its name where the content tells nothing; of a text, its encoding.
    /// `mismatch` says whether the file is really what its name says.
    #[tool(read_only, idempotent, title = "Detect a file type")]
    fn files_detect(
        /// The file, as `data/photo.jpg`.
        path: &str,
    ) -> Result<Detected> {
        detect::detect(&Grants::new().locate(path)?)
    }

    /// Tells the types of several files, or of the files below a directory, with a count of each type. A file that cannot be read is
    /// reported.
    #[tool(read_only, idempotent, title = "Detect the types of several files")]
    fn files_detect_many(
        ctx: &Ctx,
        /// The files, 1 to 200; give either these or `path`.
        paths: Option<Vec<String>>,
        /// A directory whose files are looked at, as `data/uploads`.
        path: Option<String>,
        /// With `path`: only files that fit this glob, in any case, as `*.{jpg,png}`.
        glob: Option<String>,
        /// With `path`: whether to look in the directories below, too.
        #[arg(default = true)]
        recursive: bool,
        /// With `path`: files at most, 1 to 200.
        #[arg(default = 100, min = 1, max = 200)]
        limit: u32,
        /// With `path`: the `next_cursor` of the call before.
        cursor: Option<String>,
    ) -> Result<DetectedFiles> {
        let files = match (paths, &path) {
            (Some(paths), None) => Files::Paths(paths),
            (None, Some(path)) => {
                let options = Options { max_depth: if recursive { MAX_DEPTH } else { 1 }, ..Options::ALL };
                Files::Below { path, glob, options, limit: limit as usize, cursor: cursor.as_deref() }
            }
            _ => return Err(Error::invalid_arguments("give either `paths` (files) or `path` (a directory)")),
        };
        detect::detect_many(ctx, &Grants::new(), files)
    }
}
