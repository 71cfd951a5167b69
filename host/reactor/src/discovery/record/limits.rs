//! The bounds and fixed words of a record.

use std::time::Duration;

pub use crate::trust::addresses::MAX_ADDRESSES;

/// Most bytes of a record: registries are written by strangers, and thousands of records are kept.
pub const MAX_RECORD: usize = 16 << 10;
/// Most tools that a record names.
pub const MAX_TOOLS: usize = 256;
/// The entry of metadata that says what people call the host.
pub const NAME: &str = "name";
/// Most entries of metadata, with keys of 64 and values of 256 bytes.
pub const MAX_METADATA: usize = 16;
/// Farthest expiry: what a stolen copy is good for.
pub const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3_600);
/// By how much clocks may differ.
pub const MAX_SKEW: Duration = Duration::from_secs(5 * 60);
/// What is put before the signed text.
pub const SIGNED_AS: &[u8] = b"tandem-host-record:";
/// What `format` says in a record.
pub(super) const FORMAT: &str = "tandem-host-record/1";
/// Most bytes of a key of the metadata.
pub(super) const MAX_KEY: usize = 64;
/// Most bytes of its value.
pub(super) const MAX_VALUE: usize = 256;
/// Numbers up to here are the same in every reader of JSON (RFC 8259 section 6).
pub(super) const MAX_NUMBER: u64 = (1 << 53) - 1;
