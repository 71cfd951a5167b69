//! A document: what it is, and its text in another form.

use tandem_sdk::prelude::*;

use crate::call::Call;
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
    pub(crate) text: String,
    /// Characters of the whole converted document.
    total_chars: u64,
    /// The `offset` of the next page; absent after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    next_offset: Option<u64>,
}

impl Kind {
    pub(crate) fn of(path: &str) -> Result<Self> {
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

    pub(crate) fn forms(self) -> &'static [Form] {
        match self {
            Self::Docx | Self::Pptx | Self::Eml => &[Form::Markdown, Form::Text],
            Self::Xlsx => &[Form::Csv],
            Self::Markdown => &[Form::Html],
        }
    }
}

/// The whole text of a document in the form `to`, else in its first.
pub(crate) fn convert(call: Call<'_>, path: &str, to: Option<Form>, name: Option<&str>) -> Result<String> {
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
        Kind::Docx => office::docx(call, path, &bytes, as_markdown)?,
        Kind::Pptx => office::pptx(call, path, &bytes, as_markdown)?,
        Kind::Xlsx => sheet::csv(call, path, &bytes, name)?,
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
