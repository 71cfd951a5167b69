//! Query plans.

use graphitesql::Value;
use tandem_sdk::prelude::*;

use crate::{
    bind::{self, Given},
    fault::Result,
    query,
    source::Data,
};

/// A step of a plan.
#[output]
#[derive(Debug)]
pub(crate) struct Step {
    /// Its number.
    pub id: i64,
    /// The number of the step that it is part of; 0 for the query itself.
    pub parent: i64,
    /// What is done, as `SCAN sales` (all rows are read) or `SEARCH sales USING INDEX …` (some are).
    pub detail: String,
}

/// How a query would be run.
#[output]
#[derive(Debug)]
pub(crate) struct Plan {
    /// The steps, as EXPLAIN QUERY PLAN of SQLite names them.
    pub steps: Vec<Step>,
    /// Tables that are read from the first to the last row, which an index on the columns of WHERE or ON avoids.
    pub full_scans: u64,
}

/// Plans it.
pub(crate) fn run(ctx: &Ctx, sql: &str, data: Data, given: &Given) -> Result<Plan> {
    let checked = query::checked(sql)?;
    let params = bind::bind(&checked.params, given)?;
    let mut source = data.open(ctx)?;
    source.prepare(&checked.text)?;
    let answer = source.query(&format!("EXPLAIN QUERY PLAN {}", checked.text), &params)?;
    let steps: Vec<Step> = answer.rows.into_iter().filter_map(step).collect();
    let full_scans = steps.iter().filter(|step| step.detail.starts_with("SCAN ")).count() as u64;
    Ok(Plan { steps, full_scans })
}

fn step(row: Vec<Value>) -> Option<Step> {
    let number = |at: usize| match row.get(at) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    };
    match row.last() {
        Some(Value::Text(detail)) => {
            Some(Step { id: number(0)?, parent: number(1)?, detail: detail.to_str_lossy().into_owned() })
        }
        _ => None,
    }
}
