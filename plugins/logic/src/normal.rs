//! Clauses from formulas: the deontic operators by their translation, negation normal form, names for parts that would multiply
//! (Plaisted and Greenbaum), Skolem functions.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::formula::{Formula, Modal, Quantifier, Term};
use crate::limits::{MAX_CLAUSES, MAX_PRODUCT};
use crate::symbols::{EQUAL, Kind, Symbol};
use crate::term::{Literal, T, normalized};

/// Literals that are not yet clauses.
enum Part {
    Literal(Literal),
    And(Vec<Part>),
    Or(Vec<Part>),
    All(Vec<u32>, Box<Part>),
    Exists(Vec<u32>, Box<Part>),
}

/// The clauses of a problem, with the symbols.
#[derive(Debug, Default)]
pub(crate) struct Problem {
    pub(crate) predicates: Vec<Symbol>,
    pub(crate) functions: Vec<Symbol>,
    predicate_ids: BTreeMap<String, u32>,
    function_ids: BTreeMap<String, u32>,
    /// Clauses, each with the number of the formula that it comes from.
    pub(crate) clauses: Vec<(Vec<Literal>, usize)>,
    /// The actual world, where the deontic operators are used.
    world: Option<T>,
    /// The predicate that says which worlds are ideal.
    accessible: u32,
    next_variable: u32,
    /// Names of the parts of the formula that is being added, by where it is in memory and the variables there.
    names: BTreeMap<(usize, Vec<T>), Literal>,
    source: usize,
}

type Environment = Vec<(String, u32)>;

/// The clauses have become too many.
pub(crate) fn too_many() -> String {
    format!("the normal form has more than {MAX_CLAUSES} clauses; prove from fewer or smaller premises")
}

impl Problem {
    /// A problem, deontic or not.
    pub(crate) fn new(modal: bool) -> Self {
        let mut problem = Self::default();
        problem.predicates.push(Symbol { name: "=".to_owned(), arity: 2, kind: Kind::Made });
        if modal {
            problem.accessible = problem.make_predicate("ideal", 2);
            let here = problem.make_function("here", 0);
            problem.world = Some(T::F(here, Rc::from([])));
        }
        problem
    }

    /// Says that each world has an ideal one: the axiom D, what is obligatory is permitted.
    pub(crate) fn add_seriality(&mut self, source: usize) {
        if self.world.is_none() {
            return;
        }
        let ideal = self.make_function("better", 1);
        let args = vec![T::V(0), T::F(ideal, Rc::from([T::V(0)]))];
        self.clauses.push((vec![Literal { positive: true, predicate: self.accessible, args }], source));
    }

    /// Adds a formula, or its negation, as clauses.
    pub(crate) fn add(&mut self, formula: &Formula, positive: bool, source: usize) -> Result<(), String> {
        self.source = source;
        self.names.clear();
        let world = self.world.clone();
        let part = self.part(formula, positive, &mut Vec::new(), world.as_ref())?;
        self.add_part(part)
    }

    fn add_part(&mut self, part: Part) -> Result<(), String> {
        let part = self.skolemized(part, &mut BTreeMap::new());
        let clauses = self.clausified(part)?;
        self.push(clauses)
    }

    fn push(&mut self, clauses: Vec<Vec<Literal>>) -> Result<(), String> {
        for (literals, _) in clauses.into_iter().filter_map(normalized) {
            self.clauses.push((literals, self.source));
        }
        if self.clauses.len() > MAX_CLAUSES { Err(too_many()) } else { Ok(()) }
    }

    fn make_predicate(&mut self, name: &str, arity: usize) -> u32 {
        let id = u32::try_from(self.predicates.len()).unwrap_or(u32::MAX);
        self.predicates.push(Symbol { name: format!("${name}"), arity, kind: Kind::Made });
        id
    }

    fn make_function(&mut self, name: &str, arity: usize) -> u32 {
        let id = u32::try_from(self.functions.len()).unwrap_or(u32::MAX);
        self.functions.push(Symbol { name: format!("${name}"), arity, kind: Kind::Made });
        id
    }

