//! The tools that change files; each needs a directory that is granted read-write.

use tandem_sdk::prelude::*;

use crate::{
    edit::{self, Edited},
    organize::{self, Copied, Deleted, Moved},
    patch::{self, Patched},
    path::Grants,
    write::{self, Given, MadeDirectory, Mode, WrittenFile},
};

/// The tools that change files.
#[derive(Debug)]
pub struct Changing;

#[tools]
impl Changing {
    /// Writes a whole file, which appears when it is complete; directories above it are made. Use files_edit to change a part of a file.
    #[tool(destructive, title = "Write a file")]
    fn files_write(
        ctx: &Ctx,
        /// The file, as `data/notes.txt`.
        path: &str,
        /// The content; up to 3 MiB in one call.
        content: String,
        /// Whether `content` is `text`, written as UTF-8, or `base64` of bytes. Default `text`.
        format: Option<Given>,
        /// For a file that is there: `create` keeps it and fails, `replace` replaces it, `append` adds to its end. Default `create`.
        mode: Option<Mode>,
    ) -> Result<WrittenFile> {
        write::write(ctx, &Grants::new(), path, content, format.unwrap_or_default(), mode.unwrap_or_default())
    }

    /// Replaces a piece of text in a file by another and gives the change as a unified diff. The text must be there exactly once, or
    /// `count` times; otherwise nothing changes and the error says where it is. Use files_patch for several changes at once.
    #[tool(destructive, title = "Edit a file")]
    fn files_edit(
        /// The file, UTF-8 text of at most 8 MiB, as `data/src/main.rs`.
        path: &str,
        /// The text to replace, exactly as it is in the file, white space included; several lines if need be.
        old: &str,
        /// The text to put in its place; empty to remove it.
        new: &str,
        /// How many times `old` is in the file; all are replaced. 1 to 10000.
        #[arg(default = 1, min = 1, max = 10_000)]
        count: u32,
        /// Whether to give the diff and write nothing.
        #[arg(default = false)]
        dry_run: bool,
    ) -> Result<Edited> {
        edit::edit(&Grants::new(), path, old, new, count as usize, dry_run)
    }

    /// Applies a unified diff of one or several files, as `git diff` and `diff -u` write it: changes, creates, deletes and renames. All of
    /// it applies or nothing is changed.
    #[tool(destructive, title = "Apply a patch")]
    fn files_patch(
        ctx: &Ctx,
        /// The directory that the names in the patch count from, as `data/project`; `a/` and `b/` before them are left out.
        path: &str,
        /// The patch; up to 1 MiB, 100 files and 1000 hunks.
        patch: &str,
        /// Whether to check that it applies and write nothing.
        #[arg(default = false)]
        dry_run: bool,
    ) -> Result<Patched> {
        patch::apply(ctx, &Grants::new(), path, patch, dry_run)
    }

    /// Moves or renames a file, link or directory; directories above the new place are made. Moving to another granted directory copies
    /// and then deletes.
    #[tool(destructive, title = "Move or rename")]
    fn files_move(
        ctx: &Ctx,
        /// What to move, as `data/a.txt`.
        from: &str,
        /// Where to, with the new name, as `data/archive/a.txt`.
        to: &str,
        /// Whether to replace a file that is there.
        #[arg(default = false)]
        overwrite: bool,
    ) -> Result<Moved> {
        organize::rename(ctx, &Grants::new(), from, to, overwrite)
    }

    /// Copies a file, or a directory with all that is in it (10000 entries, 1 GiB); the copy appears when it is complete. Links are not
    /// copied and are counted.
    #[tool(destructive, title = "Copy")]
    fn files_copy(
        ctx: &Ctx,
        /// What to copy, as `data/a.txt`; it may be in a directory that is granted read-only.
        from: &str,
        /// The copy, with its name, as `data/b.txt`.
        to: &str,
        /// Whether to replace a file that is there.
        #[arg(default = false)]
        overwrite: bool,
    ) -> Result<Copied> {
        organize::copy(ctx, &Grants::new(), from, to, overwrite)
    }

    /// Deletes a file, a link (not what it leads to) or an empty directory; with `recursive` a directory with up to 10000 entries. This
    /// cannot be undone.
    #[tool(destructive, title = "Delete")]
    fn files_delete(
        ctx: &Ctx,
        /// What to delete, as `data/old.txt`.
        path: &str,
        /// Whether to delete a directory with all that is in it.
        #[arg(default = false)]
        recursive: bool,
    ) -> Result<Deleted> {
        organize::delete(ctx, &Grants::new(), path, recursive)
    }

    /// Makes a directory, and those above it (8 at most). An existing one is not an error.
    #[tool(idempotent, title = "Make a directory")]
    fn files_mkdir(
        /// The directory, as `data/reports/2026`.
        path: &str,
    ) -> Result<MadeDirectory> {
        write::make_directory(&Grants::new(), path)
    }
}
