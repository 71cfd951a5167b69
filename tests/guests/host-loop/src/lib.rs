//! A plugin that is always inside the host: the CPU budget counts the way there too.

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct HostLoop;

/// What came of a wish for random bytes.
#[output]
struct Came {
    /// How many came.
    length: usize,
    /// How many rows of eight bytes came twice.
    repeated: usize,
}

#[tools]
impl HostLoop {
    /// Asks how much time is left, without end.
    #[tool(read_only)]
    fn host_loop(ctx: &Ctx) {
        loop {
            std::hint::black_box(ctx.remaining());
        }
    }

    /// Asks for random bytes, a mebibyte at a time, without end.
    #[tool(read_only)]
    fn random_loop() {
        loop {
            std::hint::black_box(random(1 << 20));
        }
    }

    /// Asks once for random bytes, and looks at them.
    #[tool(read_only)]
    fn random_bytes(
        /// How many.
        length: u32,
    ) -> Came {
        let bytes = random(length);
        let mut rows: Vec<_> = bytes.as_chunks::<8>().0.iter().collect();
        rows.sort_unstable();
        let all = rows.len();
        rows.dedup();
        Came { length: bytes.len(), repeated: all - rows.len() }
    }
}

#[cfg(target_arch = "wasm32")]
fn random(length: u32) -> Vec<u8> {
    wasip2::random::random::get_random_bytes(length.into())
}

#[cfg(not(target_arch = "wasm32"))]
fn random(_: u32) -> Vec<u8> {
    Vec::new()
}

tandem_sdk::export!(HostLoop);
