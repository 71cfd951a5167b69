//! The line that an error is about, as it is shown to people.
//!
//! An excerpt is one line, cut to a window around the error; text that could be a secret is masked before it
//! gets here (see [`super::tree`]).

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::error::{Excerpt, ManifestError, ManifestErrors};

/// Longest part of a line that is shown, in bytes: a screen's width and the line before it.
const WINDOW: usize = 200;

/// Line and column (both from 1, in characters) of a byte offset, with the excerpt of its line.
pub(crate) fn locate(text: &str, span: &Range<usize>) -> (usize, usize, Excerpt) {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
    let (before, after) = text.split_at(start);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = after.find('\n').map_or(text.len(), |newline| start + newline);
    let number = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;

    let from = text.ceil_char_boundary(line_start.max(start.saturating_sub(WINDOW / 2)));
    let to = text.floor_char_boundary(line_end.min(start + WINDOW)).max(start);
    let line = text.get(from..to).unwrap_or_default().trim_end_matches('\r').to_owned();
    let span_end = end.min(to).saturating_sub(from).min(line.len());
    let span_start = (start - from).min(span_end);
    (number, column, Excerpt { line, span: span_start..span_end })
}

impl ManifestError {
    /// The error with the lines that it is about, for a terminal. `color` adds ANSI styles.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render(self, color)
    }
}

impl ManifestErrors {
    /// All errors rendered, one after another.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let texts: Vec<String> = self.as_slice().iter().map(|error| error.render(color)).collect();
        texts.join("\n\n")
    }
}

/// The error with its excerpt.
fn render(error: &ManifestError, color: bool) -> String {
    let mut group = match &error.excerpt {
        Some(excerpt) => Level::ERROR.primary_title(error.message.as_str()).element(
            Snippet::source(excerpt.line.as_str())
                .path(error.file_label.as_str())
                .line_start(error.line)
                .annotation(AnnotationKind::Primary.span(excerpt.span.clone())),
        ),
        None => {
            let title = format!("{}: {}", error.file_label, error.message);
            Group::with_title(Level::ERROR.primary_title(title))
        }
    };
    if let Some(help) = &error.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let text = "a = 1\r\nüb = \"x\"\n";
        let at = text.find("\"x\"").unwrap();
        let (line, column, excerpt) = locate(text, &(at..at + 3));
        assert_eq!((line, column), (2, 6));
        assert_eq!(&excerpt.line[excerpt.span], "\"x\"");
    }

    #[test]
    fn a_long_line_is_cut_around_the_error() {
        let text = format!("{}!{}", "a".repeat(5_000), "b".repeat(5_000));
        let (line, column, excerpt) = locate(&text, &(5_000..5_001));
        assert_eq!((line, column), (1, 5_001));
        assert!(excerpt.line.len() <= 2 * WINDOW);
        assert_eq!(&excerpt.line[excerpt.span], "!");
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_can_be_shown(text in "(?s).{0,80}", start in 0usize..100, length in 0usize..100) {
            let (line, column, excerpt) = locate(&text, &(start..start + length));
            let label = "f".to_owned();
            let error = ManifestError {
                file_label: label, line, column, message: "m".into(), help: None, excerpt: Some(excerpt),
            };
            prop_assert!(error.render(false).contains("error: m"));
        }
    }
}
