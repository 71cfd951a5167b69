//! Messages of peers, JSON-RPC and the older body.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::message(input));
