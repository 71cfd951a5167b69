//! The load driver and the in-process benchmarks.
