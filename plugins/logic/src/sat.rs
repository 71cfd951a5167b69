//! Satisfiability of propositional formulas and clauses.

use std::collections::BTreeMap;
use std::time::Instant;

use tandem_sdk::prelude::*;

use crate::formula::{Formula, Signature, check_closed};
use crate::limits::MAX_SAT_VARIABLES;
use crate::model::{Satisfiability, Satisfiable};
use crate::normal::Problem;
use crate::prove::Bounds;
use crate::show;
use crate::solver::{self, Outcome};
use crate::symbols::Kind;
use crate::term::Literal;

/// Clauses over numbered variables.
#[derive(Debug)]
pub(crate) struct Clauses {
    pub(crate) clauses: Vec<Vec<i32>>,
    /// Names of the first variables, from 1; the others are not shown.
    pub(crate) names: Vec<String>,
    /// Whether the names are numbers, which `-` negates.
    pub(crate) numbers: bool,
    /// Variables without names.
    pub(crate) extra: usize,
}

/// The clauses of formulas without quantifiers; an atom is a letter, whatever its arguments.
pub(crate) fn from_formulas(formulas: &[Formula]) -> Result<Clauses> {
    let mut signature = Signature::default();
    let mut problem = Problem::new(false);
    for (index, formula) in formulas.iter().enumerate() {
        let label = format!("`formulas` item {}", index + 1);
        if formula.any(|part| matches!(part, Formula::Quant(..) | Formula::Equal(..) | Formula::Modal(..))) {
            return Err(Error::invalid_arguments(format!(
                "{label} is not propositional: it has a quantifier, `=` or a deontic operator; use `logic_prove` for these"
            )));
        }
        check_closed(&label, formula)?;
        signature.add(formula).map_err(|error| Error::invalid_arguments(format!("{label}: {error}")))?;
        problem.add(formula, true, index).map_err(Error::invalid_arguments)?;
    }
    Ok(numbered(&problem))
}

/// Numbers for the atoms of the clauses: first those of the formulas, then the names of parts.
fn numbered(problem: &Problem) -> Clauses {
    let mut numbers: BTreeMap<Literal, i32> = BTreeMap::new();
    let mut names = Vec::new();
    for kind in [Kind::Given, Kind::Made] {
        let literals = problem.clauses.iter().flat_map(|(clause, _)| clause);
        for literal in literals {
            let atom = Literal { positive: true, ..literal.clone() };
            let symbol = problem.predicates.get(atom.predicate as usize);
            if symbol.is_none_or(|symbol| symbol.kind != kind) || numbers.contains_key(&atom) {
                continue;
            }
            if kind == Kind::Given {
                names.push(show::clause(problem, std::slice::from_ref(&atom)));
            }
            let next = i32::try_from(numbers.len() + 1).unwrap_or(i32::MAX);
            numbers.insert(atom, next);
        }
    }
    let number = |literal: &Literal| {
        let atom = Literal { positive: true, ..literal.clone() };
        let number = numbers.get(&atom).copied().unwrap_or_default();
        if literal.positive { number } else { -number }
    };
    let clauses = problem.clauses.iter().map(|(clause, _)| clause.iter().map(number).collect()).collect();
    let extra = numbers.len().saturating_sub(names.len());
    Clauses { clauses, names, numbers: false, extra }
}

/// Solves the clauses, within the bounds.
pub(crate) fn solve(
    ctx: &Ctx,
    problem: &Clauses,
    limit: u32,
    conflicts: u32,
    bounds: Bounds,
) -> Result<Satisfiability> {
    let variables = problem.names.len() + problem.extra;
    if variables > MAX_SAT_VARIABLES {
        return Err(Error::invalid_arguments(format!(
            "the normal form has {variables} variables; at most {MAX_SAT_VARIABLES} are solved"
        )));
    }
    let check = || !ctx.cancelled() && Instant::now() < bounds.until;
    let outcome = solver::solve(variables, &problem.clauses, conflicts.into(), &check);
    ctx.check()?;
    let unknown = |bound: &str| (Satisfiable::Unknown, Some(format!("the bound `{bound}` was reached")));
    let (result, reason) = match outcome {
        Outcome::Model(_) => (Satisfiable::Satisfiable, None),
        Outcome::Unsatisfiable => (Satisfiable::Unsatisfiable, None),
        Outcome::Conflicts => unknown("max_conflicts"),
        Outcome::Stopped => unknown("timeout_ms"),
    };
    let values = match outcome {
        Outcome::Model(values) => values,
        _ => Vec::new(),
    };
    let not = if problem.numbers { "-" } else { "~" };
    let shown = problem.names.iter().zip(values).take(limit as usize);
    Ok(Satisfiability {
        result,
        reason,
        model: shown.map(|(name, value)| if value { name.clone() } else { format!("{not}{name}") }).collect(),
        variables: u32::try_from(problem.names.len()).unwrap_or(u32::MAX),
        clauses: u32::try_from(problem.clauses.len()).unwrap_or(u32::MAX),
    })
}
