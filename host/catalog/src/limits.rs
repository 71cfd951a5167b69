//! How many changes wait for a subscriber.

/// Changes that a slow subscriber may be behind; further behind, it is told to read the catalog again.
pub const CHANGES: usize = 256;
