//! `convert_save`: a document in another form as a file.

use std::io::Write;

use tandem_granted_folders::{FolderError, Folders, NewFile};
use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::document::{Form, Plan};
use crate::workbook::Workbook;

/// A page begins as a document of HTML, which says how its characters are encoded.
const HTML_HEAD: &str = "<!doctype html>\n<meta charset=\"utf-8\">\n";

/// A file that was written.
#[output]
pub(crate) struct Saved {
    /// Where it is.
    path: String,
    /// Its form.
    to: Form,
    /// Its size in bytes.
    bytes: u64,
}

fn form_of(output: &str) -> Result<Form> {
    let ending = output.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    Ok(match ending.as_str() {
        "xlsx" => Form::Xlsx,
        "csv" => Form::Csv,
        "json" => Form::Json,
        "html" | "htm" => Form::Html,
        "md" | "markdown" => Form::Markdown,
        "txt" => Form::Text,
        _ => {
            return Err(Error::invalid_arguments(format!(
                "output: `{output}` ends with none of .xlsx, .csv, .json, .html, .md, .txt: give `to`"
            )));
        }
    })
}

pub(crate) fn run(
    call: Call<'_>,
    path: &str,
    output: &str,
    to: Option<Form>,
    sheet: Option<&str>,
    overwrite: bool,
) -> Result<Saved> {
    let to = to.map_or_else(|| form_of(output), Ok)?;
    let plan = Plan::new(path, Some(to), sheet)?;
    let location = Folders::granted().locate("output", output).map_err(FolderError::into_tool_error)?;
    // A file that cannot be written costs no conversion.
    NewFile::check("output", &location, overwrite).map_err(FolderError::into_tool_error)?;
    let file = || NewFile::create("output", &location, overwrite).map_err(FolderError::into_tool_error);
    let file = if to == Form::Xlsx {
        let mut book = Workbook::begin(file()?)?;
        plan.rows(call, &mut book)?;
        book.finish()?
    } else {
        let text = plan.text(call)?;
        let mut file = file()?;
        let head = if to == Form::Html { HTML_HEAD } else { "" };
        file.write_all(head.as_bytes()).and_then(|()| file.write_all(text.as_bytes())).map_err(Error::other)?;
        file
    };
    let bytes = file.commit().map_err(FolderError::into_tool_error)?;
    Ok(Saved { path: location.path, to, bytes })
}
