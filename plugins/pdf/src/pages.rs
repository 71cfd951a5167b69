//! Lists of pages, as `1-3,7`.

use crate::{
    fault::{Fault, Result},
    limits::MAX_PAGES_ARGUMENT,
};

/// The pages that `list`, the value of `argument`, names of `total`, from 1, in its order. All if there is no list.
pub(crate) fn choose(argument: &str, list: Option<&str>, total: usize) -> Result<Vec<usize>> {
    let Some(list) = list else { return Ok((1..=total).collect()) };
    if list.len() > MAX_PAGES_ARGUMENT {
        return Err(Fault::Argument(format!("`{argument}` is longer than {MAX_PAGES_ARGUMENT} bytes")));
    }
    let mut chosen = Vec::new();
    for part in list.split(',') {
        let (first, last) = range(argument, part.trim(), total)?;
        if first > last {
            chosen.extend((last..=first).rev());
        } else {
            chosen.extend(first..=last);
        }
        if chosen.len() > total.saturating_mul(4) {
            return Err(Fault::Argument(format!(
                "`{argument}`: `{list}` names more pages than four times the {total} of the document"
            )));
        }
    }
    Ok(chosen)
}

fn range(argument: &str, part: &str, total: usize) -> Result<(usize, usize)> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let number = |text: &str, open: usize| {
        match text.trim() {
        "" if part.contains('-') => Ok(open),
        "last" => Ok(total),
        text => text.parse::<usize>().map_err(|_| {
            Fault::Argument(format!(
                "`{argument}`: `{part}` is not a page or a range: give numbers from 1 to {total}, as `1-3,7`, `5-` or `last`"
            ))
        }),
    }
    };
    let (first, last) = (number(first, 1)?, number(last, total)?);
    for page in [first, last] {
        if page == 0 || page > total {
            return Err(Fault::Argument(format!(
                "`{argument}`: there is no page {page}: the document has {total} (pages begin at 1)"
            )));
        }
    }
    Ok((first, last))
}
