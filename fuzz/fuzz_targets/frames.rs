//! Streams of frames from peers, and the messages in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tandem_fuzz::frames(input));
