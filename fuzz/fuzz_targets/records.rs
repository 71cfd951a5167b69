//! See `tandem_fuzz::record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::record(input));
