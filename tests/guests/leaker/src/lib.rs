//! A plugin that never gives a handle back: the table of its resources is bounded.

use std::{fs, mem};

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Leaker;

#[tools]
impl Leaker {
    /// Opens a file again and again.
    #[tool(read_only)]
    fn leak_files(path: &str) -> Result<()> {
        loop {
            mem::forget(fs::File::open(path).context(path)?);
        }
    }
}

tandem_sdk::export!(Leaker);
