//! The tools.

use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::document::{self, Converted, Form, Kind, Plan};
use crate::many::{self, Documents};
use crate::save::{self, Saved};
use crate::{files, opendocument, sheet};

/// What a document is and what it can become.
#[output]
pub(crate) struct Info {
    /// What it is.
    kind: Kind,
    /// Its size in bytes.
    bytes: u64,
    /// The forms that it can become; the first is the default. `xlsx` is for `convert_save` only.
    to: Vec<Form>,
    /// The sheets of a workbook.
    sheets: Vec<String>,
}

/// The category.
#[derive(Debug)]
pub struct Convert;

#[tools]
impl Convert {
    /// Reads a document as text, in pages: Word (docx), slides of PowerPoint (pptx), web pages (html), e-books (epub) and mail with its
    /// attachments (eml) as Markdown or plain text; sheets of Excel (xlsx) and LibreOffice (ods), CSV and JSON as CSV, JSON or a Markdown
    /// table; Markdown as HTML. To write the result to a file, as an Excel workbook too, use `convert_save`; for rows of a CSV file
    /// `dataset_load`.
    #[tool(read_only, idempotent, title = "Convert a document")]
    fn convert_file(
        ctx: &Ctx,
        /// The document in a granted directory, as `data/report.docx`.
        path: &str,
        /// The form; the first that `convert_info` tells unless given.
        to: Option<Form>,
        /// The sheet of a workbook; the first unless given.
        sheet: Option<String>,
        /// The first character to return: the `next_offset` of the page before.
        #[arg(default = 0)]
        offset: u64,
        /// Characters a page has at most.
        #[arg(default = 20000, min = 1, max = 500000)]
        limit: u64,
    ) -> Result<Converted> {
        let text = Plan::new(path, to, sheet.as_deref())?.text(Call::of_one(ctx))?;
        document::page(&text, offset, limit)
    }

    /// Converts several documents in one call (docx, pptx, xlsx, ods, html, epub, Markdown, mail) and returns the first page of each as text, or its
    /// error; one that fails does not keep the others away. For one document, its further pages and chosen sheets use `convert_file`.
    #[tool(read_only, idempotent, title = "Convert several documents")]
    fn convert_many(
        ctx: &Ctx,
        /// The documents in granted directories, 1 to 50, as `["data/report.docx", "data/ships.xlsx"]`.
        paths: Vec<String>,
        /// The form of all; for each the first that `convert_info` tells unless given.
        to: Option<Form>,
        /// Characters of each document that are returned at most.
        #[arg(default = 5000, min = 1, max = 100000)]
        limit: u64,
    ) -> Result<Documents> {
        many::convert(ctx, paths, to, limit)
    }

    /// Converts a document and writes the result to a file: CSV, JSON or a sheet of LibreOffice (ods) to an Excel workbook (xlsx), Markdown
    /// to a web page (html), and all that `convert_file` reads to its text. Returns the path and size. To read the text use `convert_file`.
    #[tool(destructive, idempotent, title = "Convert a document to a file")]
    fn convert_save(
        ctx: &Ctx,
        /// The document in a granted directory, as `data/ships.csv`.
        path: &str,
        /// The new file in a directory that is granted read-write, as `data/ships.xlsx`.
        output: &str,
        /// The form; by the ending of `output` unless given: .xlsx, .csv, .json, .html, .md or .txt.
        to: Option<Form>,
        /// The sheet of a workbook that is read; the first unless given.
        sheet: Option<String>,
        /// True replaces a file that exists.
        #[arg(default = false)]
        overwrite: bool,
    ) -> Result<Saved> {
        save::run(Call::of_one(ctx), path, output, to, sheet.as_deref(), overwrite)
    }

    /// Tells what a document is by the ending of its name, its size, the sheets of a workbook (xlsx, ods), and the forms that
    /// `convert_file` and `convert_save` can make of it.
    #[tool(read_only, idempotent, title = "Describe a document")]
    fn convert_info(
        ctx: &Ctx,
        /// The document in a granted directory, as `data/report.docx`.
        path: &str,
    ) -> Result<Info> {
        let kind = Kind::of(path)?;
        let bytes = files::read(path)?;
        let sheets = match kind {
            Kind::Xlsx => sheet::names(Call::of_one(ctx), path, &bytes)?,
            Kind::Ods => opendocument::names(Call::of_one(ctx), path, &bytes)?,
            _ => Vec::new(),
        };
        Ok(Info { kind, bytes: bytes.len() as u64, to: kind.forms().to_vec(), sheets })
    }
}
