//! Signed records of hosts, from registries that anybody may write.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::record(input));
