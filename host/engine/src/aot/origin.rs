//! Where a component's code came from, as it is logged and shown.

/// Where a component's code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the cache.
    Cached,
    /// Compiled now.
    Compiled,
    /// Compiled now, because the cached entry was not authentic.
    Replaced,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cached => "cached",
            Self::Compiled => "compiled",
            Self::Replaced => "replaced",
        })
    }
}
