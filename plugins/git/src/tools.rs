//! The tools.

use tandem_sdk::prelude::*;

use crate::{
    blame::{self, Blame},
    changes::{Changes, Page},
    commit::{self, NewCommit},
    compare::{self, Against, Ends},
    file::{self, FileContent},
    grep::{self, Matches},
    init::{self, Initialized},
    limits::MAX_PATCH_BYTES,
    log::{self, History},
    names::{self, Branches, Tags},
    repository::Repository,
    show::{self, CommitDetails},
    status::{self, WorkTreeStatus},
};

/// The category.
#[derive(Debug)]
pub struct Git;

fn page(limit: u32, cursor: Option<String>, max_bytes: Option<u32>, context: u32) -> Page {
    let max_bytes = max_bytes.map(|bytes| (bytes as usize).min(MAX_PATCH_BYTES));
    Page { limit: limit as usize, cursor, max_bytes, context }
}

#[tools]
impl Git {
    /// Returns the history of a branch, tag or commit, newest first: ids, titles, authors and dates, in pages. Filters by path, author,
    /// message and date. Use `git_show` for what one commit changed.
    #[tool(read_only, idempotent, title = "Git log")]
    fn git_log(
        ctx: &Ctx,
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// Where to begin: a branch, tag or commit id, as `main`, `v1.0` or `HEAD~3`.
        #[arg(default = "HEAD".to_owned())]
        revision: String,
        /// Only commits that changed this file or directory, as `src/main.rs`.
        path: Option<String>,
        /// Only commits whose author's name or address has this in it, whatever its case.
        author: Option<String>,
        /// Only commits whose message has this in it, whatever its case.
        message: Option<String>,
        /// Only commits of this date or later, as `2026-01-31` or `2 weeks ago`.
        since: Option<String>,
        /// Only commits of this date or before.
        until: Option<String>,
        /// How many commits a page has at most.
        #[arg(default = 20, min = 1, max = 500)]
        limit: u32,
        /// The `next_cursor` of the page before; `revision` does not count then.
        cursor: Option<String>,
    ) -> Result<History> {
        let repository = Repository::open(repo)?;
        let limit = limit as usize;
        log::run(ctx, &repository, &log::Query { revision, path, author, message, since, until, limit, cursor })
    }

    /// Returns one commit: its message, author, committer, and the files that it changed against its first parent, with their patches.
    /// Use `git_diff` to compare any two revisions.
    #[tool(read_only, idempotent, title = "Show a commit")]
    fn git_show(
        ctx: &Ctx,
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// The commit: an id, branch or tag, as `a1b2c3d` or `HEAD`.
        #[arg(default = "HEAD".to_owned())]
        revision: String,
        /// Only changes of this file or directory, as `src`.
        path: Option<String>,
        /// Whether to give the patches, and not only the files' names.
        #[arg(default = true)]
        patch: bool,
        /// How many unchanged lines stand around a change.
        #[arg(default = 3, max = 100)]
        context: u32,
        /// How many bytes of patches to give at most; a file whose patch does not fit is marked `patch_omitted`.
        #[arg(default = 65536, min = 1, max = 1048576)]
        max_bytes: u32,
        /// How many files a page has at most.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<CommitDetails> {
        let repository = Repository::open(repo)?;
        let page = page(limit, cursor, patch.then_some(max_bytes), context);
        show::run(ctx, &repository, &revision, path.as_deref(), &page)
    }

    /// Shows a file as it was in an older revision (or any): its text by lines, or base64 of a binary file; for a directory, its entries.
    #[tool(read_only, idempotent, title = "File of a revision")]
    fn git_file(
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// The file or directory in the repository, as `src/main.rs`; the top directory if empty.
        #[arg(default = String::new(), max_length = 1024)]
        path: String,
        /// The revision: a branch, tag or commit id, as `v1.0`.
        #[arg(default = "HEAD".to_owned())]
        revision: String,
        /// The first line (or entry of a directory) to give, from 1.
        #[arg(default = 1, min = 1)]
        line: u32,
        /// How many lines or entries to give at most.
        #[arg(default = 1000, min = 1, max = 10000)]
        limit: u32,
    ) -> Result<FileContent> {
        let repository = Repository::open(repo)?;
        file::run(&repository, &revision, &path, line as usize, limit as usize)
    }

    /// Lists the branches with their newest commits, and which is checked out.
    #[tool(read_only, idempotent, title = "List branches")]
    fn git_branches(
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// True lists what is known of the branches of remotes, as `origin/main`, in place of the local ones.
        #[arg(default = false)]
        remote: bool,
        /// How many branches a page has at most.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Branches> {
        names::branches(&Repository::open(repo)?, remote, limit as usize, cursor.as_deref())
    }

    /// Lists the tags with what they mark, and the message and tagger of annotated ones.
    #[tool(read_only, idempotent, title = "List tags")]
    fn git_tags(
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// How many tags a page has at most.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Tags> {
        names::tags(&Repository::open(repo)?, limit as usize, cursor.as_deref())
    }