    fn predicate(&mut self, name: &str, arity: usize) -> u32 {
        if let Some(id) = self.predicate_ids.get(name) {
            return *id;
        }
        let id = u32::try_from(self.predicates.len()).unwrap_or(u32::MAX);
        self.predicates.push(Symbol { name: name.to_owned(), arity, kind: Kind::Given });
        self.predicate_ids.insert(name.to_owned(), id);
        id
    }

    fn function(&mut self, name: &str, arity: usize) -> u32 {
        if let Some(id) = self.function_ids.get(name) {
            return *id;
        }
        let id = u32::try_from(self.functions.len()).unwrap_or(u32::MAX);
        self.functions.push(Symbol { name: name.to_owned(), arity, kind: Kind::Given });
        self.function_ids.insert(name.to_owned(), id);
        id
    }

    fn fresh(&mut self) -> u32 {
        self.next_variable += 1;
        self.next_variable
    }

    fn term(&mut self, term: &Term, environment: &Environment) -> T {
        match term {
            Term::Var(name) => match environment.iter().rev().find(|(bound, _)| bound == name) {
                Some((_, v)) => T::V(*v),
                // Free variables are refused before; read as constants, they would still be sound.
                None => T::F(self.function(name, 0), Rc::from([])),
            },
            Term::App(name, args) => {
                let id = self.function(name, args.len());
                T::F(id, args.iter().map(|arg| self.term(arg, environment)).collect())
            }
        }
    }

    /// The formula, or its negation, with negations at the literals only.
    fn part(&mut self, f: &Formula, positive: bool, env: &mut Environment, world: Option<&T>) -> Result<Part, String> {
        Ok(match f {
            Formula::True => {
                if positive {
                    Part::And(Vec::new())
                } else {
                    Part::Or(Vec::new())
                }
            }
            Formula::False => {
                if positive {
                    Part::Or(Vec::new())
                } else {
                    Part::And(Vec::new())
                }
            }
            Formula::Pred(name, args) => {
                let mut args: Vec<T> = args.iter().map(|arg| self.term(arg, env)).collect();
                args.extend(world.cloned());
                Part::Literal(Literal { positive, predicate: self.predicate(name, args.len()), args })
            }
            Formula::Equal(left, right) => {
                let args = vec![self.term(left, env), self.term(right, env)];
                Part::Literal(Literal { positive, predicate: EQUAL, args })
            }
            Formula::Not(body) => self.part(body, !positive, env, world)?,
            Formula::And(parts) => self.many(parts, positive, positive, env, world)?,
            Formula::Or(parts) => self.many(parts, positive, !positive, env, world)?,
            Formula::Implies(left, right) => {
                let parts = vec![self.part(left, !positive, env, world)?, self.part(right, positive, env, world)?];
                if positive { Part::Or(parts) } else { Part::And(parts) }
            }
            Formula::Iff(left, right) => self.equivalence(left, right, positive, env, world)?,
            Formula::Quant(quantifier, variables, body) => {
                let before = env.len();
                let fresh: Vec<u32> = variables.iter().map(|_| self.fresh()).collect();
                env.extend(variables.iter().cloned().zip(fresh.iter().copied()));
                let body = self.part(body, positive, env, world);
                env.truncate(before);
                let body = Box::new(body?);
                if (*quantifier == Quantifier::All) == positive {
                    Part::All(fresh, body)
                } else {
                    Part::Exists(fresh, body)
                }
            }
            Formula::Modal(modal, body) => self.modal(*modal, body, positive, env, world)?,
        })
    }

    fn many(
        &mut self,
        parts: &[Formula],
        positive: bool,
        and: bool,
        env: &mut Environment,
        world: Option<&T>,
    ) -> Result<Part, String> {
        let parts = parts.iter().map(|part| self.part(part, positive, env, world)).collect::<Result<_, _>>()?;
        Ok(if and { Part::And(parts) } else { Part::Or(parts) })
    }

