//! The bounds of the category, each with its reason.

/// Longer files are refused: the file and all of its parsed parts are in memory.
pub(crate) const MAX_FILE_BYTES: u64 = 32 << 20;
/// Bytes that one compressed part (objects, cross-references) may expand to while a file is opened: stops decompression bombs.
pub(crate) const MAX_PART_BYTES: usize = 16 << 20;
/// Expanded bytes of the content of one page, and of one form on it: stops decompression bombs on a page.
pub(crate) const MAX_PAGE_BYTES: usize = 16 << 20;
/// Expanded bytes of the contents that one call reads: stops many pages that each expand to the bound of a page.
pub(crate) const MAX_CONTENT_BYTES: usize = 128 << 20;
/// Pages of a document: the tree of pages is walked for every call.
pub(crate) const MAX_PAGES: usize = 20_000;
/// Levels of the page tree; usual files have below 8. Stops a chain of nodes.
pub(crate) const MAX_TREE_DEPTH: usize = 64;
/// Nodes of the page tree with their pages: stops a tree of empty nodes.
pub(crate) const MAX_TREE_NODES: usize = 60_000;
/// Steps up to a parent from which a page inherits its size or resources: stops a loop of parents.
pub(crate) const MAX_PARENTS: usize = 64;
/// Pieces of text of one page, which are in memory until the page is put together.
pub(crate) const MAX_PIECES: usize = 200_000;
/// Bytes of text of one page: a map from a code to text may give 512 bytes for one.
pub(crate) const MAX_PAGE_TEXT: usize = 4 << 20;
/// Forms inside of forms on a page: stops a form that draws itself.
pub(crate) const MAX_FORM_DEPTH: usize = 8;
/// Forms that one page draws: stops forms that each draw others twice.
pub(crate) const MAX_FORMS: usize = 2_000;
/// Saved graphics states at a time: stops a page of `q` alone.
pub(crate) const MAX_STATES: usize = 512;
/// Bytes of a font's map from codes to text, expanded.
pub(crate) const MAX_CMAP_BYTES: usize = 2 << 20;
/// Entries of a font's map from codes to text: a range of one line may name 65,536 codes.
pub(crate) const MAX_CMAP_ENTRIES: usize = 70_000;
/// Bytes of a font's program, expanded, of which the encoding is read.
pub(crate) const MAX_FONT_BYTES: usize = 2 << 20;
/// Fonts of one call, whose maps are in memory.
pub(crate) const MAX_FONTS: usize = 500;
/// Columns of a page's text with `layout`: stops text far outside of the page from making long lines.
pub(crate) const MAX_COLUMNS: usize = 400;
/// Lines of the bookmarks: each is looked at once.
pub(crate) const MAX_BOOKMARKS: usize = 10_000;
/// Levels of bookmarks.
pub(crate) const MAX_BOOKMARK_DEPTH: usize = 32;
/// Nodes of the tree of named destinations that are looked through.
pub(crate) const MAX_NAME_NODES: usize = 10_000;
/// Named destinations, which are in memory while the bookmarks are listed.
pub(crate) const MAX_NAMES: usize = 100_000;
/// Characters of a text that is searched for: longer ones are never on one page as they were typed.
pub(crate) const MAX_QUERY_CHARS: usize = 500;
/// Characters of a metadata value or bookmark title that are returned.
pub(crate) const MAX_VALUE_CHARS: usize = 1_000;
/// Bytes of a list of pages as `1-3,7`.
pub(crate) const MAX_PAGES_ARGUMENT: usize = 1_000;
/// Files whose pages one new file takes.
pub(crate) const MAX_SOURCES: usize = 50;
/// Bytes of those files together: what is taken of them is in memory until the new file is written.
pub(crate) const MAX_NEW_BYTES: u64 = 64 << 20;
/// Memory of the objects of a new file: stops pages that are in a document, or asked for, many times, each with a long dictionary.
pub(crate) const MAX_NEW_WEIGHT: usize = 96 << 20;
/// Objects of a new file.
pub(crate) const MAX_NEW_OBJECTS: u32 = 500_000;
/// Bytes of Markdown of which a file is made: the text and its pages are in memory.
pub(crate) const MAX_MARKDOWN_BYTES: u64 = 1 << 20;
/// Lists and quotes inside of each other: each level is a call on the stack.
pub(crate) const MAX_BLOCK_DEPTH: usize = 16;
/// Columns of a table: more do not fit a page.
pub(crate) const MAX_TABLE_COLUMNS: usize = 30;
/// Pages of a file that is made of Markdown.
pub(crate) const MAX_CREATED_PAGES: usize = 1_000;
/// Problems of a file that an answer names; all are counted.
pub(crate) const MAX_NAMED: usize = 20;
