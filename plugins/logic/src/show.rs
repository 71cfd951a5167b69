//! Clauses as text.

use crate::normal::Problem;
use crate::print;
use crate::symbols::EQUAL;
use crate::term::{Literal, T};

/// A clause: its literals with `|` between; `false` for the empty one.
pub(crate) fn clause(problem: &Problem, literals: &[Literal]) -> String {
    if literals.is_empty() {
        return "false".to_owned();
    }
    let literals: Vec<String> = literals.iter().map(|each| literal(problem, each)).collect();
    literals.join(" | ")
}

fn literal(problem: &Problem, literal: &Literal) -> String {
    let args: Vec<String> = literal.args.iter().map(|arg| term(problem, arg)).collect();
    if let (EQUAL, [left, right]) = (literal.predicate, args.as_slice()) {
        return format!("{left} {} {right}", if literal.positive { "=" } else { "!=" });
    }
    let name =
        problem.predicates.get(literal.predicate as usize).map(|symbol| symbol.name.as_str()).unwrap_or_default();
    format!("{}{}", if literal.positive { "" } else { "~" }, application(name, &args))
}

fn term(problem: &Problem, value: &T) -> String {
    match value {
        T::V(v) => format!("x{v}"),
        T::F(f, args) => {
            let name = problem.functions.get(*f as usize).map(|symbol| symbol.name.as_str()).unwrap_or_default();
            let args: Vec<String> = args.iter().map(|arg| term(problem, arg)).collect();
            application(name, &args)
        }
    }
}

/// Symbols that the normal form made begin with `$` and stand as they are.
fn application(name: &str, args: &[String]) -> String {
    let name = if name.starts_with('$') { name.to_owned() } else { print::name(name) };
    if args.is_empty() { name } else { format!("{name}({})", args.join(", ")) }
}
