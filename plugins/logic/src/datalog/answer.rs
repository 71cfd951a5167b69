//! The answers of a query, in pages.

use tandem_sdk::prelude::*;

use super::eval::evaluate;
use super::program::{Condition, Constant, Program};
use super::read;
use crate::model::Answers;
use crate::nearest::nearest;

/// Predicates without facts and rules that are named.
const MAX_UNDEFINED: usize = 20;

/// What the program says about the query.
pub(crate) fn answer(ctx: &Ctx, program: &str, query: &str, limit: u32, cursor: Option<&str>) -> Result<Answers> {
    let mut program =
        read::program(program).map_err(|error| Error::invalid_arguments(format!("`program`: {error}")))?;
    let defined = program.defined();
    let asked = read::query(query, &mut program);
    let (predicate, columns) = asked.map_err(|error| Error::invalid_arguments(format!("`query`: {error}")))?;
    let from: usize = match cursor {
        None => 0,
        Some(cursor) => cursor
            .parse()
            .map_err(|_| Error::invalid_arguments("`cursor` must be the `next_cursor` of the page before"))?,
    };
    let is_defined = |predicate: usize| defined.contains(&predicate);
    check_query(&program, &is_defined)?;
    let undefined = undefined(&program, &is_defined);
    let evaluation = evaluate(ctx, &program)?;
    let tuples = evaluation.relations.get(predicate).map(|relation| relation.tuples()).unwrap_or_default();
    let constant = |id: &u32| program.constants.get(*id as usize);
    let mut rows: Vec<Vec<&Constant>> =
        tuples.iter().map(|tuple| tuple.iter().filter_map(constant).collect()).collect();
    rows.sort_unstable();
    let end = from.saturating_add(limit as usize);
    let total = rows.len();
    let derived = evaluation.derived.saturating_sub(u32::try_from(total).unwrap_or(u32::MAX));
    Ok(Answers {
        holds: total > 0,
        rows: rows.into_iter().skip(from).take(limit as usize).map(|row| row.into_iter().map(json).collect()).collect(),
        columns,
        total_rows: u32::try_from(total).unwrap_or(u32::MAX),
        derived,
        undefined,
        next_cursor: (end < total).then(|| end.to_string()),
    })
}

fn json(constant: &Constant) -> Value {
    match constant {
        Constant::Int(number) => (*number).into(),
        Constant::Name(name) => name.as_str().into(),
    }
}

/// Refuses a query for what the program does not say anything about.
fn check_query(program: &Program, is_defined: &dyn Fn(usize) -> bool) -> Result<()> {
    let Some(query) = program.rules.last() else { return Ok(()) };
    for condition in &query.body {
        let (Condition::Holds(atom) | Condition::Not(atom)) = condition else { continue };
        if is_defined(atom.predicate) {
            continue;
        }
        let name =
            |predicate: usize| program.predicates.get(predicate).map(|one| one.name.as_str()).unwrap_or_default();
        let names = (0..program.predicates.len()).filter(|one| is_defined(*one)).map(name);
        let asked = name(atom.predicate);
        let near = nearest(asked, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(Error::not_found(format!("`query`: `{asked}` has no facts and no rules in `program`{near}")));
    }
    Ok(())
}

/// Predicates in conditions that have no facts and no rules.
fn undefined(program: &Program, is_defined: &dyn Fn(usize) -> bool) -> Vec<String> {
    // The last predicate and rule are those of the query.
    let count = program.predicates.len().saturating_sub(1);
    let names = program.predicates.iter().take(count).enumerate().filter(|(id, _)| !is_defined(*id));
    names.map(|(_, predicate)| predicate.name.clone()).take(MAX_UNDEFINED).collect()
}
