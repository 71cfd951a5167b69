//! See `tandem_fuzz::manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::manifest(input));
