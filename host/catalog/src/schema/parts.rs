//! Parts of a schema that is being compiled.

use serde_json::Value;

/// How a part of the schema is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Exact,
    Narrowed,
    /// The list of alternatives of this keyword, exact.
    Alternatives(&'static str),
}

/// The schema that is being compiled, as far as its parts are of interest.
pub(super) trait Parts<'a> {
    /// A reference to a part, which is compiled once.
    fn part(&mut self, target: &'a Value, part: Part) -> Value;

    /// What a reference refers to.
    ///
    /// # Errors
    /// It reaches outside of the schema, or refers to nothing.
    fn target(&self, reference: &str) -> Result<&'a Value, String>;
}
