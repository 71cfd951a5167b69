//! Steps: what turns one table into another. They run in the order in which they are given.
//!
//! `filter`, `select`, `drop`, `rename`, `map` and `limit` stream: they hold one batch. `group` holds one
//! entry a group, `join` its right side, `distinct` its keys, `top` the best rows of each group, `sort` its rows (only the best
//! ones before a `limit`). What
//! is held comes out of one budget of [`crate::meter::MAX_HELD_BYTES`] a call; beyond it the step fails by name.

mod aggregate;
mod distinct;
mod join;
mod needed;
mod row;
mod sort;
mod step;
mod table;
mod top;

pub use aggregate::{Aggregate, Function};
pub use join::{JoinKind, JoinOn};
pub use needed::needed;
pub use sort::{Nulls, SortKey};
pub use step::Step;
pub use table::{Context, Table};

use crate::{
    error::{Error, Result},
    reader::RowStream,
};

/// Steps of a call at most.
pub const MAX_STEPS: usize = 32;

/// Puts `steps` behind `stream`, checking each against the columns that it gets.
pub fn apply(mut stream: Box<dyn RowStream>, steps: Vec<Step>, context: &Context<'_>) -> Result<Box<dyn RowStream>> {
    if steps.len() > MAX_STEPS {
        return Err(Error::Bound(format!("there are at most {MAX_STEPS} steps in a call")));
    }
    let mut steps = steps.into_iter().enumerate().peekable();
    while let Some((at, step)) = steps.next() {
        let kept = match steps.peek() {
            Some((_, Step::Limit { count, offset })) => Some(count.saturating_add(*offset)),
            _ => None,
        };
        stream = one(stream, step, kept, context).map_err(|error| in_step(error, at))?;
    }
    Ok(stream)
}

/// Says which step an error is about.
fn in_step(error: Error, at: usize) -> Error {
    match error {
        Error::Invalid(message) => Error::Invalid(format!("step {}: {message}", at + 1)),
        other => other,
    }
}

fn one(stream: Box<dyn RowStream>, step: Step, kept: Option<u64>, context: &Context<'_>) -> Result<Box<dyn RowStream>> {
    Ok(match step {
        Step::Filter { condition } => Box::new(row::Filter::new(stream, &condition)?),
        Step::Select { columns } => Box::new(row::Select::new(stream, &columns)?),
        Step::Drop { columns } => Box::new(row::Select::without(stream, &columns)?),
        Step::Rename { columns } => Box::new(row::Rename::new(stream, &columns)?),
        Step::Map { column, expr } => Box::new(row::Map::new(stream, column, &expr)?),
        Step::Limit { count, offset } => Box::new(row::Limit::new(stream, count, offset)),
        Step::Sort { by } => Box::new(sort::Sort::new(stream, &by, kept, context.budget.clone())?),
        Step::Group { by, aggregates } => {
            Box::new(aggregate::Group::new(stream, &by, &aggregates, context.budget.clone())?)
        }
        Step::Join { with, on, how, suffix } => Box::new(join::Join::new(stream, with, &on, how, &suffix, context)?),
        Step::Top { by, per, n, ascending, rank } => {
            let wanted = top::Wanted { by: &by, per: &per, n, ascending, rank };
            Box::new(top::Top::new(stream, wanted, context.budget.clone())?)
        }
        Step::Distinct { columns } => {
            Box::new(distinct::Distinct::new(stream, columns.as_deref(), context.budget.clone())?)
        }
    })
}
