//! The tools.

use tandem_sdk::prelude::*;

use crate::limits::MAX_CONVERTED_BYTES;
use crate::{files, mail, markdown, office, sheet};

/// What a document is, by the ending of its name.
#[data]
#[derive(Clone, Copy, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Word.
    Docx,
    /// PowerPoint.
    Pptx,
    /// Excel.
    Xlsx,
    /// Markdown (CommonMark with tables).
    Markdown,
    /// A mail (RFC 5322).
    Eml,
}

/// A form to convert to.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// Comma-separated values.
    Csv,
}

/// A page of a converted document.
#[output]
pub(crate) struct Converted {
    /// The text of this page.
    text: String,
    /// Characters of the whole converted document.
    total_chars: u64,
    /// The `offset` of the next page; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    next_offset: Option<u64>,
}

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

impl Kind {
    fn of(path: &str) -> Result<Self> {
        let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        Ok(match ending.as_str() {
            "docx" => Self::Docx,
            "pptx" => Self::Pptx,
            "xlsx" => Self::Xlsx,
            "md" | "markdown" => Self::Markdown,
            "eml" => Self::Eml,
            _ => {
                return Err(Error::invalid_arguments(format!(
                    "path: `{path}` ends with none of .docx, .pptx, .xlsx, .md, .eml"
                )));
            }
        })
    }

    fn forms(self) -> &'static [Form] {
        match self {
            Self::Docx | Self::Pptx | Self::Eml => &[Form::Markdown, Form::Text],
            Self::Xlsx => &[Form::Csv],
            Self::Markdown => &[Form::Html],
        }
    }
}

fn convert(ctx: &Ctx, path: &str, to: Option<Form>, name: Option<&str>) -> Result<String> {
    let kind = Kind::of(path)?;
    let to = to.or_else(|| kind.forms().first().copied()).unwrap_or(Form::Text);
    if !kind.forms().contains(&to) {
        return Err(Error::invalid_arguments(format!(
            "to: {kind:?} cannot become {to:?}; possible: {:?}",
            kind.forms()
        )));
    }
    if name.is_some() && !matches!(kind, Kind::Xlsx) {
        return Err(Error::invalid_arguments("sheet: only workbooks (.xlsx) have sheets"));
    }
    let bytes = files::read(path)?;
    let as_markdown = to == Form::Markdown;
    let text = match kind {
        Kind::Docx => office::docx(ctx, path, &bytes, as_markdown)?,
        Kind::Pptx => office::pptx(ctx, path, &bytes, as_markdown)?,
        Kind::Xlsx => sheet::csv(ctx, path, &bytes, name)?,
        Kind::Markdown => markdown::html(path, &files::text(path, bytes)?)?,
        Kind::Eml => mail::eml(path, &bytes, as_markdown)?,
    };
    if text.len() > MAX_CONVERTED_BYTES {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` becomes more than {MAX_CONVERTED_BYTES} bytes of text"
        )));
    }
    Ok(text)
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
        let text = convert(ctx, path, to, sheet.as_deref())?;
        let total_chars = text.chars().count() as u64;
        if offset > total_chars {
            return Err(Error::invalid_arguments(format!(
                "offset: {offset} is beyond the {total_chars} characters of the document"
            )));
        }
        let page = text.chars().skip(offset as usize).take(limit as usize).collect();
        let next = offset + limit;
        Ok(Converted { text: page, total_chars, next_offset: (next < total_chars).then_some(next) })
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
        let sheets = if matches!(kind, Kind::Xlsx) { sheet::names(ctx, path, &bytes)? } else { Vec::new() };
        Ok(Info { kind, bytes: bytes.len() as u64, to: kind.forms().to_vec(), sheets })
    }
}
