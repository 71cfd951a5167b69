//! Pages of lists. The cursor is the number of the next entry.

use tandem_sdk::prelude::*;

/// One page of a list.
pub(crate) struct Slice {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) next_cursor: Option<String>,
}

/// The page that `cursor` and `limit` mean in a list of this length.
pub(crate) fn slice(total: usize, limit: u32, cursor: Option<&str>) -> Result<Slice> {
    let start = match cursor {
        None => 0,
        Some(cursor) => cursor.parse::<usize>().ok().filter(|start| *start <= total).ok_or_else(|| {
            Error::invalid_arguments(format!(
                "`cursor` `{cursor}` is none of this list of {total}; give the `next_cursor` of the page before"
            ))
        })?,
    };
    let end = start.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)).min(total);
    Ok(Slice { start, end, next_cursor: (end < total).then(|| end.to_string()) })
}
