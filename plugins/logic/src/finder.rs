//! Finite models of clauses: every function a table of values, every predicate a table of truth, found by the SAT solver.

use crate::limits::{MAX_INSTANCES, MAX_MODEL_CONFLICTS, MAX_SAT_VARIABLES};
use crate::normal::Problem;
use crate::print;
use crate::solver::{Outcome, solve};
use crate::symbols::{EQUAL, Kind, Symbol};
use crate::term::{Literal, T};

/// A literal whose arguments are variables only.
enum Flat {
    /// The function has another value than the last variable.
    NotValue(u32, Vec<u32>, u32),
    /// Two variables are the same element, or not.
    Same(bool, u32, u32),
    Predicate(bool, u32, Vec<u32>),
}

/// The variables of the SAT problem: where each table begins.
struct Tables {
    size: usize,
    functions: Vec<usize>,
    predicates: Vec<usize>,
    count: usize,
}

impl Tables {
    fn new(problem: &Problem, size: usize) -> Option<Self> {
        let mut tables = Self { size, functions: Vec::new(), predicates: Vec::new(), count: 0 };
        let cells = |symbol: &Symbol| size.checked_pow(u32::try_from(symbol.arity).ok()?);
        for symbol in &problem.functions {
            tables.functions.push(tables.count);
            tables.count = tables.count.checked_add(cells(symbol)?.checked_mul(size)?)?;
        }
        for symbol in &problem.predicates {
            tables.predicates.push(tables.count);
            tables.count = tables.count.checked_add(cells(symbol)?)?;
        }
        (tables.count <= MAX_SAT_VARIABLES).then_some(tables)
    }

    fn cell(&self, args: impl Iterator<Item = usize>) -> usize {
        args.fold(0, |sum, arg| sum * self.size + arg)
    }

    fn number(at: usize) -> i32 {
        i32::try_from(at + 1).unwrap_or(i32::MAX)
    }

    fn value(&self, function: u32, args: impl Iterator<Item = usize>, value: usize) -> i32 {
        let base = self.functions.get(function as usize).copied().unwrap_or_default();
        Self::number(base + self.cell(args) * self.size + value)
    }

    fn truth(&self, predicate: u32, args: impl Iterator<Item = usize>) -> i32 {
        let base = self.predicates.get(predicate as usize).copied().unwrap_or_default();
        Self::number(base + self.cell(args))
    }
}

/// A model with `size` elements, as lines of text. Nothing where there is none, or a bound was reached before it was found.
pub(crate) fn find(problem: &Problem, size: usize, check: &dyn Fn() -> bool) -> Option<Vec<String>> {
    let tables = Tables::new(problem, size)?;
    let mut clauses = Vec::new();
    for (literals, _) in &problem.clauses {
        let (flat, variables) = flatten(literals);
        instances(&tables, &flat, variables, &mut clauses)?;
    }
    for (id, symbol) in (0_u32..).zip(&problem.functions) {
        for args in tuples(size, symbol.arity) {
            let values: Vec<i32> = (0..size).map(|value| tables.value(id, args.iter().copied(), value)).collect();
            for (index, one) in values.iter().enumerate() {
                clauses.extend(values.iter().skip(index + 1).map(|other| vec![-one, -other]));
            }
            clauses.push(values);
        }
        if clauses.len() > MAX_INSTANCES {
            return None;
        }
    }
    match solve(tables.count, &clauses, MAX_MODEL_CONFLICTS, check) {
        Outcome::Model(values) => Some(describe(problem, &tables, &values)),
        _ => None,
    }
}

/// The clause with a variable for each term in it, and how many variables it has.
fn flatten(literals: &[Literal]) -> (Vec<Flat>, u32) {
    let mut variables = Vec::new();
    literals.iter().flat_map(|literal| &literal.args).for_each(|arg| arg.variables(&mut variables));
    let mut next = variables.iter().max().map_or(0, |v| v + 1);
    let (mut flat, mut named) = (Vec::new(), Vec::new());
    for literal in literals {
        let args: Vec<u32> =
            literal.args.iter().map(|arg| named_variable(arg, &mut next, &mut named, &mut flat)).collect();
        flat.push(match (literal.predicate, args.as_slice()) {
            (EQUAL, [left, right]) => Flat::Same(literal.positive, *left, *right),
            _ => Flat::Predicate(literal.positive, literal.predicate, args),
        });
    }
    (flat, next)
}