    /// `O` as all ideal worlds, `P` as some ideal world, `F` as `O` of the negation.
    fn modal(
        &mut self,
        modal: Modal,
        body: &Formula,
        positive: bool,
        env: &mut Environment,
        world: Option<&T>,
    ) -> Result<Part, String> {
        let here = world.cloned().ok_or("the deontic operators are not expected here")?;
        let there = self.fresh();
        let all = (modal != Modal::Permitted) == positive;
        let holds = (modal != Modal::Forbidden) == positive;
        let ideal = Literal { positive: !all, predicate: self.accessible, args: vec![here, T::V(there)] };
        let body = self.part(body, holds, env, Some(&T::V(there)))?;
        let parts = vec![Part::Literal(ideal), body];
        Ok(if all {
            Part::All(vec![there], Box::new(Part::Or(parts)))
        } else {
            Part::Exists(vec![there], Box::new(Part::And(parts)))
        })
    }

    fn equivalence(
        &mut self,
        left: &Formula,
        right: &Formula,
        positive: bool,
        env: &mut Environment,
        world: Option<&T>,
    ) -> Result<Part, String> {
        let (mut sides, mut is) = (Vec::new(), Vec::new());
        for side in [left, right] {
            // Both signs of a side are needed: a side with equivalences of its own gets a name, or it would double at each level.
            if side.any(|part| matches!(part, Formula::Iff(..))) {
                let name = self.named(side, env, world)?;
                is.push(Part::Literal(name.clone()));
                sides.push(Part::Literal(name.negated()));
            } else {
                is.push(self.part(side, true, env, world)?);
                sides.push(self.part(side, false, env, world)?);
            }
        }
        let mut is = is.into_iter();
        let mut not = sides.into_iter();
        let (Some(l), Some(r), Some(nl), Some(nr)) = (is.next(), is.next(), not.next(), not.next()) else {
            return Err("an equivalence has two sides".to_owned());
        };
        let (first, second) = if positive { ([nl, r], [l, nr]) } else { ([l, r], [nl, nr]) };
        Ok(Part::And(vec![Part::Or(first.into()), Part::Or(second.into())]))
    }

    /// A literal that is equivalent to the formula.
    fn named(&mut self, formula: &Formula, env: &mut Environment, world: Option<&T>) -> Result<Literal, String> {
        let mut free: Vec<u32> = Vec::new();
        for name in formula.free_variables() {
            let bound = env.iter().rev().find(|(bound, _)| *bound == name);
            free.extend(bound.map(|(_, v)| *v));
        }
        if let Some(world) = world {
            world.variables(&mut free);
        }
        let args: Vec<T> = free.into_iter().map(T::V).collect();
        // Both signs of an equivalence around it ask for the name of one part: without this, they would double at each level.
        let key = (std::ptr::from_ref(formula).addr(), args.clone());
        if let Some(name) = self.names.get(&key) {
            return Ok(name.clone());
        }
        let positive = self.part(formula, true, env, world)?;
        let negative = self.part(formula, false, env, world)?;
        let predicate = self.make_predicate(&format!("part{}", self.predicates.len()), args.len());
        let name = Literal { positive: true, predicate, args };
        self.add_part(Part::Or(vec![Part::Literal(name.negated()), positive]))?;
        self.add_part(Part::Or(vec![Part::Literal(name.clone()), negative]))?;
        self.names.insert(key, name.clone());
        Ok(name)
    }

    /// Existential variables replaced by functions of the free variables of their part; universal quantifiers left out.
    fn skolemized(&mut self, part: Part, replaced: &mut BTreeMap<u32, T>) -> Part {
        match part {
            Part::Literal(literal) => Part::Literal(Literal {
                args: literal.args.iter().map(|arg| replace(arg, replaced)).collect(),
                ..literal
            }),
            Part::And(parts) => Part::And(parts.into_iter().map(|part| self.skolemized(part, replaced)).collect()),
            Part::Or(parts) => Part::Or(parts.into_iter().map(|part| self.skolemized(part, replaced)).collect()),
            Part::All(_, body) => self.skolemized(*body, replaced),
            Part::Exists(variables, body) => {
                let mut free = Vec::new();
                free_in(&body, &mut variables.clone(), &mut free);
                let mut args = Vec::new();
                free.iter().for_each(|v| replace(&T::V(*v), replaced).variables(&mut args));
                args.sort_unstable();
                let args: Rc<[T]> = args.into_iter().map(T::V).collect();
                for v in variables {
                    let id = self.make_function(&format!("sk{}", self.functions.len()), args.len());
                    replaced.insert(v, T::F(id, Rc::clone(&args)));
                }
                self.skolemized(*body, replaced)
            }
        }
    }

