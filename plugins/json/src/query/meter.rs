//! The meter of a jq program: steps, size, depth and stack of what it does.
//!
//! Every definition, operator and pipe of a program is rewritten to pass a filter of ours, which counts. What exceeds
//! a bound halts the program, and `try` does not catch that.

use std::cell::Cell;

use jaq_core::load::{
    lex::StrPart,
    parse::{BinaryOp, Def, Pattern, Term},
};
use jaq_core::path::{Opt, Part, Path};
use jaq_core::{Exn, ops::Math};
use jaq_json::{Num, Val};
use jaq_std::ValT as _;

use crate::limits::{
    MAX_DEPTH, MAX_INTEGER_BITS, MAX_NODES, MAX_NODES_CHECKED, MAX_STACK_BYTES, MAX_STEPS, MAX_STRING_BYTES,
};

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
    static CHECKED: Cell<u64> = const { Cell::new(0) };
    static STACK: Cell<usize> = const { Cell::new(0) };
    static STOPPED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

const STEP: &str = "__step";
const ENTER: &str = "__enter";
const BUILT: &str = "__built";
const TIMES: &str = "__times";
const VIVIFIED: &str = "__vivified";
const OPERAND: &str = "$__operand";

/// Begins a program.
pub fn begin() {
    STEPS.set(0);
    CHECKED.set(0);
    STACK.set(stack());
    STOPPED.set(None);
}

/// Why the program was halted, if it was.
pub fn stopped() -> Option<&'static str> {
    STOPPED.get()
}

/// Halts the program.
pub fn stop<'a>(reason: &'static str) -> Exn<'a, Val> {
    STOPPED.set(Some(reason));
    Exn::halt(1)
}

/// Counts a step whose result is `value`.
pub fn step<'a>(value: &Val) -> Result<(), Exn<'a, Val>> {
    STEPS.set(STEPS.get() + 1);
    if STEPS.get() > MAX_STEPS {
        return Err(stop("it takes more than 2000000 steps"));
    }
    match value {
        Val::TStr(bytes) | Val::BStr(bytes) if bytes.len() > MAX_STRING_BYTES => {
            Err(stop("it builds a string of more than 8388608 bytes"))
        }
        Val::Arr(items) if items.len() > MAX_NODES => Err(stop("it builds a value of more than 1000000 values")),
        Val::Obj(members) if members.len() > MAX_NODES => Err(stop("it builds a value of more than 1000000 values")),
        Val::Num(Num::BigInt(number)) if number.bits() > MAX_INTEGER_BITS => {
            Err(stop("it builds an integer of more than 32768 bits"))
        }
        _ => Ok(()),
    }
}

/// Makes room for a member or an item that an update is about to set: as in jq, null becomes an object or an array, and
/// an array that is too short gets nulls.
pub fn vivified<'a>(value: Val, key: &Val) -> Result<Val, Exn<'a, Val>> {
    step(&value)?;
    let index = key.as_isize().and_then(|index| usize::try_from(index).ok());
    match (value, key, index) {
        (Val::Null, Val::TStr(_), _) => Ok(Val::Obj(Default::default())),
        (Val::Null, Val::Num(_), Some(index)) => vivified(std::iter::empty().collect(), &Val::from(index)),
        (Val::Arr(items), Val::Num(_), Some(index)) if index >= items.len() => {
            if index >= MAX_NODES {
                return Err(stop("it builds a value of more than 1000000 values"));
            }
            let missing = std::iter::repeat_n(Val::Null, index + 1 - items.len());
            Ok(items.iter().cloned().chain(missing).collect())
        }
        (value, ..) => Ok(value),
    }
}

/// Counts the call of a definition, which may be a recursive one.
pub fn enter<'a>(value: &Val) -> Result<(), Exn<'a, Val>> {
    step(value)?;
    if STACK.get().abs_diff(stack()) > MAX_STACK_BYTES {
        return Err(stop("its recursion is too deep"));
    }
    Ok(())
}

