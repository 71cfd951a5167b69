//! Bounds of a page, and what is beyond them.

/// Open elements: browsers stop at 512, and the parser takes quadratic time in the depth.
pub const MAX_DEPTH: usize = 1000;

/// Attributes of one element: the parser compares each with all others of its element.
pub const MAX_ATTRIBUTES: usize = 10_000;

/// Why a page is not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Its elements are nested too deeply.
    #[error("more than {MAX_DEPTH} elements are open in each other; no browser shows such a page")]
    Depth,
    /// One element has too many attributes.
    #[error("an element has more than {MAX_ATTRIBUTES} attributes")]
    Attributes,
}
