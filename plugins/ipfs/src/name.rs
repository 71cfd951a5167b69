//! Names in folders.

use crate::limits::MAX_NAME_BYTES;

/// Why a name may not be written; none if it may.
pub(crate) fn problem(name: &str) -> Option<&'static str> {
    if name == ".." || name.contains('/') || name.contains('\\') || name.get(1..2) == Some(":") {
        Some("leaves the folder or could")
    } else if name.is_empty() || name == "." || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
        Some("is empty, too long or has control characters")
    } else {
        None
    }
}
