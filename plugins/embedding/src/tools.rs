//! The tools, as the host sees them.

use tandem_sdk::prelude::*;

use crate::{
    chunk::{self, By, Chunked},
    count::{self, Counted},
    create::{self, Embeddings},
    fault::refusal,
    merge::{self, Info, Merged},
    shard::{self, Sharded},
    sparse::{self, Sparse},
    watch::Watch,
};

/// The category.
#[derive(Debug)]
pub struct Embedding;

#[tools]
impl Embedding {
    /// Splits a text or a file into chunks for embeddings or a search index: by paragraphs, sentences, Markdown headings, words or tokens,
    /// with overlap. Returns the chunks with their places and headings, or writes a JSON Lines file that `search_index_file` and
    /// `embedding_create` read.
    #[tool(destructive, idempotent, title = "Split text into chunks")]
    fn embedding_chunk(
        ctx: &Ctx,
        /// The text; give it or `path`. At most 1 MiB.
        text: Option<String>,
        /// A file of text or Markdown in a granted folder, as `data/guide.md`; convert others with `convert_file` first.
        path: Option<String>,
        /// Where to cut. What is longer than `size` is cut at sentences, then at words.
        #[arg(default)]
        by: By,
        /// The most characters of a chunk; tokens where `tokenizer` is given. As 256 tokens or 1000 characters.
        #[arg(default = 1000, min = 1, max = 32768)]
        size: u32,
        /// How much of the end of a chunk the next begins with, in characters or tokens; less than `size`.
        #[arg(default = 0, max = 32767)]
        overlap: u32,
        /// Counts tokens by this: the folder of a model or a tokenizer.json, as `models/potion-base-8M`.
        tokenizer: Option<String>,
        /// Whether the text is Markdown, so that chunks have the headings that they are under; by the name of the file if not given.
        markdown: Option<bool>,
        /// Writes the chunks to this JSON Lines file, as `data/chunks.jsonl`, and returns none of them.
        to: Option<String>,
        /// Whether the file `to` is replaced if it is there.
        #[arg(default)]
        overwrite: bool,
        /// Chunks of a page.
        #[arg(default = 20, min = 1, max = 500)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Chunked> {
        let request = chunk::Request {
            text,
            path: path.as_deref(),
            by,
            size,
            overlap,
            tokenizer: tokenizer.as_deref(),
            markdown,
            to: to.as_deref(),
            overwrite,
            limit,
            cursor: cursor.as_deref(),
        };
        chunk::chunk(request, &Watch::new(ctx)).map_err(refusal)
    }

    /// Counts the tokens of texts or of a file by the tokenizer of a model (a Hugging Face tokenizer.json), exactly as the model sees them.
    #[tool(read_only, idempotent, title = "Count tokens")]
    fn embedding_count_tokens(
        ctx: &Ctx,
        /// The folder of a model or a tokenizer.json in a granted folder, as `models/potion-base-8M`.
        tokenizer: &str,
        /// The texts; give them or `path`. At most 1000 texts and 1 MiB.
        #[arg(default)]
        texts: Vec<String>,
        /// A file of text in a granted folder, as `data/guide.md`.
        path: Option<String>,
        /// Whether the tokens that the model adds around each text count too, as `[CLS]` and `[SEP]`.
        #[arg(default)]
        special_tokens: bool,
    ) -> Result<Counted> {
        count::count(texts, path.as_deref(), tokenizer, special_tokens, &Watch::new(ctx)).map_err(refusal)
    }

    /// Computes embeddings (dense vectors) of texts, or of the rows of a JSON Lines file, with a static model (model2vec). Returns the vectors, or
    /// writes a JSON Lines file that `vector_add_file` reads. For vectors of words by their rarity see `embedding_sparse`.
    #[tool(destructive, idempotent, title = "Compute embeddings")]
    fn embedding_create(
        ctx: &Ctx,
        /// The folder of the model in a granted folder, as `models/potion-base-8M`: model.safetensors, tokenizer.json and config.json.
        model: &str,
        /// The texts; give them or `path`. At most 1000 texts and 1 MiB.
        #[arg(default)]
        texts: Vec<String>,
        /// A JSON Lines file with a text in each row, as `data/chunks.jsonl` of `embedding_chunk`.
        path: Option<String>,
        /// The column of the text in the file `path`.
        #[arg(default = "text".to_owned(), min_length = 1, max_length = 256)]
        text_column: String,
        /// Writes the rows with a column `vector` to this JSON Lines file, as `data/vectors.jsonl`, and returns no vectors. Needed beyond 65536
        /// numbers.
        to: Option<String>,
        /// The tokens of a text that count; by the model's config, else 512, if not given.
        #[arg(min = 1, max = 100000)]
        max_tokens: Option<u32>,
        /// Whether the file `to` is replaced if it is there.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Embeddings> {
        let request = create::Request {
            model,
            texts,
            path: path.as_deref(),
            text_column: &text_column,
            to: to.as_deref(),
            max_tokens,
            overwrite,
        };
        create::create(request, &Watch::new(ctx)).map_err(refusal)
    }

