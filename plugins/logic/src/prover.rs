//! Resolution, clause by clause: one negative literal of a clause is selected, and is resolved with maximal literals of clauses that
//! have only positive ones. With factoring this finds a refutation of every unsatisfiable set of clauses, if it has the time (Bachmair
//! and Ganzinger, Resolution Theorem Proving, 2001).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::limits::{MAX_STEPS, MAX_SYMBOLS, MAX_WEIGHT};
use crate::subsume::{outline, subsumes, without};
use crate::term::{Failed, Literal, ROOM, Substitution, normalized};

/// How a clause came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// From the formula of this number.
    Input(usize),
    /// An axiom of equality.
    Equality,
    /// Resolution of two clauses.
    Resolution,
    /// Two literals of one clause made one.
    Factoring,
    /// A literal left out that another clause refutes where the rest is false.
    LiteralDeletion,
}

/// A clause.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) literals: Vec<Literal>,
    outline: u64,
    variables: u32,
    pub(crate) rule: Rule,
    pub(crate) parents: Vec<usize>,
}

/// How a search ended, or that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The clause of this number is empty.
    Refutation(usize),
    /// Nothing new follows: there is a model.
    Saturated,
    /// Nothing new follows of what is small enough.
    SaturatedWithin,
    /// The steps are used up.
    Steps,
    /// The clauses have as many symbols as may be kept.
    Symbols,
    /// The caller's check ended it.
    Stopped,
}

/// A search.
#[derive(Debug, Default)]
pub(crate) struct Prover {
    pub(crate) clauses: Vec<Clause>,
    by_weight: BinaryHeap<Reverse<(usize, usize)>>,
    by_age: BinaryHeap<Reverse<usize>>,
    waiting: Vec<bool>,
    active: Vec<usize>,
    picked: usize,
    empty: Option<usize>,
    /// Symbols of all clauses.
    symbols: usize,
    /// Clauses were left out because of a bound.
    incomplete: bool,
    /// Clauses derived.
    pub(crate) steps: u32,
}

/// Of so many clauses one is the oldest, the others the lightest: neither heavy ones nor long proofs are put off for ever.
const AGE_RATIO: usize = 5;

impl Prover {
    /// Adds a clause that the search begins with.
    pub(crate) fn add_input(&mut self, literals: Vec<Literal>, variables: u32, rule: Rule) {
        self.keep(literals, variables, rule, Vec::new());
    }

    fn keep(&mut self, literals: Vec<Literal>, variables: u32, rule: Rule, parents: Vec<usize>) {
        let id = self.clauses.len();
        let weight: usize = literals.iter().map(Literal::weight).sum();
        self.symbols += weight;
        if literals.is_empty() {
            self.empty.get_or_insert(id);
        }
        self.by_weight.push(Reverse((weight, id)));
        self.by_age.push(Reverse(id));
        self.waiting.push(true);
        let outline = outline(&literals);
        self.clauses.push(Clause { literals, outline, variables, rule, parents });
    }

    /// A derived clause, from literals as they come of a rule.
    fn derive(&mut self, literals: Result<Vec<Literal>, Failed>, rule: Rule, parents: Vec<usize>) {
        let literals = match literals {
            Ok(literals) => literals,
            Err(Failed::No) => return,
            Err(Failed::Bound) => {
                self.incomplete = true;
                return;
            }
        };
        self.steps += 1;
        let Some((literals, variables)) = normalized(literals) else { return };
        if literals.iter().map(Literal::weight).sum::<usize>() > MAX_WEIGHT {
            self.incomplete = true;
            return;
        }
        self.keep(literals, variables, rule, parents);
    }