fn named_variable(term: &T, next: &mut u32, named: &mut Vec<(T, u32)>, flat: &mut Vec<Flat>) -> u32 {
    let (f, args) = match term {
        T::V(v) => return *v,
        T::F(f, args) => (*f, args),
    };
    if let Some((_, v)) = named.iter().find(|(known, _)| known == term) {
        return *v;
    }
    let args = args.iter().map(|arg| named_variable(arg, next, named, flat)).collect();
    let v = *next;
    *next += 1;
    flat.push(Flat::NotValue(f, args, v));
    named.push((term.clone(), v));
    v
}

/// All tuples of elements. Only for numbers of arguments whose tables fit.
fn tuples(size: usize, length: usize) -> impl Iterator<Item = Vec<usize>> {
    let count = size.saturating_pow(u32::try_from(length).unwrap_or(u32::MAX));
    (0..count).map(move |number| {
        let mut tuple = vec![0; length];
        let mut rest = number;
        for place in tuple.iter_mut().rev() {
            *place = rest % size;
            rest /= size;
        }
        tuple
    })
}

/// Adds the ground instances of a clause. Nothing where they are too many.
fn instances(tables: &Tables, flat: &[Flat], variables: u32, clauses: &mut Vec<Vec<i32>>) -> Option<()> {
    let count = tables.size.checked_pow(variables)?;
    if count > MAX_INSTANCES {
        return None;
    }
    'instances: for values in tuples(tables.size, variables as usize) {
        let element = |v: &u32| values.get(*v as usize).copied().unwrap_or_default();
        let mut clause = Vec::with_capacity(flat.len());
        for literal in flat {
            match literal {
                Flat::NotValue(f, args, v) => clause.push(-tables.value(*f, args.iter().map(element), element(v))),
                Flat::Same(positive, left, right) => {
                    if (element(left) == element(right)) == *positive {
                        continue 'instances;
                    }
                }
                Flat::Predicate(positive, predicate, args) => {
                    let truth = tables.truth(*predicate, args.iter().map(element));
                    clause.push(if *positive { truth } else { -truth });
                }
            }
        }
        clauses.push(clause);
        if clauses.len() > MAX_INSTANCES {
            return None;
        }
    }
    Some(())
}

/// The values of the functions and the true atoms; what is not named is false.
fn describe(problem: &Problem, tables: &Tables, values: &[bool]) -> Vec<String> {
    let holds = |number: i32| values.get((number - 1).unsigned_abs() as usize).copied().unwrap_or_default();
    let mut lines = Vec::new();
    for (id, symbol) in (0_u32..).zip(&problem.functions) {
        let here = symbol.name == "$here";
        if symbol.kind == Kind::Made && !here {
            continue;
        }
        for args in tuples(tables.size, symbol.arity) {
            let value = (0..tables.size).find(|value| holds(tables.value(id, args.iter().copied(), *value)));
            let value = value.unwrap_or_default();
            lines.push(if here {
                format!("the actual world is w{value}")
            } else {
                format!("{} = {value}", application(&symbol.name, &args))
            });
        }
    }
    for (id, symbol) in (0_u32..).zip(&problem.predicates) {
        let ideal = symbol.name == "$ideal";
        if symbol.kind == Kind::Made && !ideal {
            continue;
        }
        for args in tuples(tables.size, symbol.arity).filter(|args| holds(tables.truth(id, args.iter().copied()))) {
            lines.push(match (args.as_slice(), problem.is_modal()) {
                ([from, to], _) if ideal => format!("w{to} is ideal for w{from}"),
                ([objects @ .., world], true) => format!("{} in w{world}", application(&symbol.name, objects)),
                (args, _) => application(&symbol.name, args),
            });
        }
    }
    lines
}

fn application(name: &str, args: &[usize]) -> String {
    let name = print::name(name);
    if args.is_empty() {
        return name;
    }
    let args: Vec<String> = args.iter().map(usize::to_string).collect();
    format!("{name}({})", args.join(", "))
}
