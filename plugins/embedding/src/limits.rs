//! The bounds of the category, each with its reason.

/// Bytes of a text that is given as an argument, and of all texts of a call together: what a client sends at once.
pub(crate) const MAX_INLINE_BYTES: usize = 1 << 20;
/// Texts of a call.
pub(crate) const MAX_TEXTS: usize = 1_000;
/// Bytes of a text file that is cut into chunks: it is in memory as a whole, with its pieces.
pub(crate) const MAX_TEXT_BYTES: u64 = 8 << 20;
/// Characters of a Markdown text that may mean something, line ends among them: each may become a node of some 50 bytes.
pub(crate) const MAX_MARKDOWN_MARKS: usize = 500_000;
/// Pieces that a text is cut into before they are packed: each is counted by the tokenizer.
pub(crate) const MAX_PIECES: usize = 2_000_000;
/// Chunks of a text: a chunk is a row, and a tiny `size` would make one of each letter.
pub(crate) const MAX_CHUNKS: usize = 100_000;
/// Bytes of a word: a longer run without a space (encoded data, mostly) is cut, as a tokenizer may take it for one unknown token.
pub(crate) const MAX_WORD_BYTES: usize = 256;
/// Bytes that the chunks of a page have together: an answer has at most 4 MiB, and JSON may write a byte as six.
pub(crate) const MAX_PAGE_BYTES: usize = 512 << 10;
/// Levels of headings above a chunk, by Markdown.
pub(crate) const HEADING_LEVELS: usize = 6;

/// Bytes of a line of a JSON Lines file: a row is in memory as a whole.
pub(crate) const MAX_LINE_BYTES: usize = 1 << 20;
/// Rows of a JSON Lines file.
pub(crate) const MAX_ROWS: u64 = 200_000;
/// Bytes of a JSON Lines file: one pass over 1 GiB is about what the deadline allows.
pub(crate) const MAX_ROWS_BYTES: u64 = 1 << 30;

/// Bytes of a tokenizer.json: that of a model for 100 languages has 17 MB.
pub(crate) const MAX_TOKENIZER_BYTES: u64 = 32 << 20;
/// Levels of a tokenizer.json: real ones have 8. Each level of a sequence inside of a sequence is a recursion on a small stack.
pub(crate) const MAX_TOKENIZER_DEPTH: usize = 24;
/// Bytes of a text that the tokenizer takes at once: it keeps some 60 bytes for each of them.
pub(crate) const TOKENIZE_BYTES: usize = 256 << 10;
/// Bytes of a config.json.
pub(crate) const MAX_CONFIG_BYTES: u64 = 256 << 10;
/// Bytes of the header of a model.safetensors: one with three tensors has 300. The format allows 100 MB, which would be read and parsed.
pub(crate) const MAX_HEADER_BYTES: u64 = 16 << 10;
/// Numbers of a vector, as of the vector category.
pub(crate) const MAX_DIMENSIONS: usize = 4_096;
/// Rows of a matrix: the largest vocabularies have 500,000.
pub(crate) const MAX_MATRIX_ROWS: usize = 2_000_000;
/// Bytes of rows of the matrix that are kept for the next texts.
pub(crate) const ROW_CACHE_BYTES: usize = 32 << 20;
/// Bytes of the weights and of the mapping of a model, which are read as a whole.
pub(crate) const MAX_SIDE_BYTES: usize = 16 << 20;
/// Numbers of all vectors of an answer: beyond them a file is written.
pub(crate) const MAX_INLINE_NUMBERS: usize = 65_536;
/// Tokens of a text that are looked at, where neither the call nor the model says: what model2vec takes.
pub(crate) const DEFAULT_MAX_TOKENS: usize = 512;

/// Shards of a folder.
pub(crate) const MAX_SHARDS: usize = 10_000;
/// Bytes of a manifest.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// Different words of a collection: each is kept with a count.
pub(crate) const MAX_TERMS: usize = 500_000;
/// Bytes of the different words of a collection.
pub(crate) const MAX_TERMS_BYTES: usize = 32 << 20;

/// Bytes that are read and written at a time.
pub(crate) const BUFFER_BYTES: usize = 64 << 10;
/// Rows between two looks at whether the call was cancelled.
pub(crate) const ROWS_PER_CHECK: u64 = 256;