    /// Splits a JSON Lines file of embeddings (vectors) into shards of so many rows in a new folder, with a manifest of their rows, bytes and SHA-256.
    /// Merge them with `embedding_merge`.
    #[tool(title = "Shard embeddings")]
    fn embedding_shard(
        ctx: &Ctx,
        /// The JSON Lines file in a granted folder, as `data/vectors.jsonl`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// The new folder of the shards, as `data/shards`.
        #[arg(min_length = 1, max_length = 1024)]
        to: &str,
        /// Rows of a shard.
        #[arg(default = 10000, min = 1, max = 200000)]
        rows: u32,
        /// The column of the vectors; each row has one, all of the same length.
        #[arg(default = "vector".to_owned(), min_length = 1, max_length = 256)]
        column: String,
    ) -> Result<Sharded> {
        shard::shard(path, to, rows, &column, &Watch::new(ctx)).map_err(refusal)
    }

    /// Merges shards of `embedding_shard` into one JSON Lines file again, and verifies each by its rows, bytes and SHA-256: the file is the one that was
    /// split, byte by byte, or nothing is written.
    #[tool(destructive, idempotent, title = "Merge shards")]
    fn embedding_merge(
        ctx: &Ctx,
        /// The folder of the shards, or its manifest, as `data/shards`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// The file to write, as `data/vectors.jsonl`.
        #[arg(min_length = 1, max_length = 1024)]
        to: &str,
        /// Whether the file is replaced if it is there.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Merged> {
        merge::merge(path, to, overwrite, &Watch::new(ctx)).map_err(refusal)
    }

    /// Tells what a folder of embedding shards holds by its manifest (rows, bytes, dimensions, hashes), and which shards are missing or have another length; with
    /// `verify` also which were changed.
    #[tool(read_only, idempotent, title = "Describe shards")]
    fn embedding_shard_info(
        ctx: &Ctx,
        /// The folder of the shards, or its manifest, as `data/shards`.
        #[arg(min_length = 1, max_length = 1024)]
        path: &str,
        /// Whether the shards of the page are read and their SHA-256 compared.
        #[arg(default)]
        verify: bool,
        /// Shards of a page.
        #[arg(default = 50, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Info> {
        merge::info(path, verify, limit, cursor.as_deref(), &Watch::new(ctx)).map_err(refusal)
    }

    /// Computes sparse embeddings: the BM25 weights of the words of texts by how rare they are in a collection. Returns the words with their weights, or
    /// writes a JSON Lines file. To search by BM25 use `search_index` and `search_query`, which keep an index.
    #[tool(destructive, idempotent, title = "Compute sparse embeddings")]
    fn embedding_sparse(
        ctx: &Ctx,
        /// The texts; give them or `path`. At most 1000 texts and 1 MiB.
        #[arg(default)]
        texts: Vec<String>,
        /// A JSON Lines file with a text in each row, as `data/chunks.jsonl`.
        path: Option<String>,
        /// The collection by whose documents words are rare or not: a JSON Lines file, as `data/books.jsonl`. The texts themselves if not given.
        collection: Option<String>,
        /// The column of the text in both files.
        #[arg(default = "text".to_owned(), min_length = 1, max_length = 256)]
        text_column: String,
        /// How much a word counts that is there often: at 0 as much as one that is there once.
        #[arg(default = 1.2, min = 0, max = 10)]
        k1: f64,
        /// How much long documents count less, from 0 (not) to 1.
        #[arg(default = 0.75, min = 0, max = 1)]
        b: f64,
        /// The words of a text that are kept, the heaviest.
        #[arg(default = 100, min = 1, max = 10000)]
        top: u32,
        /// Writes the rows with columns `terms` and `weights` to this JSON Lines file, as `data/sparse.jsonl`, and returns no vectors.
        to: Option<String>,
        /// Whether the file `to` is replaced if it is there.
        #[arg(default)]
        overwrite: bool,
    ) -> Result<Sparse> {
        let request = sparse::Request {
            texts,
            path: path.as_deref(),
            collection: collection.as_deref(),
            text_column: &text_column,
            k1,
            b,
            top,
            to: to.as_deref(),
            overwrite,
        };
        sparse::sparse(request, &Watch::new(ctx)).map_err(refusal)
    }
}

tandem_sdk::export!(Embedding);
