//! Which entries a call means: names and glob patterns.

use fast_glob::{glob_match, validate};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_NEIGHBOURS, MAX_PATTERN_BYTES, MAX_PATTERNS},
};

/// Patterns, and which of them matched.
#[derive(Debug)]
pub(crate) struct Patterns {
    patterns: Vec<(String, bool)>,
    nearest: Option<(f64, String)>,
    compared: usize,
}

impl Patterns {
    /// `argument` is what the caller knows the list by.
    pub(crate) fn new(argument: &str, patterns: Vec<String>) -> Result<Self> {
        if patterns.len() > MAX_PATTERNS {
            return Err(Fault::Argument(format!("`{argument}` has more than {MAX_PATTERNS} patterns")));
        }
        if let Some(bad) = patterns.iter().find(|pattern| pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES) {
            let bad: String = bad.chars().take(40).collect();
            return Err(Fault::Argument(format!(
                "`{argument}`: `{bad}` is not a pattern of 1 to {MAX_PATTERN_BYTES} bytes, as `docs/**/*.md`"
            )));
        }
        if let Some((pattern, error)) = patterns.iter().find_map(|pattern| Some((pattern, validate(pattern).err()?))) {
            return Err(Fault::Argument(format!("`{argument}`: `{pattern}` is not a glob pattern: {error}")));
        }
        let patterns = patterns.into_iter().map(|pattern| (pattern.trim_end_matches('/').to_owned(), false)).collect();
        Ok(Self { patterns, nearest: None, compared: 0 })
    }

    /// Whether there is none, which means all entries to `include` and none to `exclude`.
    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a pattern fits the name or a folder above it.
    pub(crate) fn matches(&mut self, name: &str) -> bool {
        let mut found = false;
        for (pattern, used) in &mut self.patterns {
            let below =
                name.strip_prefix(pattern.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if below || glob_match(pattern.as_str(), name) {
                *used = true;
                found = true;
            } else if !*used && self.compared < MAX_NEIGHBOURS {
                self.compared += 1;
                let score = strsim::jaro_winkler(pattern, name);
                if self.nearest.as_ref().is_none_or(|(best, _)| score > *best) {
                    self.nearest = Some((score, name.to_owned()));
                }
            }
        }
        found
    }

    /// An error for a pattern that fits no entry.
    pub(crate) fn all_used(&self, argument: &str) -> Result<()> {
        let Some((pattern, _)) = self.patterns.iter().find(|(_, used)| !used) else { return Ok(()) };
        let near = self.nearest.as_ref().map(|(_, name)| format!("; the nearest is `{name}`")).unwrap_or_default();
        Err(Fault::NotFound(format!("`{argument}`: no entry matches `{pattern}`{near}")))
    }
}
