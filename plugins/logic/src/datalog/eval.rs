//! Evaluation, stratum by stratum, each to its fixed point; a round joins with what the round before found (semi-naive; Abiteboul,
//! Hull and Vianu, Foundations of Databases, 1995).

use std::ops::Range;

use tandem_sdk::prelude::*;

use super::plan::{Column, Plan, Step, plan};
use super::program::{Arg, Atom, Compare, Condition, Constant, Program};
use super::relation::Relation;
use super::strata::strata;
use crate::limits::{MAX_INDEXED, MAX_JOINS, MAX_TUPLES};

/// Looked-at tuples between two checks whether the call is cancelled.
const CHECK_EVERY: u64 = 65_536;

/// The state of an evaluation.
pub(crate) struct Evaluation<'a> {
    ctx: &'a Ctx,
    constants: &'a [Constant],
    pub(crate) relations: Vec<Relation>,
    /// Of each predicate, the tuples that the last round found.
    new: Vec<Range<usize>>,
    joins: u64,
    pub(crate) derived: u32,
    indexed: usize,
}

/// Derives all that follows.
pub(crate) fn evaluate<'a>(ctx: &'a Ctx, program: &'a Program) -> Result<Evaluation<'a>> {
    let strata = strata(program).map_err(Error::invalid_arguments)?;
    let stratum = |predicate: usize| strata.get(predicate).copied().unwrap_or_default();
    let count = program.predicates.len();
    let mut evaluation = Evaluation {
        ctx,
        constants: &program.constants,
        relations: std::iter::repeat_with(Relation::default).take(count).collect(),
        new: vec![0..0; count],
        joins: 0,
        derived: 0,
        indexed: 0,
    };
    for (predicate, tuple) in &program.facts {
        if let Some(relation) = evaluation.relations.get_mut(*predicate) {
            relation.insert(tuple);
        }
    }
    for level in 0..=strata.iter().max().copied().unwrap_or_default() {
        let (mut first, mut again) = (Vec::new(), Vec::new());
        for rule in program.rules.iter().filter(|rule| stratum(rule.head.predicate) == level) {
            first.push(plan(program, rule, None).map_err(Error::invalid_arguments)?);
            for (number, condition) in rule.body.iter().enumerate() {
                if matches!(condition, Condition::Holds(atom) if stratum(atom.predicate) == level) {
                    again.push(plan(program, rule, Some(number)).map_err(Error::invalid_arguments)?);
                }
            }
        }
        evaluation.fixed_point(&first, &again)?;
    }
    Ok(evaluation)
}

