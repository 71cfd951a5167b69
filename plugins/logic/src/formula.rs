//! Formulas of first-order and deontic logic.

use std::collections::{BTreeMap, BTreeSet};

use tandem_sdk::prelude::*;

/// A term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// A variable, bound or free.
    Var(String),
    /// A function with its arguments; a constant has none.
    App(String, Vec<Term>),
}

/// Which quantifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Exists,
}

/// Which deontic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modal {
    Obligatory,
    Permitted,
    Forbidden,
}

/// A formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Formula {
    True,
    False,
    Pred(String, Vec<Term>),
    Equal(Term, Term),
    Not(Box<Formula>),
    And(Vec<Formula>),
    Or(Vec<Formula>),
    Implies(Box<Formula>, Box<Formula>),
    Iff(Box<Formula>, Box<Formula>),
    Quant(Quantifier, Vec<String>, Box<Formula>),
    Modal(Modal, Box<Formula>),
}

impl Formula {
    pub(crate) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The formulas directly below.
    pub(crate) fn children(&self) -> Vec<&Formula> {
        match self {
            Self::True | Self::False | Self::Pred(..) | Self::Equal(..) => Vec::new(),
            Self::Not(body) | Self::Quant(_, _, body) | Self::Modal(_, body) => vec![body],
            Self::And(parts) | Self::Or(parts) => parts.iter().collect(),
            Self::Implies(left, right) | Self::Iff(left, right) => vec![left, right],
        }
    }

    /// Levels of operators.
    pub(crate) fn depth(&self) -> usize {
        1 + self.children().into_iter().map(Self::depth).max().unwrap_or(0)
    }

    /// Whether this or a part of it is so.
    pub(crate) fn any(&self, is: fn(&Formula) -> bool) -> bool {
        is(self) || self.children().into_iter().any(|child| child.any(is))
    }

    pub(crate) fn is_modal(&self) -> bool {
        self.any(|part| matches!(part, Self::Modal(..)))
    }

    /// Variables that no quantifier binds.
    pub(crate) fn free_variables(&self) -> BTreeSet<String> {
        let mut free = BTreeSet::new();
        self.collect_free(&mut Vec::new(), &mut free);
        free
    }

    fn collect_free(&self, bound: &mut Vec<String>, free: &mut BTreeSet<String>) {
        match self {
            Self::Pred(_, args) => args.iter().for_each(|arg| arg.collect_free(bound, free)),
            Self::Equal(left, right) => {
                left.collect_free(bound, free);
                right.collect_free(bound, free);
            }
            Self::Quant(_, variables, body) => {
                let before = bound.len();
                bound.extend(variables.iter().cloned());
                body.collect_free(bound, free);
                bound.truncate(before);
            }
            _ => self.children().into_iter().for_each(|child| child.collect_free(bound, free)),
        }
    }
}

impl Term {
    fn collect_free(&self, bound: &[String], free: &mut BTreeSet<String>) {
        match self {
            Self::Var(name) if !bound.contains(name) => {
                free.insert(name.clone());
            }
            Self::Var(_) => {}
            Self::App(_, args) => args.iter().for_each(|arg| arg.collect_free(bound, free)),
        }
    }
}

/// The symbols of formulas, by name, with their numbers of arguments.
#[derive(Debug, Default)]
pub(crate) struct Signature {
    pub(crate) predicates: BTreeMap<String, usize>,
    pub(crate) functions: BTreeMap<String, usize>,
}

impl Signature {
    /// Adds the symbols of a formula. A symbol with two numbers of arguments is an error.
    pub(crate) fn add(&mut self, formula: &Formula) -> Result<(), String> {
        match formula {
            Formula::Pred(name, args) => {
                note(&mut self.predicates, "predicate", name, args.len())?;
                args.iter().try_for_each(|arg| self.add_term(arg))
            }
            Formula::Equal(left, right) => {
                self.add_term(left)?;
                self.add_term(right)
            }
            _ => formula.children().into_iter().try_for_each(|child| self.add(child)),
        }
    }

    fn add_term(&mut self, term: &Term) -> Result<(), String> {
        let Term::App(name, args) = term else { return Ok(()) };
        note(&mut self.functions, "function or constant", name, args.len())?;
        args.iter().try_for_each(|arg| self.add_term(arg))
    }
}

fn note(symbols: &mut BTreeMap<String, usize>, what: &str, name: &str, count: usize) -> Result<(), String> {
    let known = *symbols.entry(name.to_owned()).or_insert(count);
    if known == count {
        return Ok(());
    }
    Err(format!("the {what} `{name}` has {known} arguments in one place and {count} in another; use two names"))
}

/// Refuses formulas whose free variables make it unclear what is meant.
pub(crate) fn check_closed(what: &str, formula: &Formula) -> Result<()> {
    match formula.free_variables().into_iter().next() {
        None => Ok(()),
        Some(name) => Err(Error::invalid_arguments(format!(
            "{what} has the free variable `{name}`: bind it with `forall {name}.` or `exists {name}.`; for a constant use another \
             name, or write '{name}' in quotes"
        ))),
    }
}
