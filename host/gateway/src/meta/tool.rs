//! Which meta-tools there are.

/// A meta-tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaTool {
    ListCategories,
    ListTools,
    GetSchema,
    Search,
    Dispatch,
}
