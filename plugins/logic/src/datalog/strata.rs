//! The order in which predicates are evaluated, so that negation is of what is complete.

use super::program::{Condition, Program};

/// The stratum of each predicate: a predicate is above those whose negation it uses.
pub(crate) fn strata(program: &Program) -> Result<Vec<usize>, String> {
    let count = program.predicates.len();
    let mut strata = vec![0_usize; count];
    loop {
        let mut changed = false;
        for rule in &program.rules {
            let mut needed = strata.get(rule.head.predicate).copied().unwrap_or_default();
            for condition in &rule.body {
                let (atom, above) = match condition {
                    Condition::Holds(atom) => (atom, 0),
                    Condition::Not(atom) => (atom, 1),
                    Condition::Compare(..) => continue,
                };
                needed = needed.max(strata.get(atom.predicate).copied().unwrap_or_default() + above);
            }
            // A chain of negations is no longer than there are rules.
            if needed > program.rules.len() {
                let name = program.predicates.get(rule.head.predicate).map(|predicate| predicate.name.as_str());
                return Err(format!(
                    "line {}: `{}` depends on its own negation, so that it has no stratified meaning",
                    rule.line,
                    name.unwrap_or_default()
                ));
            }
            if let Some(stratum) = strata.get_mut(rule.head.predicate).filter(|stratum| **stratum != needed) {
                *stratum = needed;
                changed = true;
            }
        }
        if !changed {
            return Ok(strata);
        }
    }
}