    fn clausified(&mut self, part: Part) -> Result<Vec<Vec<Literal>>, String> {
        match part {
            Part::Literal(literal) => Ok(vec![vec![literal]]),
            Part::And(parts) => {
                let mut clauses = Vec::new();
                for part in parts {
                    clauses.extend(self.clausified(part)?);
                    if clauses.len() > MAX_CLAUSES {
                        return Err(too_many());
                    }
                }
                Ok(clauses)
            }
            Part::Or(parts) => self.disjunction(parts),
            Part::All(_, body) | Part::Exists(_, body) => self.clausified(*body),
        }
    }

    fn disjunction(&mut self, parts: Vec<Part>) -> Result<Vec<Vec<Literal>>, String> {
        let mut product: Vec<Vec<Literal>> = vec![Vec::new()];
        for part in parts {
            let mut clauses = self.clausified(part)?;
            if clauses.len() > 1 && clauses.len() * product.len() > MAX_PRODUCT {
                clauses = vec![vec![self.implied_name(clauses)?]];
            }
            let mut next = Vec::with_capacity(product.len() * clauses.len());
            for left in &product {
                next.extend(clauses.iter().map(|right| left.iter().chain(right).cloned().collect::<Vec<_>>()));
            }
            product = next;
        }
        Ok(product)
    }

    /// A literal that implies all of the clauses, in their place.
    fn implied_name(&mut self, clauses: Vec<Vec<Literal>>) -> Result<Literal, String> {
        let mut free = Vec::new();
        clauses.iter().flatten().flat_map(|literal| &literal.args).for_each(|arg| arg.variables(&mut free));
        let predicate = self.make_predicate(&format!("part{}", self.predicates.len()), free.len());
        let name = Literal { positive: true, predicate, args: free.into_iter().map(T::V).collect() };
        let not = name.negated();
        self.push(clauses.into_iter().map(|clause| std::iter::once(not.clone()).chain(clause).collect()).collect())?;
        Ok(name)
    }

    /// Whether `=` is used.
    pub(crate) fn has_equality(&self) -> bool {
        self.clauses.iter().any(|(clause, _)| clause.iter().any(|literal| literal.predicate == EQUAL))
    }

    /// Whether a world is the last argument of every predicate that was given.
    pub(crate) fn is_modal(&self) -> bool {
        self.world.is_some()
    }
}

fn replace(term: &T, replaced: &BTreeMap<u32, T>) -> T {
    match term {
        T::V(v) => replaced.get(v).cloned().unwrap_or(T::V(*v)),
        T::F(f, args) => T::F(*f, args.iter().map(|arg| replace(arg, replaced)).collect()),
    }
}

/// Variables of a part that no quantifier of it binds.
fn free_in(part: &Part, bound: &mut Vec<u32>, free: &mut Vec<u32>) {
    match part {
        Part::Literal(literal) => {
            let mut all = Vec::new();
            literal.args.iter().for_each(|arg| arg.variables(&mut all));
            for v in all {
                if !bound.contains(&v) && !free.contains(&v) {
                    free.push(v);
                }
            }
        }
        Part::And(parts) | Part::Or(parts) => parts.iter().for_each(|part| free_in(part, bound, free)),
        Part::All(variables, body) | Part::Exists(variables, body) => {
            let before = bound.len();
            bound.extend(variables.iter().copied());
            free_in(body, bound, free);
            bound.truncate(before);
        }
    }
}
