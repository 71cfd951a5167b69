//! The pdf category: reads and searches PDF files, and makes new ones of their pages or of Markdown.
//!
//! **Promises.** A new file is written beside its name and renamed. Reading tools change nothing. Text is what the file says
//! (its fonts' maps and encodings): characters that a file does not tell are counted and never guessed.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Files that are no PDF, encrypted files without their password, page trees with loops, and parts that expand
//! beyond the bounds: each with an error that says which.

mod assemble;
mod blocks;
mod bookmarks;
mod built_in;
mod canvas;
mod compose;
mod content;
mod copier;
mod create;
mod destinations;
mod faces;
mod fault;
mod finish;
mod folded;
mod font;
mod info;
mod latin;
mod limits;
mod line;
mod markdown;
mod markup;
mod matrix;
mod meter;
mod outline;
mod pages;
mod pdf;
mod piece;
mod reading;
mod search;
mod standard;
mod tools;
mod unicode_map;
mod walk;
mod wrap;

pub use tools::Pdf;
