//! The embedding category: cuts texts into chunks, counts tokens, computes vectors of texts, and keeps files of vectors in shards.
//!
//! **Promises.** Vectors are those that model2vec computes of the same model. A chunk is never longer than asked for, and is what
//! stands in the text at the place that it names. A file appears under its name when it is complete.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason. Of a matrix only the rows of tokens in use are read; files of rows
//! are read line by line.
//!
//! **Refuses.** Models whose tokenizer and matrix do not fit, headers that lie about their lengths, numbers that are not finite,
//! tokenizers that nest too deep, shards that are missing or were changed: each with an error that names the file.

mod chunk;
mod count;
mod create;
mod fault;
mod input;
mod limits;
mod manifest;
mod matrix;
mod measure;
mod merge;
mod model;
mod new_file;
mod outline;
mod pack;
mod pieces;
mod rows;
mod shard;
mod source;
mod sparse;
mod terms;
mod tokens;
mod tools;
mod watch;

pub use tools::Embedding;
