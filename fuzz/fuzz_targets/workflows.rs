//! Workflows of callers: graphs, and references to earlier results.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::workflow(input));
