//! Globs: `*.rs` fits names at any depth, `src/**/*.rs` fits paths from the start of the search.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use tandem_sdk::prelude::*;

use crate::limits::{MAX_GLOB_BYTES, MAX_GLOBS};

/// A list of globs, of which one must fit.
#[derive(Debug)]
pub(crate) struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

impl Globs {
    /// Those of an argument; none of an empty list.
    pub(crate) fn new(argument: &str, globs: &[String], any_case: bool) -> Result<Option<Self>> {
        if globs.is_empty() {
            return Ok(None);
        }
        if globs.len() > MAX_GLOBS {
            return Err(Error::invalid_arguments(format!(
                "`{argument}` has {} globs: give at most {MAX_GLOBS}",
                globs.len()
            )));
        }
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for text in globs {
            if text.is_empty() || text.len() > MAX_GLOB_BYTES {
                return Err(Error::invalid_arguments(format!(
                    "`{argument}`: a glob has 1 to {MAX_GLOB_BYTES} bytes, as `*.rs` or `src/**/*.{{js,ts}}`"
                )));
            }
            let glob = GlobBuilder::new(text.trim_start_matches("./"))
                .literal_separator(true)
                .case_insensitive(any_case)
                .build()
                .map_err(|error| Error::invalid_arguments(format!("`{argument}`: {error}")))?;
            if text.contains('/') {
                paths.add(glob)
            } else {
                names.add(glob)
            };
        }
        let build = |set: GlobSetBuilder| {
            set.build().map_err(|error| Error::invalid_arguments(format!("`{argument}`: {error}")))
        };
        Ok(Some(Self { names: build(names)?, paths: build(paths)? }))
    }

    /// Whether one fits the entry: its name, its path from the start of the search, or its whole path.
    pub(crate) fn fit(&self, name: &str, below: &str, path: &str) -> bool {
        self.names.is_match(name) || self.paths.is_match(below) || self.paths.is_match(path)
    }
}
