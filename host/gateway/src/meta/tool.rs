//! Which meta-tools there are.

/// A meta-tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaTool {
    ListCategories,
    ListTools,
    GetSchema,
    Search,
    Dispatch,
    ResultRead,
    ResultGrep,
    ResultQuery,
}

impl MetaTool {
    /// Whether it is there with the results that it reads, at every endpoint: each gives handles.
    pub(crate) fn reads_results(self) -> bool {
        matches!(self, Self::ResultRead | Self::ResultGrep | Self::ResultQuery)
    }
}
