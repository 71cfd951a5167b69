//! Rows of a file as documents.

use serde_json::{Map, Value};
use tandem_sdk::prelude::*;
use tandem_segments::files::{self, File};
use tandem_segments::host::tool_error;

use crate::indexes::Indexes;
use crate::model::{Document, FileIndexed};
use crate::settings::{FieldKind, Settings};

/// Columns without a field that an answer names.
const MAX_NAMED: usize = 50;

/// Indexes the rows of a file.
pub(crate) fn run(ctx: &Ctx, indexes: &Indexes<'_>, index: &str, file: &File, id: Option<&str>) -> Result<FileIndexed> {
    let settings = indexes.settings(index).map_err(tool_error)?;
    let (mut added, mut replaced, mut documents) = (0, 0, 0);
    let mut left_out: Vec<String> = Vec::new();
    let read = files::each_page(ctx, file, |first, rows| {
        for name in rows.first().into_iter().flat_map(Map::keys) {
            if settings.field(name).is_none() && !left_out.contains(name) && left_out.len() < MAX_NAMED {
                left_out.push(name.clone());
            }
        }
        let drafts = (first..)
            .zip(rows)
            .map(|(number, row)| Ok(Document { id: files::id_of(&row, id, number)?, fields: fields(&settings, row) }));
        let indexed = indexes.index(index, drafts.collect::<Result<_>>()?).map_err(tool_error)?;
        (added, replaced, documents) = (added + indexed.added, replaced + indexed.replaced, indexed.documents);
        Ok(())
    })?;
    indexes.merge_after_change(index);
    let columns_left_out = left_out;
    Ok(FileIndexed { rows: read.rows, added, replaced, documents, columns_left_out, next_offset: read.next_offset })
}

/// The columns that the index has fields for; numbers and booleans in a text field as text.
fn fields(settings: &Settings, row: Map<String, Value>) -> Map<String, Value> {
    let fitting = |(name, value): (String, Value)| {
        let (_, field) = settings.field(&name)?;
        let value = match (field.kind, value) {
            (_, Value::Null) => return None,
            (FieldKind::Text | FieldKind::Folded | FieldKind::Keyword, value @ (Value::Number(_) | Value::Bool(_))) => {
                value.to_string().into()
            }
            (_, value) => value,
        };
        Some((name, value))
    };
    row.into_iter().filter_map(fitting).collect()
}
