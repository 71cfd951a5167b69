//! Texts that an operator gives as the key of the network.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| tandem_fuzz::swarm_key(input));
