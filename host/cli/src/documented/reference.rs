//! A generated reference: compared with what is committed, or written.

use super::commands::root;

/// Set by `make docs`: references are written instead of compared.
const WRITE: &str = "TANDEM_WRITE_DOCS";

/// Compares a generated reference with what is committed.
pub(super) fn assert_current(file: &str, generated: &str) {
    let path = root().join("docs/reference").join(file);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, generated).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = committed.lines().zip(generated.lines()).find(|(old, new)| old != new);
    assert!(
        committed == generated,
        "docs/reference/{file} is out of date, run `make docs`; first difference: {differs:?}"
    );
}

/// A description in one line of a table.
pub(super) fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
