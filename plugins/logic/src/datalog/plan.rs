//! The order in which the conditions of a rule are tried.

use super::program::{Arg, Atom, Compare, Condition, Program, Rule};

/// What is done with a column of a tuple.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    /// It must have the value of the argument.
    Check(Arg),
    /// The variable gets its value.
    Bind(usize),
}

/// A step of the evaluation of a rule.
#[derive(Debug)]
pub(crate) enum Step {
    /// Tries all tuples of a predicate; `bound` are the columns whose values are known before.
    Scan {
        predicate: usize,
        columns: Vec<Column>,
        bound: Vec<usize>,
        new_only: bool,
    },
    Absent(Atom),
    Compare(Compare, Arg, Arg),
}

/// The steps of a rule, after which all its variables are bound.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) head: Atom,
    pub(crate) variables: usize,
    pub(crate) steps: Vec<Step>,
}

/// A plan of the rule; of the condition with number `new`, only tuples of the last round are tried.
pub(crate) fn plan(program: &Program, rule: &Rule, new: Option<usize>) -> Result<Plan, String> {
    let mut bound = vec![false; rule.variables.len()];
    let mut waiting: Vec<(usize, &Condition)> = rule.body.iter().enumerate().collect();
    let mut steps = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        // Tests first, then the tuples of the last round, then what has most known columns.
        let rank = |(number, condition): &(usize, &Condition)| match condition {
            Condition::Holds(_) if Some(*number) == new => usize::MAX - 1,
            Condition::Holds(atom) => 1 + atom.args.iter().filter(|arg| is_bound(**arg, &bound)).count(),
            Condition::Not(atom) if atom.args.iter().all(|arg| is_bound(*arg, &bound)) => usize::MAX,
            Condition::Compare(_, left, right) if is_bound(*left, &bound) && is_bound(*right, &bound) => usize::MAX,
            Condition::Not(_) | Condition::Compare(..) => 0,
        };
        let best = waiting.iter().enumerate().rev().max_by_key(|(_, one)| rank(one)).map(|(at, one)| (at, rank(one)));
        let Some((at, 1..)) = best else { break };
        let (number, condition) = waiting.remove(at);
        steps.push(match condition {
            Condition::Holds(atom) => scan(atom, &mut bound, Some(number) == new),
            Condition::Not(atom) => Step::Absent(atom.clone()),
            Condition::Compare(compare, left, right) => Step::Compare(*compare, *left, *right),
        });
    }
    check(program, rule, &bound, &waiting)?;
    Ok(Plan { head: rule.head.clone(), variables: rule.variables.len(), steps })
}

fn is_bound(arg: Arg, bound: &[bool]) -> bool {
    match arg {
        Arg::Const(_) => true,
        Arg::Var(v) => bound.get(v).copied().unwrap_or_default(),
    }
}

fn scan(atom: &Atom, bound: &mut [bool], new_only: bool) -> Step {
    let known = atom.args.iter().enumerate().filter(|(_, arg)| is_bound(**arg, bound)).map(|(at, _)| at).collect();
    let column = |arg: &Arg| match arg {
        Arg::Var(v) if !is_bound(*arg, bound) => {
            if let Some(slot) = bound.get_mut(*v) {
                *slot = true;
            }
            Column::Bind(*v)
        }
        arg => Column::Check(*arg),
    };
    let columns = atom.args.iter().map(column).collect();
    Step::Scan { predicate: atom.predicate, columns, bound: known, new_only }
}

/// Refuses a rule with a variable that no condition gives a value.
fn check(program: &Program, rule: &Rule, bound: &[bool], waiting: &[(usize, &Condition)]) -> Result<(), String> {
    let waiting = waiting.iter().flat_map(|(_, condition)| match condition {
        Condition::Holds(atom) | Condition::Not(atom) => atom.args.clone(),
        Condition::Compare(_, left, right) => vec![*left, *right],
    });
    let unbound = rule.head.args.iter().copied().chain(waiting).find_map(|arg| match arg {
        Arg::Var(v) if !is_bound(arg, bound) => rule.variables.get(v),
        _ => None,
    });
    let Some(name) = unbound else { return Ok(()) };
    let predicate =
        program.predicates.get(rule.head.predicate).map(|predicate| predicate.name.as_str()).unwrap_or_default();
    let at = if rule.line == 0 { String::new() } else { format!("line {}: in the rule for `{predicate}` ", rule.line) };
    Err(format!("{at}the variable `{name}` must be in a condition that is neither negated nor a comparison"))
}
