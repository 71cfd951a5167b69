//! A plugin that allocates without end: the memory limit refuses to grow, and the allocation aborts it.

use std::hint;

use tandem_sdk::prelude::*;

/// Bytes that are asked for at a time: small enough to come near every limit.
const STEP: usize = 256 * 1024;

#[derive(Debug)]
struct GrowMemory;

#[tools]
impl GrowMemory {
    /// Allocates without end.
    #[tool(read_only)]
    fn grow_memory() {
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        loop {
            blocks.push(vec![1; STEP]);
            hint::black_box(&blocks);
        }
    }

    /// Allocates once, and answers how many bytes it got.
    #[tool(read_only)]
    fn allocate(
        /// Bytes.
        bytes: u32,
    ) -> Result<usize> {
        let mut block: Vec<u8> = Vec::new();
        block.try_reserve_exact(usize::try_from(bytes)?)?;
        block.resize(usize::try_from(bytes)?, 1);
        Ok(hint::black_box(block).len())
    }
}

tandem_sdk::export!(GrowMemory);
