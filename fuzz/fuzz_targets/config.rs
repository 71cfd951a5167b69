//! See `tandem_fuzz::config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::config(input));
