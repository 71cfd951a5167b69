//! The list of words that were replaced by those of the glossary.

/// Lines as `old => new`; empty ones and comments count for nothing.
pub(crate) fn list(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" => ")).map(|(old, new)| (old.to_owned(), new.to_owned())).collect()
}
