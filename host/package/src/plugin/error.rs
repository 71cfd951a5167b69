//! Why a section of a plugin file is not read.

/// Why a section is no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SectionError {
    /// It is not JSON of the expected form.
    #[error("{0}; pack the plugin with this host's version")]
    Form(String),
    /// It is the right JSON, but not in canonical form.
    #[error("the json is not canonical (sorted keys, no spaces, no duplicates); pack the plugin again")]
    NotCanonical,
    /// A value breaks a rule.
    #[error("{0}")]
    Rule(String),
}
