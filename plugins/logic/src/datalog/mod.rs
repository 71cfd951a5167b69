//! Datalog: facts and rules, with negation and comparisons; evaluated bottom-up.

mod answer;
mod eval;
mod plan;
mod program;
mod read;
mod relation;
mod strata;
mod tokens;

pub(crate) use answer::answer;
