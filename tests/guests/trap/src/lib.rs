//! A plugin that crashes: each tool in another way, and each is the guest's fault with its own words.

use std::hint;
use std::process;

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Trap;

#[tools]
impl Trap {
    /// Aborts.
    #[tool(read_only)]
    fn trap_abort() {
        process::abort()
    }

    /// Panics.
    #[tool(read_only)]
    #[allow(clippy::panic, reason = "that is what it shows")]
    fn trap_panic(
        /// What the panic says.
        message: String,
    ) {
        panic!("{message}")
    }

    /// Reads behind the end of a list.
    #[tool(read_only)]
    #[allow(clippy::indexing_slicing, reason = "that is what it shows")]
    fn trap_index() -> u8 {
        let list = hint::black_box([1, 2, 3]);
        list[hint::black_box(list.len())]
    }

    /// Recurses until the stack is full: the one way for safe Rust to touch memory that is not there.
    #[tool(read_only)]
    fn trap_stack() -> u64 {
        deeper(0)
    }

    /// Leaves the process.
    #[tool(read_only)]
    fn trap_exit(
        /// The exit code.
        code: i32,
    ) {
        process::exit(code)
    }
}

fn deeper(depth: u64) -> u64 {
    let frame = hint::black_box([depth; 32]);
    if hint::black_box(true) { deeper(depth + 1) + frame.iter().sum::<u64>() } else { depth }
}

tandem_sdk::export!(Trap);