impl Evaluation<'_> {
    fn fixed_point(&mut self, first: &[Plan], again: &[Plan]) -> Result<()> {
        let mut before: Vec<usize> = self.relations.iter().map(Relation::len).collect();
        first.iter().try_for_each(|plan| self.apply(plan))?;
        loop {
            let after: Vec<usize> = self.relations.iter().map(Relation::len).collect();
            if after == before {
                return Ok(());
            }
            self.new = before.iter().zip(&after).map(|(from, to)| *from..*to).collect();
            before = after;
            self.ctx.progress(f64::from(self.derived), None, "deriving tuples");
            again.iter().try_for_each(|plan| self.apply(plan))?;
        }
    }

    /// Adds what one rule derives now.
    fn apply(&mut self, plan: &Plan) -> Result<()> {
        self.count_join()?;
        for step in &plan.steps {
            if let Step::Scan { predicate, new_only: true, .. } = step
                && self.new.get(*predicate).is_none_or(Range::is_empty)
            {
                return Ok(());
            }
            if let Step::Scan { predicate, bound, new_only: false, .. } = step
                && !bound.is_empty()
                && let Some(relation) = self.relations.get_mut(*predicate)
            {
                self.indexed += relation.index(bound, MAX_INDEXED.saturating_sub(self.indexed));
            }
        }
        let mut found = Relation::default();
        self.join(plan, 0, &mut vec![0; plan.variables], &mut found)?;
        let Some(relation) = self.relations.get_mut(plan.head.predicate) else { return Ok(()) };
        for tuple in found.tuples() {
            self.derived += u32::from(relation.insert(tuple));
        }
        Ok(())
    }

    fn join(&mut self, plan: &Plan, at: usize, values: &mut Vec<u32>, found: &mut Relation) -> Result<()> {
        let Some(step) = plan.steps.get(at) else { return self.emit(&plan.head, values, found) };
        match step {
            Step::Absent(atom) => {
                let tuple = ground(atom, values);
                if !self.relations.get(atom.predicate).is_some_and(|relation| relation.contains(&tuple)) {
                    self.join(plan, at + 1, values, found)?;
                }
            }
            Step::Compare(compare, left, right) => {
                if self.compares(*compare, value(*left, values), value(*right, values)) {
                    self.join(plan, at + 1, values, found)?;
                }
            }
            Step::Scan { predicate, columns, bound, new_only } => {
                let Some(relation) = self.relations.get(*predicate) else { return Ok(()) };
                let key: Vec<u32> = bound.iter().filter_map(|column| known(columns.get(*column)?, values)).collect();
                let indexed = if *new_only || bound.is_empty() {
                    None
                } else {
                    relation.find(bound, &key).map(<[usize]>::to_vec)
                };
                let range =
                    if *new_only { self.new.get(*predicate).cloned().unwrap_or_default() } else { 0..relation.len() };
                let positions: Box<dyn Iterator<Item = usize>> = match indexed {
                    Some(positions) => Box::new(positions.into_iter()),
                    None => Box::new(range),
                };
                for position in positions {
                    self.count_join()?;
                    let tuple = self.relations.get(*predicate).and_then(|relation| relation.get(position)).cloned();
                    if tuple.is_some_and(|tuple| matches(columns, &tuple, values)) {
                        self.join(plan, at + 1, values, found)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn count_join(&mut self) -> Result<()> {
        self.joins += 1;
        if self.joins > MAX_JOINS {
            return Err(Error::invalid_arguments(format!(
                "`program`: the rules look at more than {MAX_JOINS} tuples; give them conditions that share variables"
            )));
        }
        if self.joins.is_multiple_of(CHECK_EVERY) {
            self.ctx.check()?;
        }
        Ok(())
    }

    fn emit(&mut self, head: &Atom, values: &[u32], found: &mut Relation) -> Result<()> {
        let tuple = ground(head, values);
        if self.relations.get(head.predicate).is_some_and(|relation| relation.contains(&tuple)) {
            return Ok(());
        }
        found.insert(&tuple);
        if self.derived as usize + found.len() > MAX_TUPLES as usize {
            return Err(Error::invalid_arguments(format!("`program`: the rules derive more than {MAX_TUPLES} tuples")));
        }
        Ok(())
    }

    fn compares(&self, compare: Compare, left: u32, right: u32) -> bool {
        let (left, right) = (self.constants.get(left as usize), self.constants.get(right as usize));
        match compare {
            Compare::Equal => left == right,
            Compare::NotEqual => left != right,
            Compare::Less => left < right,
            Compare::LessEqual => left <= right,
            Compare::Greater => left > right,
            Compare::GreaterEqual => left >= right,
        }
    }
}

fn value(arg: Arg, values: &[u32]) -> u32 {
    match arg {
        Arg::Const(id) => id,
        Arg::Var(v) => values.get(v).copied().unwrap_or_default(),
    }
}

fn known(column: &Column, values: &[u32]) -> Option<u32> {
    match column {
        Column::Check(arg) => Some(value(*arg, values)),
        Column::Bind(_) => None,
    }
}

fn ground(atom: &Atom, values: &[u32]) -> Vec<u32> {
    atom.args.iter().map(|arg| value(*arg, values)).collect()
}

/// Whether the tuple has the known values; the other variables get theirs.
fn matches(columns: &[Column], tuple: &[u32], values: &mut [u32]) -> bool {
    columns.iter().zip(tuple).all(|(column, found)| match column {
        Column::Check(arg) => value(*arg, values) == *found,
        Column::Bind(v) => {
            if let Some(slot) = values.get_mut(*v) {
                *slot = *found;
            }
            true
        }
    })
}
