//! A document: what it is, and its text in another form.

use tandem_html_text::{Syntax, decode};
use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::cells::Sink;
use crate::limits::MAX_CONVERTED_BYTES;
use crate::tables::{Csv, Json, Markdown};
use crate::{delimited, epub, files, html, mail, markdown, office, opendocument, records, sheet};

/// What a document is, by the ending of its name.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Word.
    Docx,
    /// PowerPoint.
    Pptx,
    /// Excel.
    Xlsx,
    /// A sheet of OpenDocument (LibreOffice).
    Ods,
    /// Comma-separated values.
    Csv,
    /// JSON: a list of objects or of lists.
    Json,
    /// Markdown (CommonMark with tables).
    Markdown,
    /// A web page.
    Html,
    /// An e-book.
    Epub,
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
    /// JSON: a list of objects, named by the first row.
    Json,
    /// An Excel workbook, by `convert_save` only.
    Xlsx,
}

/// A page of a converted document.
#[output]
pub(crate) struct Converted {
    /// The text of this page.
    pub(crate) text: String,
    /// Characters of the whole converted document.
    total_chars: u64,
    /// The `offset` of the next page; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    next_offset: Option<u64>,
}

/// The endings of names, and what they mean.
const ENDINGS: &[(&str, Kind)] = &[
    ("docx", Kind::Docx),
    ("pptx", Kind::Pptx),
    ("xlsx", Kind::Xlsx),
    ("ods", Kind::Ods),
    ("csv", Kind::Csv),
    ("tsv", Kind::Csv),
    ("json", Kind::Json),
    ("md", Kind::Markdown),
    ("markdown", Kind::Markdown),
    ("html", Kind::Html),
    ("htm", Kind::Html),
    ("xhtml", Kind::Html),
    ("epub", Kind::Epub),
    ("eml", Kind::Eml),
];

impl Kind {
    pub(crate) fn of(path: &str) -> Result<Self> {
        let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind).ok_or_else(|| {
            let known: Vec<String> = ENDINGS.iter().map(|(known, _)| format!(".{known}")).collect();
            Error::invalid_arguments(format!("path: `{path}` ends with none of {}", known.join(", ")))
        })
    }

    /// The forms that it can become; the first is the default.
    pub(crate) fn forms(self) -> &'static [Form] {
        match self {
            Self::Docx | Self::Pptx | Self::Eml | Self::Html | Self::Epub => &[Form::Markdown, Form::Text],
            Self::Xlsx => &[Form::Csv, Form::Markdown, Form::Json],
            Self::Ods => &[Form::Csv, Form::Markdown, Form::Json, Form::Xlsx],
            Self::Csv => &[Form::Markdown, Form::Json, Form::Xlsx],
            Self::Json => &[Form::Csv, Form::Markdown, Form::Xlsx],
            Self::Markdown => &[Form::Html],
        }
    }

    pub(crate) fn has_sheets(self) -> bool {
        matches!(self, Self::Xlsx | Self::Ods)
    }
}

/// What is converted to what.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    path: &'a str,
    kind: Kind,
    pub(crate) to: Form,
    sheet: Option<&'a str>,
}

impl<'a> Plan<'a> {
    /// The conversion to the form `to`, else to the first that is possible.
    pub(crate) fn new(path: &'a str, to: Option<Form>, sheet: Option<&'a str>) -> Result<Self> {
        let kind = Kind::of(path)?;
        let to = to.or_else(|| kind.forms().first().copied()).unwrap_or(Form::Text);
        if !kind.forms().contains(&to) {
            return Err(Error::invalid_arguments(format!(
                "to: {kind:?} cannot become {to:?}; possible: {:?}",
                kind.forms()
            )));
        }
        if sheet.is_some() && !kind.has_sheets() {
            return Err(Error::invalid_arguments("sheet: only workbooks (.xlsx, .ods) have sheets"));
        }
        Ok(Self { path, kind, to, sheet })
    }

    /// Writes the rows of the document, which is a table, to `sink`.
    pub(crate) fn rows(self, call: Call<'_>, sink: &mut dyn Sink) -> Result<()> {
        let bytes = files::read(self.path)?;
        match self.kind {
            Kind::Xlsx => sheet::read(call, self.path, &bytes, self.sheet, sink),
            Kind::Ods => opendocument::read(call, self.path, &bytes, self.sheet, sink),
            Kind::Csv => delimited::read(call, self.path, &files::text(self.path, bytes)?, sink),
            _ => records::read(call, self.path, &files::text(self.path, bytes)?, sink),
        }
    }

    /// The whole text of the document.
    pub(crate) fn text(self, call: Call<'_>) -> Result<String> {
        let path = self.path;
        let text = match (self.kind, self.to) {
            (_, Form::Xlsx) => {
                return Err(Error::invalid_arguments("to: a workbook is not text: `convert_save` writes it to a file"));
            }
            (Kind::Xlsx | Kind::Ods | Kind::Csv | Kind::Json, Form::Csv) => {
                let mut table = Csv::new();
                self.rows(call, &mut table)?;
                table.finish()?
            }
            (Kind::Xlsx | Kind::Ods | Kind::Csv | Kind::Json, Form::Json) => {
                let mut table = Json::default();
                self.rows(call, &mut table)?;
                table.finish()
            }
            (Kind::Xlsx | Kind::Ods | Kind::Csv | Kind::Json, _) => {
                let mut table = Markdown::default();
                self.rows(call, &mut table)?;
                table.finish()
            }
            (kind, to) => prose(call, path, kind, to == Form::Markdown)?,
        };
        if text.len() > MAX_CONVERTED_BYTES {
            return Err(Error::invalid_arguments(format!(
                "path: `{path}` becomes more than {MAX_CONVERTED_BYTES} bytes of text"
            )));
        }
        Ok(text)
    }
}

/// The text of a document that is no table.
fn prose(call: Call<'_>, path: &str, kind: Kind, as_markdown: bool) -> Result<String> {
    let bytes = files::read(path)?;
    match kind {
        Kind::Docx => office::docx(call, path, &bytes, as_markdown),
        Kind::Pptx => office::pptx(call, path, &bytes, as_markdown),
        Kind::Epub => epub::epub(call, path, &bytes, as_markdown),
        Kind::Eml => mail::eml(path, &bytes, as_markdown),
        Kind::Html => html::render(&format!("`{path}`"), &decode(&bytes, None), Syntax::Html, as_markdown),
        _ => markdown::html(path, &files::text(path, bytes)?),
    }
}

/// A page of a text.
pub(crate) fn page(text: &str, offset: u64, limit: u64) -> Result<Converted> {
    let total_chars = text.chars().count() as u64;
    if offset > total_chars {
        return Err(Error::invalid_arguments(format!(
            "offset: {offset} is beyond the {total_chars} characters of the document"
        )));
    }
    let text = text.chars().skip(offset as usize).take(limit as usize).collect();
    let next = offset + limit;
    Ok(Converted { text, total_chars, next_offset: (next < total_chars).then_some(next) })
}
