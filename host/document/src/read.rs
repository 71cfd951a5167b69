//! The reading itself: fill the type, note what does not fit, take it out, go on; then the rules that types
//! alone do not hold.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use tandem_types::text::nearest;

use super::{
    MAX_ERRORS, ManifestErrors,
    de::{Misfit, NodeDeserializer},
    tree::{Location, Node, Step, Tree},
};

/// Rules of a value that its types do not hold.
pub trait Check {
    /// Reports everything that breaks a rule.
    fn check(&self, findings: &mut Findings);
}

/// Broken rules, each under the way to its value.
#[derive(Debug, Default)]
pub struct Findings {
    at: Vec<Step>,
    list: Vec<(Vec<Step>, String)>,
}

impl Findings {
    /// Reports at a key of the present table; `""` is the table itself.
    pub fn report(&mut self, key: &str, message: impl Into<String>) {
        // A bound far over what is shown keeps a hostile file from filling memory with findings.
        if self.list.len() < 4 * MAX_ERRORS {
            let mut way = self.at.clone();
            way.extend((!key.is_empty()).then(|| Step::Key(key.to_owned())));
            self.list.push((way, message.into()));
        }
    }

    /// Looks at the table or list under `key`.
    pub fn within(&mut self, key: &str, look: impl FnOnce(&mut Self)) {
        self.down(Step::Key(key.to_owned()), look);
    }

    /// Looks at each element of the list under `key`.
    pub fn each<T>(&mut self, key: &str, list: &[T], mut look: impl FnMut(&mut Self, &T)) {
        self.within(key, |findings| {
            for (index, element) in list.iter().enumerate() {
                findings.down(Step::Index(index), |findings| look(findings, element));
            }
        });
    }

    /// Reports a value outside its bounds; `why` is the reason of the bounds.
    pub fn range<T: PartialOrd + Display>(&mut self, key: &str, value: &T, min: &T, max: &T, why: &str) {
        if value < min || value > max {
            self.report(key, format!("{value} is outside {min} to {max}: {why}"));
        }
    }

    /// Reports a list that is longer than `max`.
    pub fn at_most(&mut self, key: &str, length: usize, max: usize) {
        if length > max {
            self.report(key, format!("{length} entries; the limit is {max}"));
        }
    }

    /// Reports a text that is longer than `max` bytes or has control characters.
    pub fn line(&mut self, key: &str, text: &str, max: usize) {
        if text.len() > max {
            self.report(key, format!("{} bytes; the limit is {max}", text.len()));
        } else if text.chars().any(char::is_control) {
            self.report(key, "control characters are not allowed; write one plain line");
        }
    }

    fn down(&mut self, step: Step, look: impl FnOnce(&mut Self)) {
        self.at.push(step);
        look(self);
        self.at.pop();
    }

    /// The first finding as one line, for values that were not written by hand.
    pub fn into_first(self) -> Option<String> {
        self.list.into_iter().next().map(|(way, message)| format!("{}: {message}", dotted(&way)))
    }
}

fn dotted(way: &[Step]) -> String {
    let steps: Vec<String> = way
        .iter()
        .map(|step| match step {
            Step::Key(key) => tandem_types::text::shown(key),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    steps.join(".")
}

/// Reads a value from a tree, or says everything that is wrong with it.
pub fn read<T: DeserializeOwned + Check>(tree: &Tree) -> Result<T, ManifestErrors> {
    let mut errors = tree.errors.clone();
    let mut root = tree.root.clone();
    let mut removed: Vec<Vec<Step>> = Vec::new();
    let value = loop {
        match T::deserialize(NodeDeserializer(&root)) {
            Ok(value) => break Some(value),
            Err(misfit) => {
                let path: Vec<Step> = misfit.way_up.iter().rev().cloned().collect();
                if !misfit.silent && !follows(&misfit, &path, &removed) {
                    errors.push(tree.error_at(&place(&root, &path, &misfit), misfit.message, misfit.help));
                }
                if errors.len() >= MAX_ERRORS || !root.remove(&path) {
                    break None;
                }
                forget_shifted(&mut removed, &path);
                removed.push(path);
            }
        }
    };
    if let Some(value) = &value {
        let mut findings = Findings::default();
        value.check(&mut findings);
        for (way, message) in findings.list {
            if removed.iter().any(|gone| gone.starts_with(&way) || way.starts_with(gone)) {
                continue;
            }
            let (node, whole) = root.nearest(&way);
            let place = if whole { &node.place } else { &node.key };
            let message = if whole { message } else { format!("{}: {message}", dotted(&way)) };
            errors.push(tree.error_at(place, message, None));
        }
    }
    match (value, ManifestErrors::new(errors)) {
        (Some(value), None) => Ok(value),
        (_, Some(errors)) => Err(errors),
        // Unreachable: the value is missing only after an error was noted, or hidden behind one that was.
        (None, None) => {
            let message = "cannot parse the document".to_owned();
            Err(tree.error_at(&Location::default(), message, None).into())
        }
    }
}

/// Whether a key is missing only because it was taken out for an error of its own, or was misspelt.
fn follows(misfit: &Misfit, path: &[Step], removed: &[Vec<Step>]) -> bool {
    let Some(missing) = misfit.missing else { return false };
    removed.iter().any(|gone| match gone.split_last() {
        Some((Step::Key(key), table)) => table == path && nearest(key, [missing]).is_some(),
        _ => false,
    })
}

/// Elements behind a removed one move up: what is known of the old indices is no longer true.
fn forget_shifted(removed: &mut Vec<Vec<Step>>, path: &[Step]) {
    if let Some((Step::Index(_), list)) = path.split_last() {
        removed.retain(|gone| !(gone.len() > list.len() && gone.starts_with(list)));
    }
}

fn place(root: &Node, path: &[Step], misfit: &Misfit) -> Location {
    let (node, _) = root.nearest(path);
    if misfit.at_key || misfit.missing.is_some() { node.key.clone() } else { node.place.clone() }
}
