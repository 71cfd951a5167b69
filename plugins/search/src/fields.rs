//! Fields of an index by their name, and whether they are of a kind that fits.

use tandem_segments::{Error, Result};

use crate::settings::{FieldKind, Settings};

pub(crate) fn known(settings: &Settings, name: &str) -> Result<(usize, FieldKind)> {
    match settings.field(name) {
        Some((number, field)) => Ok((number, field.kind)),
        None => {
            let names: Vec<&str> = settings.fields.iter().map(|field| field.name.as_str()).collect();
            Err(Error::invalid(format!("the index has no field `{name}`; it has `{}`", names.join("`, `"))))
        }
    }
}

pub(crate) fn of_kind(settings: &Settings, name: &str, kinds: &[FieldKind], what: &str) -> Result<usize> {
    let (number, kind) = known(settings, name)?;
    if !kinds.contains(&kind) {
        let wanted: Vec<&str> = kinds.iter().map(|kind| kind_name(*kind)).collect();
        return Err(Error::invalid(format!(
            "`{name}` is a {} field; {what} has to be a {} field",
            kind_name(kind),
            wanted.join(" or ")
        )));
    }
    Ok(number)
}

fn kind_name(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Keyword => "keyword",
        FieldKind::Number => "number",
        FieldKind::Stored => "stored",
        FieldKind::Folded => "text_folded",
    }
}