    /// Returns the state of the work tree: the branch, and the files that are staged, changed, untracked or in conflict. Use `git_diff`
    /// for what changed in them.
    #[tool(read_only, idempotent, title = "Git status")]
    fn git_status(
        ctx: &Ctx,
        /// The repository: the directory that holds `.git`, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// Only this file or directory, as `src`.
        path: Option<String>,
        /// How many paths each list has at most.
        #[arg(default = 200, min = 1, max = 5000)]
        limit: u32,
    ) -> Result<WorkTreeStatus> {
        status::run(ctx, &Repository::open(repo)?, path.as_deref(), limit as usize)
    }

    /// Compares two revisions, or one with the work tree or the index, as files and a unified diff. Without `from` and `to` it shows
    /// what is changed and not staged. Use `git_show` for what one commit changed.
    #[tool(read_only, idempotent, title = "Git diff")]
    fn git_diff(
        ctx: &Ctx,
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// The older side: a branch, tag or commit id, as `v1.0`. Without it: `HEAD`, or for the work tree what is staged.
        from: Option<String>,
        /// The newer side, as `main`. Without it: what `against` says.
        to: Option<String>,
        /// The newer side where there is no `to`: `work_tree`, or `index` for what is staged.
        #[arg(default)]
        against: Against,
        /// Only this file or directory, as `src`.
        path: Option<String>,
        /// Whether to give the patches, and not only the files' names.
        #[arg(default = true)]
        patch: bool,
        /// How many unchanged lines stand around a change.
        #[arg(default = 3, max = 100)]
        context: u32,
        /// How many bytes of patches to give at most; a file whose patch does not fit is marked `patch_omitted`.
        #[arg(default = 65536, min = 1, max = 1048576)]
        max_bytes: u32,
        /// How many files a page has at most.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Changes> {
        let repository = Repository::open(repo)?;
        let page = page(limit, cursor, patch.then_some(max_bytes), context);
        let ends = Ends { from: from.as_deref(), to: to.as_deref(), against };
        compare::run(ctx, &repository, &ends, path.as_deref(), &page)
    }

    /// Searches the files of a revision for a regular expression, and returns the lines that match with their paths and numbers.
    #[tool(read_only, idempotent, title = "Git grep")]
    fn git_grep(
        ctx: &Ctx,
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// The regular expression (of Rust's `regex`, without back-references), as `fn \w+_test`.
        #[arg(min_length = 1, max_length = 1000)]
        pattern: &str,
        /// True searches for `pattern` as it is.
        #[arg(default = false)]
        literal: bool,
        /// True takes upper and lower case as the same.
        #[arg(default = false)]
        ignore_case: bool,
        /// The revision: a branch, tag or commit id, as `v1.0`.
        #[arg(default = "HEAD".to_owned())]
        revision: String,
        /// Only this file or directory, as `src`.
        path: Option<String>,
        /// How many lines a page has at most.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Matches> {
        let (revision, path, cursor) = (revision.as_str(), path.as_deref(), cursor.as_deref());
        let query = grep::Query { pattern, literal, ignore_case, revision, path, limit: limit as usize, cursor };
        grep::run(ctx, &Repository::open(repo)?, &query)
    }

    /// Returns who last changed each line of a file, in which commit and when.
    #[tool(read_only, idempotent, title = "Git blame")]
    fn git_blame(
        ctx: &Ctx,
        /// The repository: the directory that holds `.git`, or a bare repository, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// The file in the repository, as `src/main.rs`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// The revision: a branch, tag or commit id, as `v1.0`.
        #[arg(default = "HEAD".to_owned())]
        revision: String,
        /// The first line, from 1.
        #[arg(default = 1, min = 1)]
        line: u32,
        /// How many lines to look at.
        #[arg(default = 200, min = 1, max = 5000)]
        limit: u32,
    ) -> Result<Blame> {
        blame::run(ctx, &Repository::open(repo)?, &revision, path, line as usize, limit as usize)
    }

    /// Stages files and commits them to the current branch, with the author that the operator configured. No hook is run. Use
    /// `git_status` first to see what is changed.
    #[tool(title = "Git commit")]
    fn git_commit(
        ctx: &Ctx,
        /// The repository: the directory that holds `.git`, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// The message: a title, and after an empty line more, as `Fix the greeting`.
        #[arg(min_length = 1, max_length = 65536)]
        message: &str,
        /// The files or directories to stage before, as `["src", "README.md"]`; `["."]` for all. Without it only what is staged is
        /// committed.
        #[arg(default)]
        paths: Vec<String>,
    ) -> Result<NewCommit> {
        commit::run(ctx, &Repository::open(repo)?, message, &paths)
    }

    /// Creates an empty repository in a new or existing directory. One that is there stays as it is.
    #[tool(idempotent, title = "Create a repository")]
    fn git_init(
        /// The directory for the repository, in a granted directory, as `repos/project`.
        #[arg(min_length = 1, max_length = 1024)]
        repo: &str,
        /// True makes a repository without a work tree, as `repos/project.git`.
        #[arg(default = false)]
        bare: bool,
        /// The first branch.
        #[arg(default = "main".to_owned(), min_length = 1, max_length = 200)]
        branch: String,
    ) -> Result<Initialized> {
        init::run(repo, bare, &branch)
    }
}
