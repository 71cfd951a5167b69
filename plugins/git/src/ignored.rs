//! Which files of a work tree are ignored: `.gitignore` of each directory and `info/exclude` of the repository. The ignore file of
//! a user (`core.excludesFile`) is outside of the granted directories and not read.

use std::path::Path;

use gix_glob::pattern::Case;
use gix_ignore::{Search, search::Ignore};
use tandem_sdk::prelude::*;

use crate::{limits::MAX_TEXT_FILE_BYTES, place, repository::Repository};

/// The patterns of the directories that a walk is in.
pub(crate) struct Ignored {
    search: Search,
    case: Case,
}

impl Ignored {
    pub(crate) fn new(repository: &Repository) -> Result<Self> {
        let case = if repository.ignore_case { Case::Fold } else { Case::Sensitive };
        let mut ignored = Self { search: Search::default(), case };
        ignored.add(&repository.common_dir.join("info/exclude"), None)?;
        Ok(ignored)
    }

    fn add(&mut self, path: &Path, root: Option<&Path>) -> Result<bool> {
        let Some(bytes) = place::read_if_there(path, MAX_TEXT_FILE_BYTES)? else { return Ok(false) };
        self.search
            .add_patterns_buffer(&bytes, path, root, Ignore::default())
            .map_err(|error| place::failed(path, &error))?;
        Ok(true)
    }

    /// Adds the patterns of a directory that the walk goes into; whether it has any.
    pub(crate) fn enter(&mut self, directory: &Path, work_tree: &Path) -> Result<bool> {
        let path = directory.join(".gitignore");
        // As git: a link is not followed.
        if path.is_symlink() {
            return Ok(false);
        }
        self.add(&path, Some(work_tree))
    }

    /// Removes what `enter` added.
    pub(crate) fn leave(&mut self, entered: bool) {
        if entered {
            self.search.patterns.pop();
        }
    }

    pub(crate) fn is_ignored(&self, path: &str, is_directory: bool) -> bool {
        self.search
            .pattern_matching_relative_path(path.into(), Some(is_directory), self.case)
            .is_some_and(|found| !found.pattern.is_negative())
    }
}