    /// Searches until it ends, `limit` clauses are derived, or `check` says to stop.
    pub(crate) fn run(&mut self, limit: u32, check: &mut dyn FnMut() -> bool) -> State {
        let limit = limit.min(MAX_STEPS);
        loop {
            if let Some(empty) = self.empty {
                return State::Refutation(empty);
            }
            if self.steps >= limit {
                return State::Steps;
            }
            if self.symbols >= MAX_SYMBOLS {
                return State::Symbols;
            }
            if !check() {
                return State::Stopped;
            }
            let Some(id) = self.pick() else {
                return if self.incomplete { State::SaturatedWithin } else { State::Saturated };
            };
            if let Some(given) = self.simplified(id) {
                self.infer(given);
            }
        }
    }

    fn pick(&mut self) -> Option<usize> {
        self.picked += 1;
        loop {
            let id = if self.picked.is_multiple_of(AGE_RATIO) {
                self.by_age.pop().map(|Reverse(id)| id)
            } else {
                self.by_weight.pop().map(|Reverse((_, id))| id)
            };
            let waiting = self.waiting.get_mut(id?)?;
            if std::mem::take(waiting) {
                return id;
            }
        }
    }

    fn literals(&self, id: usize) -> &[Literal] {
        self.clauses.get(id).map(|clause| clause.literals.as_slice()).unwrap_or_default()
    }

    fn outline(&self, id: usize) -> u64 {
        self.clauses.get(id).map(|clause| clause.outline).unwrap_or_default()
    }

    /// Whether the clause is more general than these literals.
    fn covers(&self, id: usize, literals: &[Literal], of: u64) -> bool {
        self.outline(id) & !of == 0 && subsumes(self.literals(id), literals)
    }

    /// Forward and backward: the clause without literals that others delete, if nothing subsumes it. What it subsumes is not active
    /// any more, and what it deletes a literal of is replaced.
    fn simplified(&mut self, id: usize) -> Option<usize> {
        let mut parents = Vec::new();
        let mut literals = self.literals(id).to_vec();
        let mut at = 0;
        while at < literals.len() {
            let (flipped, of) = flipped(&literals, at);
            match self.active.iter().find(|other| self.covers(**other, &flipped, of)) {
                Some(other) => {
                    parents.push(*other);
                    literals = without(&literals, at);
                }
                None => at += 1,
            }
        }
        let of = outline(&literals);
        if self.active.iter().any(|other| self.covers(*other, &literals, of)) {
            return None;
        }
        let mut id = id;
        if !parents.is_empty() {
            parents.insert(0, id);
            id = self.deleted(literals, parents)?;
            if let Some(waiting) = self.waiting.get_mut(id) {
                *waiting = false;
            }
        }
        if self.empty.is_some() {
            return None;
        }
        self.simplify_active(id);
        Some(id)
    }

    /// Keeps a clause from which literals were deleted. Answers nothing if it says nothing.
    fn deleted(&mut self, literals: Vec<Literal>, mut parents: Vec<usize>) -> Option<usize> {
        let before = self.clauses.len();
        parents.dedup();
        self.derive(Ok(literals), Rule::LiteralDeletion, parents);
        (self.clauses.len() > before).then_some(before)
    }

    fn simplify_active(&mut self, id: usize) {
        let mut kept = Vec::with_capacity(self.active.len());
        for other in std::mem::take(&mut self.active) {
            if self.covers(id, self.literals(other), self.outline(other)) {
                continue;
            }
            let literals = self.literals(other);
            let deletes = |at: &usize| {
                let (flipped, of) = flipped(literals, *at);
                self.covers(id, &flipped, of)
            };
            match (0..literals.len()).find(deletes) {
                Some(at) => {
                    let rest = without(literals, at);
                    self.deleted(rest, vec![other, id]);
                }
                None => kept.push(other),
            }
        }
        self.active = kept;
    }

