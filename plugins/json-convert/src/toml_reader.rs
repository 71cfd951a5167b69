//! TOML as a JSON value.

use tandem_sdk::prelude::*;

use crate::bounded::short;
use crate::limits::MAX_TOML_PARTS;
use crate::plain::Plain;

pub(crate) fn read(text: &str) -> Result<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_parts(text)?;
    let Plain(value) = toml_edit::de::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let at = line.map(|line| format!(" at line {line}")).unwrap_or_default();
        Error::invalid_arguments(format!("not valid TOML, or nested too deep{at}: {}", short(error.message())))
    })?;
    Ok(value)
}

/// Refuses text of more keys and values than the memory of a call holds; what stands between them in wrong text counts, too.
fn check_parts(text: &str) -> Result<()> {
    let (mut at, mut parts) = (0, 0_usize);
    // Whether a word ended before spaces: only a date has one more there.
    let (mut word, mut space) = (false, false);
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let mark = "=,.[]{}\n\r\"'".contains(c);
        if c == ' ' || c == '\t' {
            space = true;
        } else {
            parts += usize::from(mark || (word && space));
            (word, space) = (!mark, false);
        }
        at += match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => string(rest, c),
            c => c.len_utf8(),
        };
        if parts > MAX_TOML_PARTS {
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            return Err(Error::invalid_arguments(format!(
                "the TOML has more than {MAX_TOML_PARTS} keys, values, brackets and lines, at line {line}: give a part of it, or the \
                 data in another format"
            )));
        }
    }
    Ok(())
}

/// The length of the string that `rest` begins with; one that does not end is an error of the parser.
fn string(rest: &str, quote: char) -> usize {
    let triple = if quote == '"' { "\"\"\"" } else { "'''" };
    let (end, start) = if rest.starts_with(triple) { (triple, 3) } else { (triple.get(..1).unwrap_or_default(), 1) };
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(start) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            '\n' if start == 1 => return at,
            _ if rest.get(at..).is_some_and(|left| left.starts_with(end)) => return at + start,
            _ => {}
        }
    }
    rest.len()
}
