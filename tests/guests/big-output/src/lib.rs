//! A plugin that answers as much as it is asked for: over the output limit, the call fails and names it.

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct BigOutput;

/// Text.
#[output]
struct Text {
    /// The text itself.
    text: String,
}

#[tools]
impl BigOutput {
    /// Answers one block of text.
    #[tool(read_only, idempotent)]
    fn big_text(
        /// Bytes.
        bytes: u32,
    ) -> Result<String> {
        Ok("x".repeat(usize::try_from(bytes)?))
    }

    /// Answers a structured result.
    #[tool(read_only, idempotent)]
    fn big_structured(
        /// Bytes.
        bytes: u32,
    ) -> Result<Text> {
        Ok(Text { text: Self::big_text(bytes)? })
    }

    /// Answers many blocks of one character.
    #[tool(read_only, idempotent)]
    fn big_blocks(
        /// How many blocks.
        blocks: u32,
    ) -> Result<Vec<Content>> {
        Ok(vec![Content::text("x"); usize::try_from(blocks)?])
    }

    /// Fails with a long message.
    #[tool(read_only, idempotent)]
    fn big_error(
        /// Bytes.
        bytes: u32,
    ) -> Result<()> {
        Err(Error::other(Self::big_text(bytes)?))
    }
}

tandem_sdk::export!(BigOutput);
