//! See `tandem_fuzz::swarm_key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::swarm_key(input));
