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
}

tandem_sdk::export!(HostLoop);
