//! Empty elements of nearly right JSON: the repair takes a second comma for the end of the array, which would change what is in what.

use std::borrow::Cow;

use tandem_sdk::prelude::*;

/// The text without commas that follow a comma or open a container, outside of strings. Where it is not clear what is a string, such
/// commas are refused.
pub(crate) fn without_empty(text: &str) -> Result<Cow<'_, str>> {
    let mut scan = Scan { kept: String::new(), from: 0, last: None, clear: true, first: None };
    scan.run(text);
    let Some(first) = scan.first.or_else(|| (!scan.clear).then(|| doubled(text)).flatten()) else {
        return Ok(Cow::Borrowed(text));
    };
    if !scan.clear {
        let line = text.get(..first).unwrap_or_default().matches('\n').count() + 1;
        return Err(Error::invalid_arguments(format!(
            "the text cannot be repaired: an element is missing before the second comma at line {line}, and its quotes do not tell \
             whether that is in a string: remove one of the commas"
        )));
    }
    scan.kept.push_str(text.get(scan.from..).unwrap_or_default());
    Ok(Cow::Owned(scan.kept))
}

/// Where a comma follows a comma, in strings too.
fn doubled(text: &str) -> Option<usize> {
    let mut after_comma = false;
    text.char_indices().find_map(|(at, c)| {
        let found = after_comma && c == ',';
        after_comma = c == ',' || (after_comma && c.is_whitespace());
        found.then_some(at)
    })
}

struct Scan {
    /// What is kept of the text before `from`.
    kept: String,
    from: usize,
    /// The last character that is neither space nor comment.
    last: Option<char>,
    /// Whether each string begins and ends where one can.
    clear: bool,
    /// The first comma that has no element.
    first: Option<usize>,
}

impl Scan {
    fn run(&mut self, text: &str) {
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(c) = rest.chars().next()
        {
            at += match c {
                c if c.is_whitespace() => c.len_utf8(),
                '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
                '/' if rest.starts_with("//") && self.at_separator() => rest.find('\n').unwrap_or(rest.len()),
                '"' | '\'' => self.string(rest, c),
                c => {
                    self.plain(text, at, c);
                    c.len_utf8()
                }
            };
        }
    }

    fn at_separator(&self) -> bool {
        self.last.is_none_or(|last| "[]{}(),:+\"'".contains(last))
    }

    fn plain(&mut self, text: &str, at: usize, c: char) {
        // Other quotes, and what was escaped once too often.
        if "“”‘’`´\\".contains(c) {
            self.clear = false;
        }
        if c == ',' && matches!(self.last, Some(',' | '[' | '{')) {
            self.first.get_or_insert(at);
            self.kept.push_str(text.get(self.from..at).unwrap_or_default());
            self.from = at + 1;
            return;
        }
        self.last = Some(c);
    }

    /// The length of the string that `rest` begins with.
    fn string(&mut self, rest: &str, quote: char) -> usize {
        self.clear &= self.last.is_none_or(|last| "[{(,:+".contains(last));
        self.last = Some(quote);
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    let next = rest.get(at + 1..).unwrap_or_default().trim_start().chars().next();
                    self.clear &= next.is_none_or(|next| "]}),:+/".contains(next));
                    return at + 1;
                }
                _ => {}
            }
        }
        self.clear = false;
        rest.len()
    }
}
