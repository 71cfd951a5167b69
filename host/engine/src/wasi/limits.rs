//! Limits of what a guest asks of WASI.

/// Random bytes that a guest may ask for at once (wasmtime's default is 64 MiB).
pub(super) const MAX_RANDOM: u64 = 1 << 20;
