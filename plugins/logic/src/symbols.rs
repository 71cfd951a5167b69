//! The symbols of a problem, and the axioms of equality for them.

use crate::term::{Literal, T};

/// The number of the predicate `=`.
pub(crate) const EQUAL: u32 = 0;

/// What a symbol is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A predicate or function of the formulas.
    Given,
    /// A Skolem function, a name of a part, or a symbol of the deontic translation.
    Made,
}

/// A predicate or function.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    /// Arguments, the world of the deontic translation included.
    pub(crate) arity: usize,
    pub(crate) kind: Kind,
}

/// The axioms of equality: an equivalence, and equal arguments give equal values and the same truth. Skolem functions and names
/// of parts need none: the formula that they stand for is about the symbols that were given. The last `worlds` arguments of a
/// predicate are no objects.
pub(crate) fn equality_axioms(predicates: &[Symbol], functions: &[Symbol], worlds: usize) -> Vec<Vec<Literal>> {
    let equal = |positive, a, b| Literal { positive, predicate: EQUAL, args: vec![T::V(a), T::V(b)] };
    let mut axioms = vec![
        vec![equal(true, 0, 0)],
        vec![equal(false, 0, 1), equal(true, 1, 0)],
        vec![equal(false, 0, 1), equal(false, 1, 2), equal(true, 0, 2)],
    ];
    let given = |symbol: &Symbol| symbol.kind == Kind::Given;
    for (id, symbol) in (0_u32..).zip(functions).filter(|(_, symbol)| given(symbol)) {
        for at in 0..symbol.arity {
            let side = |with| T::F(id, arguments(symbol.arity, at, with).into());
            let value = Literal { positive: true, predicate: EQUAL, args: vec![side(0), side(1)] };
            axioms.push(vec![equal(false, 0, 1), value]);
        }
    }
    for (id, symbol) in (0_u32..).zip(predicates).filter(|(_, symbol)| given(symbol)) {
        for at in 0..symbol.arity.saturating_sub(worlds) {
            let side = |positive, with| Literal { positive, predicate: id, args: arguments(symbol.arity, at, with) };
            axioms.push(vec![equal(false, 0, 1), side(false, 0), side(true, 1)]);
        }
    }
    axioms
}

/// Variables from 2 as arguments, with another one in one place.
fn arguments(count: usize, at: usize, with: u32) -> Vec<T> {
    let number = |index: usize| u32::try_from(index + 2).unwrap_or(u32::MAX);
    (0..count).map(|index| T::V(if index == at { with } else { number(index) })).collect()
}