    /// The literals of a clause that take part in resolution: a selected negative one, or the maximal positive ones. Predicates are
    /// ordered by their numbers, so that names of parts go first.
    fn eligible(&self, id: usize) -> Vec<usize> {
        let literals = self.literals(id);
        let negative = literals.iter().enumerate().filter(|(_, literal)| !literal.positive);
        if let Some((at, _)) = negative.max_by_key(|(at, literal)| (literal.weight(), Reverse(*at))) {
            return vec![at];
        }
        let highest = literals.iter().map(|literal| literal.predicate).max();
        let maximal = literals.iter().enumerate().filter(|(_, literal)| Some(literal.predicate) == highest);
        maximal.map(|(at, _)| at).collect()
    }

    fn infer(&mut self, given: usize) {
        self.active.push(given);
        let eligible = self.eligible(given);
        let positive = self.literals(given).iter().all(|literal| literal.positive);
        if positive {
            self.factor(given, &eligible);
        }
        for other in self.active.clone() {
            if self.literals(other).iter().all(|literal| literal.positive) == positive {
                continue;
            }
            let others = self.eligible(other);
            for at in &eligible {
                for other_at in &others {
                    let parents =
                        if positive { (given, *at, other, *other_at) } else { (other, *other_at, given, *at) };
                    let resolvent = self.resolve(parents);
                    self.derive(resolvent, Rule::Resolution, vec![parents.0, parents.2]);
                }
            }
            if self.empty.is_some() || self.steps >= MAX_STEPS || self.symbols >= MAX_SYMBOLS {
                return;
            }
        }
    }

    /// The clause without two literals that become complements: a positive one of the first, a negative one of the second.
    fn resolve(&self, (first, at, second, other_at): (usize, usize, usize, usize)) -> Result<Vec<Literal>, Failed> {
        let (Some(left), Some(right)) = (self.clauses.get(first), self.clauses.get(second)) else {
            return Err(Failed::No);
        };
        let (Some(positive), Some(negative)) = (left.literals.get(at), right.literals.get(other_at)) else {
            return Err(Failed::No);
        };
        if positive.predicate != negative.predicate || !positive.positive || negative.positive {
            return Err(Failed::No);
        }
        let shift = left.variables;
        let mut substitution = Substitution::new(shift + right.variables);
        substitution.unify(&positive.args, &negative.shifted(shift).args)?;
        let mut room = ROOM;
        let mut literals = without(&left.literals, at);
        literals.extend(without(&right.literals, other_at).iter().map(|literal| literal.shifted(shift)));
        literals.iter().map(|literal| substitution.apply(literal, &mut room)).collect()
    }

    fn factor(&mut self, id: usize, eligible: &[usize]) {
        for (index, at) in eligible.iter().enumerate() {
            for other in eligible.iter().skip(index + 1) {
                let Some(clause) = self.clauses.get(id) else { return };
                let (Some(left), Some(right)) = (clause.literals.get(*at), clause.literals.get(*other)) else { return };
                let mut substitution = Substitution::new(clause.variables);
                let factor = substitution.unify(&left.args, &right.args).and_then(|()| {
                    let mut room = ROOM;
                    clause.literals.iter().map(|literal| substitution.apply(literal, &mut room)).collect()
                });
                self.derive(factor, Rule::Factoring, vec![id]);
            }
        }
    }

    /// The clauses that a clause comes from, and itself, in the order of their numbers.
    pub(crate) fn ancestors(&self, id: usize) -> Vec<usize> {
        let mut seen = vec![false; self.clauses.len()];
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            match seen.get_mut(id) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            waiting.extend(self.clauses.get(id).map(|clause| clause.parents.as_slice()).unwrap_or_default());
        }
        seen.iter().enumerate().filter(|(_, seen)| **seen).map(|(id, _)| id).collect()
    }
}

/// The literals with the sign of one of them changed, and their outline.
fn flipped(literals: &[Literal], at: usize) -> (Vec<Literal>, u64) {
    let mut flipped = literals.to_vec();
    if let Some(literal) = flipped.get_mut(at) {
        *literal = literal.negated();
    }
    let of = outline(&flipped);
    (flipped, of)
}
