//! Which columns of the source the steps need at all, so that the others are not read.

use std::collections::BTreeSet;

use tandem_filters::Operand;

use super::{aggregate::Aggregate, step::Step};
use crate::expr::{Condition, Expr};

/// The columns that `steps` need; none where they need all, or where it cannot be told before the files are read.
pub fn needed(steps: &[Step]) -> Option<BTreeSet<String>> {
    let mut columns = Columns::default();
    for step in steps {
        match step {
            Step::Filter { condition } => columns.condition(condition),
            Step::Map { column, expr } => {
                columns.expr(expr);
                columns.made.insert(column.clone());
            }
            Step::Sort { by } => by.iter().for_each(|key| columns.add(&key.column)),
            Step::Drop { columns: names } | Step::Distinct { columns: Some(names) } => {
                names.iter().for_each(|name| columns.add(name));
            }
            Step::Top { by, per, rank, .. } => {
                columns.add(by);
                per.iter().for_each(|name| columns.add(name));
                columns.made.extend(rank.clone());
            }
            Step::Limit { .. } => {}
            Step::Select { columns: names } => {
                names.iter().for_each(|name| columns.add(name));
                return Some(columns.needed);
            }
            Step::Group { by, aggregates } => {
                by.iter().for_each(|name| columns.add(name));
                columns.aggregates(aggregates);
                return Some(columns.needed);
            }
            // The names of a join's result depend on both tables, and renaming changes what later names mean.
            Step::Join { .. } | Step::Rename { .. } | Step::Distinct { columns: None } => return None,
        }
    }
    None
}

#[derive(Default)]
struct Columns {
    needed: BTreeSet<String>,
    /// Columns that steps made, which are not the source's any more.
    made: BTreeSet<String>,
}

impl Columns {
    fn add(&mut self, name: &str) {
        if !self.made.contains(name) {
            self.needed.insert(name.to_owned());
        }
    }

    fn aggregates(&mut self, aggregates: &[Aggregate]) {
        aggregates.iter().filter_map(|aggregate| aggregate.column.as_deref()).for_each(|name| self.add(name));
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(args) | Condition::Or(args) => args.iter().for_each(|arg| self.condition(arg)),
            Condition::Not(arg) => self.condition(arg),
            Condition::Compare { field, with, .. } => {
                self.add(field);
                if let Operand::Expr(expr) = with {
                    self.expr(expr);
                }
            }
            Condition::In { field, .. } | Condition::Text { field, .. } | Condition::Null { field, .. } => {
                self.add(field)
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        expr.name.as_deref().into_iter().for_each(|name| self.add(name));
        expr.condition.as_deref().into_iter().for_each(|condition| self.condition(condition));
        expr.args.iter().flatten().for_each(|expr| self.expr(expr));
    }
}
