//! Whether one clause is an instance of another, or a part of one.

use std::collections::BTreeMap;

use crate::limits::MAX_MATCH_STEPS;
use crate::term::{Literal, T};

/// A matching: what each variable of the general side stands for.
type Matching = BTreeMap<u32, T>;

/// Extends the matching so that `general` becomes `special`.
fn match_term(general: &T, special: &T, matching: &mut Matching, added: &mut Vec<u32>) -> bool {
    match (general, special) {
        (T::V(v), _) => match matching.get(v) {
            Some(term) => term == special,
            None => {
                matching.insert(*v, special.clone());
                added.push(*v);
                true
            }
        },
        (T::F(f, fs), T::F(g, gs)) => {
            f == g && fs.len() == gs.len() && fs.iter().zip(gs.iter()).all(|(f, g)| match_term(f, g, matching, added))
        }
        (T::F(..), T::V(_)) => false,
    }
}

fn match_literal(general: &Literal, special: &Literal, matching: &mut Matching, added: &mut Vec<u32>) -> bool {
    general.positive == special.positive
        && general.predicate == special.predicate
        && general.args.len() == special.args.len()
        && general.args.iter().zip(&special.args).all(|(g, s)| match_term(g, s, matching, added))
}

/// Which predicates the literals have, with their signs, as bits: a clause is no part of one that lacks bits of it.
pub(crate) fn outline(literals: &[Literal]) -> u64 {
    literals.iter().fold(0, |bits, literal| {
        let number = literal.predicate.wrapping_mul(2).wrapping_add(u32::from(literal.positive));
        bits | 1_u64.wrapping_shl(number)
    })
}

/// The literals but one.
pub(crate) fn without(literals: &[Literal], at: usize) -> Vec<Literal> {
    literals.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, literal)| literal.clone()).collect()
}

/// Whether an instance of `general` is a part of `special`, each literal of the one with one of its own in the other: a clause that
/// becomes shorter where its literals fall together is not simpler than what follows from that, and must not make it redundant. It
/// may say no where the search is long: then a clause is kept in vain.
pub(crate) fn subsumes(general: &[Literal], special: &[Literal]) -> bool {
    let mut free = vec![true; special.len()];
    general.len() <= special.len() && search(general, special, &mut free, &mut Matching::new(), &mut 0)
}

fn search(
    general: &[Literal],
    special: &[Literal],
    free: &mut [bool],
    matching: &mut Matching,
    steps: &mut usize,
) -> bool {
    let Some((first, rest)) = general.split_first() else { return true };
    for (at, candidate) in special.iter().enumerate() {
        *steps += 1;
        if *steps > MAX_MATCH_STEPS {
            return false;
        }
        if !free.get(at).copied().unwrap_or_default() {
            continue;
        }
        let mut added = Vec::new();
        if match_literal(first, candidate, matching, &mut added) {
            set(free, at, false);
            if search(rest, special, free, matching, steps) {
                return true;
            }
            set(free, at, true);
        }
        added.iter().for_each(|v| {
            matching.remove(v);
        });
    }
    false
}

fn set(free: &mut [bool], at: usize, value: bool) {
    if let Some(slot) = free.get_mut(at) {
        *slot = value;
    }
}
