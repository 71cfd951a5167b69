//! Programs: facts and rules over numbered constants, variables and predicates.

use std::collections::{BTreeSet, HashMap};

use crate::limits::{MAX_ARGUMENTS, MAX_PREDICATES};

/// A constant. Integers come before names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Constant {
    Int(i64),
    Name(String),
}

/// An argument; variables are numbered within a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    Var(usize),
    Const(u32),
}

/// A predicate with arguments.
#[derive(Clone, Debug)]
pub(crate) struct Atom {
    pub(crate) predicate: usize,
    pub(crate) args: Vec<Arg>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A condition of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Holds(Atom),
    Not(Atom),
    Compare(Compare, Arg, Arg),
}

/// A rule, with the line where it starts.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) head: Atom,
    pub(crate) body: Vec<Condition>,
    /// Names of the variables, by their numbers; `_` each time anew.
    pub(crate) variables: Vec<String>,
    pub(crate) line: usize,
}

/// A predicate.
#[derive(Debug)]
pub(crate) struct Predicate {
    pub(crate) name: String,
    pub(crate) arity: usize,
}

/// Facts and rules.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) facts: Vec<(usize, Vec<u32>)>,
    pub(crate) rules: Vec<Rule>,
    predicate_ids: HashMap<String, usize>,
    constant_ids: HashMap<Constant, u32>,
}

impl Program {
    /// The number of a predicate. Refuses one with another number of arguments than before.
    pub(crate) fn predicate(&mut self, name: &str, arity: usize) -> Result<usize, String> {
        if arity > MAX_ARGUMENTS {
            return Err(format!("`{name}` has {arity} arguments; at most {MAX_ARGUMENTS} are read"));
        }
        let Some(id) = self.predicate_ids.get(name).copied() else {
            let id = self.predicates.len();
            if id >= MAX_PREDICATES {
                return Err(format!("there are more than {MAX_PREDICATES} predicates"));
            }
            self.predicates.push(Predicate { name: name.to_owned(), arity });
            self.predicate_ids.insert(name.to_owned(), id);
            return Ok(id);
        };
        let known = self.predicates.get(id).map_or(arity, |predicate| predicate.arity);
        if known == arity {
            return Ok(id);
        }
        Err(format!("`{name}` has {known} arguments in one place and {arity} in another; use two names"))
    }

    pub(crate) fn constant(&mut self, constant: Constant) -> u32 {
        if let Some(id) = self.constant_ids.get(&constant) {
            return *id;
        }
        let id = u32::try_from(self.constants.len()).unwrap_or(u32::MAX);
        self.constants.push(constant.clone());
        self.constant_ids.insert(constant, id);
        id
    }

    /// Predicates that have a fact or a rule.
    pub(crate) fn defined(&self) -> BTreeSet<usize> {
        let heads = self.rules.iter().map(|rule| rule.head.predicate);
        self.facts.iter().map(|(predicate, _)| *predicate).chain(heads).collect()
    }
}
