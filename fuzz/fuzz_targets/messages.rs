//! See `tandem_fuzz::message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::message(input));
