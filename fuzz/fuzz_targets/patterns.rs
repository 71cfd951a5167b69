//! See `tandem_fuzz::patterns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::patterns(input));
