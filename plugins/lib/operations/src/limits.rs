//! The bounds of operations, each with its reason.

/// Bytes of operations that a component carries: as much as the descriptors of a package may be, which are most of it.
pub const CAPACITY: usize = 4 << 20;

/// Longest URL of a request: servers refuse more (8 KiB is the usual limit of a request line), and the host reads no more.
pub const MAX_URL: usize = 8 << 10;

/// Most values of a list in a URL or a header: what has more does not fit into [`MAX_URL`] in any case, and is refused before it is
/// encoded.
pub const MAX_ARRAY: usize = 1_000;

/// How often a server could decode a path: as the host's gate counts.
pub(crate) const MAX_DECODINGS: usize = 4;

/// What stands before the address of the region for operations, and their length, in the data of the component that performs them.
pub const MAGIC: [u8; 16] = *b"\0tandem:api-slot";
