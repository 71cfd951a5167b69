//! What one check found.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is wrong.
    Ok,
    /// It may become a problem.
    Warning,
    /// Something does not work.
    Problem,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was checked.
    pub about: String,
    /// How bad it is.
    pub state: Severity,
    /// What was seen.
    pub seen: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    pub(crate) fn ok(about: &str, seen: impl Into<String>) -> Self {
        Self { about: about.to_owned(), state: Severity::Ok, seen: seen.into(), remedy: None }
    }

    pub(crate) fn warning(about: &str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: Severity::Warning, remedy: Some(remedy.into()), ..Self::ok(about, seen) }
    }

    pub(crate) fn problem(about: &str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: Severity::Problem, remedy: Some(remedy.into()), ..Self::ok(about, seen) }
    }
}
