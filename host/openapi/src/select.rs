//! Which operations are imported.

use glob::{MatchOptions, Pattern};
use tandem_types::text::nearest;

use crate::ImportError;

/// An operation, as it is selected.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'d> {
    pub(crate) method: &'static str,
    pub(crate) path: &'d str,
    pub(crate) id: Option<&'d str>,
    pub(crate) tags: Vec<&'d str>,
}

/// One `--include`.
struct Include {
    text: String,
    /// Of `METHOD /path`.
    method: Option<String>,
    /// Of `tag:NAME`.
    is_tag: bool,
    pattern: Pattern,
}

impl Include {
    fn parse(text: &str) -> Result<Self, ImportError> {
        let (method, is_tag, pattern) = match (text.split_once(' '), text.strip_prefix("tag:")) {
            (_, Some(tag)) => (None, true, tag),
            (Some((method, path)), None) if path.trim_start().starts_with('/') => {
                (Some(method.to_ascii_uppercase()), false, path.trim())
            }
            _ => (None, false, text),
        };
        let pattern = Pattern::new(pattern)
            .map_err(|error| ImportError::Pattern { pattern: text.to_owned(), problem: error.msg.to_owned() })?;
        Ok(Self { text: text.to_owned(), method, is_tag, pattern })
    }

    fn covers(&self, candidate: &Candidate<'_>) -> bool {
        let matches = |text: &str| self.pattern.matches_with(text, MatchOptions::new());
        match &self.method {
            Some(method) => (method == candidate.method || method == "*") && matches(candidate.path),
            None if self.is_tag => candidate.tags.iter().any(|tag| matches(tag)),
            None => candidate.id.is_some_and(matches),
        }
    }
}

/// For each operation whether it is chosen. Without patterns all are.
pub(crate) fn select(
    candidates: &[Candidate<'_>],
    include: &[String],
    read_only: bool,
) -> Result<Vec<bool>, ImportError> {
    let includes: Vec<Include> = include.iter().map(|text| Include::parse(text)).collect::<Result<_, _>>()?;
    for include in &includes {
        if !candidates.iter().any(|candidate| include.covers(candidate)) {
            let known = candidates.iter().filter_map(|candidate| candidate.id);
            let near =
                nearest(&include.text, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(ImportError::NoMatch { pattern: include.text.clone(), near });
        }
    }
    let chosen = |candidate: &Candidate<'_>| {
        (includes.is_empty() || includes.iter().any(|include| include.covers(candidate)))
            && (!read_only || matches!(candidate.method, "GET" | "HEAD"))
    };
    Ok(candidates.iter().map(chosen).collect())
}