/// Checks a value that was built.
pub fn built<'a>(value: &Val) -> Result<(), Exn<'a, Val>> {
    step(value)?;
    let mut nodes = 0;
    let fits = measure(value, 0, &mut nodes);
    CHECKED.set(CHECKED.get() + nodes as u64);
    fits.map_err(stop)?;
    if CHECKED.get() > MAX_NODES_CHECKED {
        return Err(stop("it builds too many large values"));
    }
    Ok(())
}

/// The product of two values, whose strings are repeated no further than they may be long.
pub fn times<'a>(left: Val, right: Val) -> Result<Val, Exn<'a, Val>> {
    let length = match (&left, &right) {
        (Val::TStr(text) | Val::BStr(text), other) | (other, Val::TStr(text) | Val::BStr(text)) => {
            other.as_f64().map(|count| count * text.len() as f64)
        }
        _ => None,
    };
    if length.is_some_and(|length| length > MAX_STRING_BYTES as f64) {
        return Err(stop("it builds a string of more than 8388608 bytes"));
    }
    (left * right).map_err(Exn::from)
}

fn measure(value: &Val, depth: usize, nodes: &mut usize) -> Result<(), &'static str> {
    *nodes += 1;
    if depth > MAX_DEPTH {
        return Err("it builds a value of more than 100 levels");
    }
    if *nodes > MAX_NODES {
        return Err("it builds a value of more than 1000000 values");
    }
    match value {
        Val::Arr(items) => items.iter().try_for_each(|item| measure(item, depth + 1, nodes)),
        Val::Obj(members) => members.iter().try_for_each(|(key, member)| {
            measure(key, depth + 1, nodes)?;
            measure(member, depth + 1, nodes)
        }),
        _ => Ok(()),
    }
}

/// Where the stack ends now.
#[inline(never)]
fn stack() -> usize {
    let here = Cell::new(0_u8);
    std::hint::black_box(std::ptr::from_ref(&here)).addr()
}

type Tm<'s> = Term<&'s str>;

fn call<'s>(name: &'s str) -> Tm<'s> {
    Term::Call(name, Vec::new())
}

fn pipe<'s>(left: Tm<'s>, right: Tm<'s>) -> Tm<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

fn before<'s>(name: &'static str, term: Tm<'s>) -> Tm<'s> {
    pipe(call(name), term)
}

fn after<'s>(term: Tm<'s>, name: &'static str) -> Tm<'s> {
    pipe(term, call(name))
}

