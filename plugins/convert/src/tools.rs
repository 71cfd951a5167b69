//! The tools.

use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::document::{self, Converted, Form, Kind};
use crate::many::{self, Documents};
use crate::{files, sheet};

/// What a document is and what it can become.
#[output]
pub(crate) struct Info {
    /// What it is.
    kind: Kind,
    /// Its size in bytes.
    bytes: u64,
    /// The forms that `convert_file` can make of it; the first is the default.
    to: Vec<Form>,
    /// The sheets of a workbook.
    sheets: Vec<String>,
}

/// The category.
#[derive(Debug)]
pub struct Convert;

#[tools]
impl Convert {
    /// Reads a document as text, in pages: Word (docx), slides of PowerPoint (pptx) and mail with its attachments (eml) as Markdown
    /// or plain text, sheets of Excel (xlsx) as CSV, Markdown as HTML. For rows of a CSV file use `dataset_load`.
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
        let text = document::convert(Call::of_one(ctx), path, to, sheet.as_deref())?;
        document::page(&text, offset, limit)
    }

    /// Converts several documents in one call (docx, pptx, xlsx, Markdown, mail) and returns the first page of each as text, or its
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

    /// Tells what a document is by the ending of its name, its size, the sheets of an Excel workbook, and the forms that
    /// `convert_file` can make of it.
    #[tool(read_only, idempotent, title = "Describe a document")]
    fn convert_info(
        ctx: &Ctx,
        /// The document in a granted directory, as `data/report.docx`.
        path: &str,
    ) -> Result<Info> {
        let kind = Kind::of(path)?;
        let bytes = files::read(path)?;
        let sheets =
            if matches!(kind, Kind::Xlsx) { sheet::names(Call::of_one(ctx), path, &bytes)? } else { Vec::new() };
        Ok(Info { kind, bytes: bytes.len() as u64, to: kind.forms().to_vec(), sheets })
    }
}
