//! A plugin that is always inside the host: the CPU budget counts the way there too.

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct HostLoop;

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
            std::hint::black_box(random());
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn random() -> Vec<u8> {
    wasip2::random::random::get_random_bytes(1 << 20)
}

#[cfg(not(target_arch = "wasm32"))]
fn random() -> Vec<u8> {
    Vec::new()
}

tandem_sdk::export!(HostLoop);