fn boxed(term: Tm<'_>) -> Box<Tm<'_>> {
    Box::new(metered(term))
}

/// A definition that counts its calls.
pub fn definition(definition: Def<&str>) -> Def<&str> {
    Def { body: before(ENTER, metered(definition.body)), ..definition }
}

/// A term that counts its steps.
pub fn metered(term: Tm<'_>) -> Tm<'_> {
    match term {
        Term::Str(format, parts) => {
            let plain = !parts.iter().any(|part| matches!(part, StrPart::Term(_)));
            let parts = parts.into_iter().map(|part| match part {
                StrPart::Term(term) => StrPart::Term(metered(term)),
                other => other,
            });
            let term = Term::Str(format, parts.collect());
            if plain { term } else { after(term, STEP) }
        }
        Term::Arr(items) => after(Term::Arr(items.map(|items| boxed(*items))), BUILT),
        Term::Obj(members) if members.is_empty() => Term::Obj(members),
        Term::Obj(members) => {
            let members = members.into_iter().map(|(key, value)| (metered(key), value.map(metered)));
            after(Term::Obj(members.collect()), BUILT)
        }
        Term::Neg(term) => Term::Neg(boxed(*term)),
        Term::BinOp(left, operator, right) => operation(metered(*left), operator, metered(*right)),
        Term::Label(name, term) => Term::Label(name, boxed(*term)),
        Term::Fold(kind, items, pattern, terms) => {
            let terms = terms.into_iter().map(|term| before(STEP, metered(term)));
            Term::Fold(kind, boxed(*items), bound(pattern), terms.collect())
        }
        Term::TryCatch(term, catch) => Term::TryCatch(boxed(*term), catch.map(|catch| boxed(*catch))),
        Term::IfThenElse(cases, otherwise) => {
            let cases = cases.into_iter().map(|(test, then)| (metered(test), before(STEP, metered(then))));
            Term::IfThenElse(cases.collect(), otherwise.map(|otherwise| boxed(*otherwise)))
        }
        Term::Def(definitions, rest) => Term::Def(definitions.into_iter().map(definition).collect(), boxed(*rest)),
        Term::Call("range", arguments) if arguments.len() == 3 => {
            after(Term::Call("range", arguments.into_iter().map(metered).collect()), STEP)
        }
        Term::Call(name, arguments) => Term::Call(name, arguments.into_iter().map(metered).collect()),
        Term::Path(base, Path(parts)) => {
            let parts = parts.into_iter().map(|(part, optional)| (indexed(part), optional));
            after(Term::Path(boxed(*base), Path(parts.collect())), STEP)
        }
        other => other,
    }
}

fn operation<'s>(left: Tm<'s>, operator: BinaryOp<&'s str>, right: Tm<'s>) -> Tm<'s> {
    let term = |left, operator, right| Term::BinOp(Box::new(left), operator, Box::new(right));
    match operator {
        BinaryOp::Pipe(pattern) => term(left, BinaryOp::Pipe(pattern.map(bound)), before(STEP, right)),
        BinaryOp::Comma | BinaryOp::Alt => term(left, operator, right),
        // The first argument is the outer loop, as the right operand is.
        BinaryOp::Math(Math::Mul) => after(Term::Call(TIMES, vec![right, left]), STEP),
        BinaryOp::UpdateMath(Math::Mul) => {
            let left = vivifying(left);
            let product = Term::Call(TIMES, vec![Term::Var(OPERAND), Term::Id]);
            let update = term(left, BinaryOp::Update, product);
            after(term(right, BinaryOp::Pipe(Some(Pattern::Var(OPERAND))), update), BUILT)
        }
        BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
            after(term(vivifying(left), operator, right), BUILT)
        }
        BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => after(term(left, operator, right), STEP),
    }
}

/// The left side of an update, which makes members and items that are not there where their keys are constants.
fn vivifying(term: Tm<'_>) -> Tm<'_> {
    let boxed = |term: Box<_>| Box::new(vivifying(*term));
    match term {
        Term::Path(base, Path(parts)) => parts.into_iter().fold(vivifying(*base), |base, (part, optional)| {
            let base = match &part {
                Part::Index(key @ (Term::Str(None, _) | Term::Num(_) | Term::Var(_))) if is_constant(key) => {
                    pipe(base, Term::Call(VIVIFIED, vec![key.clone()]))
                }
                _ => return path(base, part, optional),
            };
            path(base, part, optional)
        }),
        Term::BinOp(left, operator @ (BinaryOp::Pipe(_) | BinaryOp::Comma | BinaryOp::Alt), right) => {
            Term::BinOp(boxed(left), operator, boxed(right))
        }
        Term::TryCatch(term, None) => Term::TryCatch(boxed(term), None),
        other => other,
    }
}

fn path<'s>(base: Tm<'s>, part: Part<Tm<'s>>, optional: Opt) -> Tm<'s> {
    Term::Path(Box::new(base), Path(vec![(part, optional)]))
}

/// Whether a key does not depend on the input.
fn is_constant(key: &Tm<'_>) -> bool {
    match key {
        Term::Str(_, parts) => !parts.iter().any(|part| matches!(part, StrPart::Term(_))),
        _ => true,
    }
}

fn bound(pattern: Pattern<&str>) -> Pattern<&str> {
    match pattern {
        Pattern::Var(name) => Pattern::Var(name),
        Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(bound).collect()),
        Pattern::Obj(members) => {
            Pattern::Obj(members.into_iter().map(|(key, value)| (metered(key), bound(value))).collect())
        }
    }
}

fn indexed(part: Part<Tm<'_>>) -> Part<Tm<'_>> {
    match part {
        Part::Index(index) => Part::Index(metered(index)),
        Part::Range(from, to) => Part::Range(from.map(metered), to.map(metered)),
    }
}
