//! What is wrong with a file that can be read all the same.

use crate::limits::MAX_ISSUES;

/// Problems, of which the first are kept and all are counted.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    pub(crate) listed: Vec<String>,
    pub(crate) more: u64,
}

impl Issues {
    /// A problem of a line.
    pub(crate) fn add(&mut self, line: u64, what: impl std::fmt::Display) {
        self.say(format!("line {line}: {what}"));
    }

    /// A problem.
    pub(crate) fn say(&mut self, what: String) {
        if self.listed.len() < MAX_ISSUES {
            self.listed.push(what);
        } else {
            self.more += 1;
        }
    }
}
