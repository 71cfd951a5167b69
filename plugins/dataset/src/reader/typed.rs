//! The types that a caller gives to columns, and what does not fit them.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    types::DataType,
};

/// Types that the caller gives to columns, instead of what their values look like.
pub type Types = BTreeMap<String, DataType>;

/// Checks that every typed column exists, and answers the type of each column that the caller typed.
pub(super) fn typed_columns<'a>(
    names: impl Iterator<Item = &'a str>,
    types: Option<&Types>,
    path: &str,
) -> Result<Vec<Option<DataType>>> {
    let names: Vec<&str> = names.collect();
    let Some(types) = types else { return Ok(vec![None; names.len()]) };
    if let Some(unknown) = types.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(Error::invalid(format!("`types` names `{unknown}`, which is no column of {path}")));
    }
    if let Some((name, _)) = types.iter().find(|(_, data_type)| **data_type == DataType::Null) {
        return Err(Error::invalid(format!("`types` gives `{name}` the type null, which no value has")));
    }
    Ok(names.iter().map(|name| types.get(*name).copied()).collect())
}

/// What is wrong with a cell of the wrong type.
pub(super) fn not_a(cell: &str, wanted: DataType) -> String {
    let shown: String = cell.chars().take(40).collect();
    format!("`{shown}` is not of type {}{}", wanted.name(), remedy(cell, wanted))
}

/// What makes a number or a date of it that is written otherwise.
fn remedy(cell: &str, wanted: DataType) -> &'static str {
    let digits = cell.contains(|c: char| c.is_ascii_digit());
    let separated = cell.contains([',', '\'', ' ', '\u{a0}', '\u{202f}']) && !cell.contains(char::is_alphabetic);
    if digits && separated && wanted.is_number() {
        "; numbers are as `1234.5`: give `csv` with the `decimal` and `thousands` signs of the file"
    } else if digits && wanted == DataType::Date {
        "; dates are as `2024-01-31`: give the column the type string, and `substring`, `concat` and `cast` in a map step make a date \
         of it"
    } else {
        ""
    }
}
