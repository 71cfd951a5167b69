//! The bounds, each with its reason.

/// Bytes of a document: it is in memory as a whole.
pub(crate) const MAX_FILE_BYTES: u64 = 16 << 20;
/// Bytes of all parts of a zipped document together, decompressed: far above real documents, far below the memory limit.
pub(crate) const MAX_EXPANDED_BYTES: u64 = 32 << 20;
/// Parts of a zipped document: large presentations have some hundreds.
pub(crate) const MAX_PARTS: usize = 4096;
/// Depth of XML elements: word processors stay below 64.
pub(crate) const MAX_XML_DEPTH: usize = 256;
/// Bytes of a converted document: it is in memory as a whole, beside its source.
pub(crate) const MAX_CONVERTED_BYTES: usize = 16 << 20;
/// Bytes of Markdown: more than a long book.
pub(crate) const MAX_MARKDOWN_BYTES: usize = 8 << 20;
/// Line ends and characters in Markdown that may mean something: each may become a node of some 100 bytes.
pub(crate) const MAX_MARKDOWN_MARKS: usize = 300_000;
/// Cells of a worksheet, gaps between cells included: a sparse sheet could otherwise claim 17 billion.
pub(crate) const MAX_CELLS: u64 = 1_000_000;
/// Sheets of a workbook.
pub(crate) const MAX_SHEETS: usize = 256;
/// Shared strings of a workbook, or the number that it claims, which is reserved: each takes some 30 bytes and its text.
pub(crate) const MAX_STRINGS: u64 = 1_000_000;
/// Cell formats of a workbook, of some 400 bytes each (Excel allows 65,490); the same for its fonts, names and relations.
pub(crate) const MAX_STYLES: u64 = 65_536;
/// Cells of the tables of a text document: all of one row are in memory.
pub(crate) const MAX_TABLE_CELLS: usize = 500_000;
/// Bytes of cell formats, each with a copy of the longest name of a font or code of a number.
pub(crate) const MAX_STYLE_BYTES: u64 = 16 << 20;
/// Parts of a mail: each nested one is parsed again.
pub(crate) const MAX_MAIL_PARTS: usize = 1000;
/// Lines of a mail in which a header or a part may begin: each takes some 150 bytes when it is parsed.
pub(crate) const MAX_MAIL_MARKS: usize = 100_000;
/// Bytes of headers of a mail and of its parts: each two of them may be an address of 24 bytes when they are parsed.
pub(crate) const MAX_MAIL_HEADER_BYTES: usize = 2 << 20;
/// Documents of one call: each may be as great as one alone.
pub(crate) const MAX_MANY_FILES: usize = 50;
/// Bytes of text of an answer with several documents, after which no other is begun; with one more page the answer is below its limit.
pub(crate) const MAX_MANY_BYTES: usize = 1 << 20;
/// Milliseconds after which no other document is begun: a call has 10 s of computing, and a document takes 3 s at most.
pub(crate) const MANY_MS: u64 = 6_000;
/// Milliseconds that must be left for one more document.
pub(crate) const RESERVE_MS: u64 = 4_000;
/// Columns of a table: as many as a sheet of Excel has.
pub(crate) const MAX_SHEET_COLUMNS: usize = 16_384;
/// Rows of a sheet of Excel that is written.
pub(crate) const MAX_SHEET_ROWS: usize = 1_048_576;
/// Characters of a cell of Excel, in UTF-16: Excel calls a workbook with more damaged.
pub(crate) const MAX_CELL_CHARS: usize = 32_767;
/// Bytes of a page of HTML, or of a chapter of an e-book: its tree takes about ten times as much.
pub(crate) const MAX_HTML_BYTES: usize = 4 << 20;
/// Tags of a page of HTML: each element takes some 200 bytes.
pub(crate) const MAX_HTML_TAGS: usize = 200_000;
