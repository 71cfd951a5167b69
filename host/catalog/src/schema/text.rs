//! Texts that may repeat what strangers wrote.

use super::limits::MAX_TEXT;

/// A text of bounded length.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}
