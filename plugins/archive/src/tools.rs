//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::{
    create::{self, Created},
    extract::{self, Extracted, OnUnsafe},
    fault::refusal,
    format::Format,
    list::{self, Listing},
    meter::Meter,
    test::{self, Tested},
};

/// The category.
#[derive(Debug)]
pub struct Archive;

#[tools]
impl Archive {
    /// Lists the entries of an archive (zip, tar, tar.gz, tar.zst, tar.bz2, tar.xz, or one file in gz, zst, bz2, xz) with sizes
    /// and dates, without extracting it. Entries that `archive_extract` would refuse have a `problem`; `archive_test` also
    /// checks the data.
    #[tool(read_only, idempotent, title = "List an archive")]
    fn archive_list(
        ctx: &Ctx,
        /// The archive in a granted folder, as `data/backup.zip`. Its format is detected from its content.
        path: &str,
        /// Only entries with these names, in these folders, or that match these glob patterns, as `docs` or `**/*.md`; at most 32.
        #[arg(default)]
        include: Vec<String>,
        /// Entries of a page.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Listing> {
        list::list(path, include, limit, cursor.as_deref(), &Meter::new(ctx)).map_err(refusal)
    }

    /// Extracts (unpacks) an archive, or the entries of it that are asked for, into a folder, and returns the paths that were
    /// written. Refuses names that leave the folder, links and decompression bombs; nothing is written where an entry is
    /// refused or damaged.
    #[tool(destructive, title = "Extract an archive")]
    fn archive_extract(
        ctx: &Ctx,
        /// The archive in a granted folder, as `data/backup.zip`.
        path: &str,
        /// The folder to write to, as `data/backup`; it is made if it is not there. If not given, one beside the archive with its
        /// name without the ending; for one compressed file (`notes.txt.gz`) the folder of the archive.
        to: Option<String>,
        /// Only entries with these names, in these folders, or that match these glob patterns, as `docs` or `**/*.md`; at most 32.
        #[arg(default)]
        include: Vec<String>,
        /// Not entries that these name or match, of those to include.
        #[arg(default)]
        exclude: Vec<String>,
        /// What is done with unsafe entries (links, devices, names that leave the folder or are there twice, encrypted ones):
        /// `refuse` the call, or `skip` them and name them in the result.
        #[arg(default)]
        on_unsafe: OnUnsafe,
        /// Whether files that are there are replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Extracted> {
        let to = to.as_deref();
        let request = extract::Request { path, to, include, exclude, on_unsafe, overwrite };
        extract::extract(request, &Meter::new(ctx)).map_err(refusal)
    }

    /// Creates an archive (zip, tar, tar.gz, tar.zst, tar.bz2, tar.xz) of files and folders, or compresses one file (gz, zst, bz2, xz), and
    /// returns its size. Links are left out. To add to an archive, extract it and create it again.
    #[tool(destructive, title = "Create an archive")]
    fn archive_create(
        ctx: &Ctx,
        /// The new archive in a granted folder, as `data/backup.zip`.
        path: &str,
        /// Files and folders to pack, as `data/docs`; folders with all that is in them. Each has the last part of its path as its
        /// name in the archive: `docs/guide.md`. From 1 to 100.
        sources: Vec<String>,
        /// Leaves out what has these names in the archive, is below them, or matches these glob patterns, as `docs/drafts` or `**/*.tmp`; at
        /// most 32.
        #[arg(default)]
        exclude: Vec<String>,
        /// The format; by the end of `path` if not given.
        format: Option<Format>,
        /// Whether a file that is there is replaced.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Created> {
        let request = create::Request { path, sources, exclude, format, overwrite };
        create::create(request, &Meter::new(ctx)).map_err(refusal)
    }

    /// Tests an archive without writing anything: reads all data, compares lengths and checksums, and returns whether it is whole
    /// (`ok`), whether it is `safe_to_extract`, and what is wrong with which entry.
    #[tool(read_only, idempotent, title = "Test an archive")]
    fn archive_test(
        ctx: &Ctx,
        /// The archive in a granted folder, as `data/backup.zip`.
        path: &str,
    ) -> Result<Tested> {
        test::test(path, &Meter::new(ctx)).map_err(refusal)
    }
}

tandem_sdk::export!(Archive);
