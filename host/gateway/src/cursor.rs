//! Cursors of paged lists: the name after which the next page begins, in base64.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// Bytes of a cursor before it is decoded: the longest name or URI that we list, in base64.
pub(crate) const MAX_CURSOR: usize = 4096;

/// The cursor of the page that begins after a name.
pub(crate) fn encode(after: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(after)
}

/// The name that a cursor stands for; none where it is not one of ours.
pub(crate) fn decode(cursor: &str) -> Option<String> {
    if cursor.len() > MAX_CURSOR {
        return None;
    }
    String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
