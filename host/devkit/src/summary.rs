//! Descriptions in one line, cut where a reader expects it: after a sentence, or between words.

use std::{io::IsTerminal as _, os::fd::AsFd as _};

/// The narrowest column for descriptions: on a terminal with less room, lines wrap.
const MIN_WIDTH: usize = 24;

/// The first sentence of a description, cut to the terminal's width where standard output is one. `used` columns are before it.
pub fn summary(text: &str, used: usize) -> String {
    let width = terminal_width().map(|width| width.saturating_sub(used).max(MIN_WIDTH));
    cut(&first_sentence(&one_line(text)), width)
}

/// A text without its line breaks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Columns of the terminal on standard output; none where it is not a terminal.
fn terminal_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(std::io::stdout().as_fd()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Up to the first full stop that ends a sentence: a capital or nothing comes after it.
fn first_sentence(text: &str) -> String {
    let ends = text.match_indices(". ").map(|(at, _)| at);
    let end = ends.into_iter().find(|at| text.get(at + 2..).is_some_and(|rest| rest.starts_with(char::is_uppercase)));
    end.and_then(|end| text.get(..=end)).unwrap_or(text).to_owned()
}

/// At most so many characters, with `…` where something is left out, at the end of a word.
fn cut(text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| text.chars().count() > *width) else { return text.to_owned() };
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    let end = kept.rfind(' ').unwrap_or(kept.len());
    format!("{}…", kept.get(..end).unwrap_or(&kept).trim_end_matches([',', ';', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_ends_with_a_sentence_or_a_word() {
        let text = "Loads a table, e.g. of CSV\nor Parquet. Returns rows. Needs `fs`.";
        let first = first_sentence(&one_line(text));
        assert_eq!(first, "Loads a table, e.g. of CSV or Parquet.");
        assert_eq!(cut(&first, None), first);
        assert_eq!(cut(&first, Some(38)), first);
        assert_eq!(cut(&first, Some(37)), "Loads a table, e.g. of CSV or…");
        assert_eq!(cut(&first, Some(16)), "Loads a table…");
        assert_eq!(cut("unbreakable", Some(5)), "unbr…");
        assert_eq!(first_sentence("No stop"), "No stop");
    }
}
