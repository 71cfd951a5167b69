//! Terms, literals and clauses of the search, and their unification.

use std::rc::Rc;

use crate::limits::{MAX_DERIVED_DEPTH, MAX_MATCH_STEPS, MAX_WEIGHT};

/// A term; variables are numbered within a clause, symbols in the table of the problem.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum T {
    V(u32),
    F(u32, Rc<[T]>),
}

impl T {
    /// Symbols and variables, counted up to a bound.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::V(_) => 1,
            Self::F(_, args) => args.iter().fold(1, |sum: usize, arg| sum.saturating_add(arg.weight())),
        }
    }

    pub(crate) fn variables(&self, into: &mut Vec<u32>) {
        match self {
            Self::V(v) if !into.contains(v) => into.push(*v),
            Self::V(_) => {}
            Self::F(_, args) => args.iter().for_each(|arg| arg.variables(into)),
        }
    }

    /// Every variable's number changed.
    pub(crate) fn renamed(&self, rename: &dyn Fn(u32) -> u32) -> T {
        match self {
            Self::V(v) => Self::V(rename(*v)),
            Self::F(f, args) => Self::F(*f, args.iter().map(|arg| arg.renamed(rename)).collect()),
        }
    }
}

/// A predicate with arguments, or its negation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Literal {
    pub(crate) positive: bool,
    pub(crate) predicate: u32,
    pub(crate) args: Vec<T>,
}

impl Literal {
    pub(crate) fn negated(&self) -> Self {
        Self { positive: !self.positive, ..self.clone() }
    }

    pub(crate) fn weight(&self) -> usize {
        self.args.iter().fold(1, |sum: usize, arg| sum.saturating_add(arg.weight()))
    }

    pub(crate) fn renamed(&self, rename: &dyn Fn(u32) -> u32) -> Self {
        Self { args: self.args.iter().map(|arg| arg.renamed(rename)).collect(), ..self.clone() }
    }

    pub(crate) fn shifted(&self, by: u32) -> Self {
        self.renamed(&|v| v + by)
    }
}

/// Why a clause was not derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// There is no unifier.
    No,
    /// A bound was reached: whether there is one is not known.
    Bound,
}

/// A binding of variables to terms, which may have bound variables themselves.
#[derive(Debug, Default)]
pub(crate) struct Substitution {
    bindings: Vec<Option<T>>,
    steps: usize,
}

impl Substitution {
    pub(crate) fn new(variables: u32) -> Self {
        Self { bindings: vec![None; variables as usize], steps: 0 }
    }

    fn walk<'a>(&'a self, mut term: &'a T) -> &'a T {
        while let T::V(v) = term {
            match self.bindings.get(*v as usize) {
                Some(Some(bound)) => term = bound,
                _ => break,
            }
        }
        term
    }

    /// Makes the arguments equal, as generally as possible.
    pub(crate) fn unify(&mut self, left: &[T], right: &[T]) -> Result<(), Failed> {
        if left.len() != right.len() {
            return Err(Failed::No);
        }
        let mut pairs: Vec<(T, T)> = left.iter().cloned().zip(right.iter().cloned()).rev().collect();
        while let Some((left, right)) = pairs.pop() {
            self.step()?;
            let (left, right) = (self.walk(&left).clone(), self.walk(&right).clone());
            match (left, right) {
                (left, right) if left == right => {}
                (T::V(v), term) | (term, T::V(v)) => {
                    if self.occurs(v, &term)? {
                        return Err(Failed::No);
                    }
                    if let Some(slot) = self.bindings.get_mut(v as usize) {
                        *slot = Some(term);
                    }
                }
                (T::F(f, fs), T::F(g, gs)) => {
                    if f != g || fs.len() != gs.len() {
                        return Err(Failed::No);
                    }
                    pairs.extend(fs.iter().cloned().zip(gs.iter().cloned()).rev());
                }
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), Failed> {
        self.steps += 1;
        if self.steps > MAX_MATCH_STEPS { Err(Failed::Bound) } else { Ok(()) }
    }

    fn occurs(&mut self, v: u32, term: &T) -> Result<bool, Failed> {
        let mut waiting = vec![term.clone()];
        while let Some(term) = waiting.pop() {
            self.step()?;
            match self.walk(&term) {
                T::V(other) if *other == v => return Ok(true),
                T::V(_) => {}
                T::F(_, args) => waiting.extend(args.iter().cloned()),
            }
        }
        Ok(false)
    }

    /// The literal with its variables replaced. `room` is what may still be built.
    pub(crate) fn apply(&self, literal: &Literal, room: &mut usize) -> Result<Literal, Failed> {
        let args = literal.args.iter().map(|arg| self.apply_term(arg, 0, room)).collect::<Result<_, _>>()?;
        Ok(Literal { args, ..literal.clone() })
    }

    fn apply_term(&self, term: &T, depth: usize, room: &mut usize) -> Result<T, Failed> {
        if depth > MAX_DERIVED_DEPTH || *room == 0 {
            return Err(Failed::Bound);
        }
        *room -= 1;
        match self.walk(term) {
            T::V(v) => Ok(T::V(*v)),
            T::F(f, args) => {
                let args = args.iter().map(|arg| self.apply_term(arg, depth + 1, room)).collect::<Result<_, _>>()?;
                Ok(T::F(*f, args))
            }
        }
    }
}

/// The room for one derived clause.
pub(crate) const ROOM: usize = MAX_WEIGHT;

/// Literals with variables numbered from 0, each once, and the number of variables; nothing for a tautology.
pub(crate) fn normalized(literals: Vec<Literal>) -> Option<(Vec<Literal>, u32)> {
    let mut kept: Vec<Literal> = Vec::with_capacity(literals.len());
    for literal in literals {
        if !kept.contains(&literal) {
            kept.push(literal);
        }
    }
    let tautology = |literal: &Literal| {
        let trivial = literal.positive && literal.predicate == 0 && literal.args.first() == literal.args.get(1);
        trivial
            || kept.iter().any(|other| {
                other.positive != literal.positive && other.predicate == literal.predicate && other.args == literal.args
            })
    };
    if kept.iter().any(tautology) {
        return None;
    }
    let mut order = Vec::new();
    for literal in &kept {
        literal.args.iter().for_each(|arg| arg.variables(&mut order));
    }
    let number = |v: u32| order.iter().position(|other| *other == v).and_then(|at| u32::try_from(at).ok()).unwrap_or(v);
    let literals = kept.iter().map(|literal| literal.renamed(&number)).collect();
    Some((literals, u32::try_from(order.len()).unwrap_or(u32::MAX)))
}
