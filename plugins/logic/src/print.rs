//! Formulas as text, in textbook notation and in TPTP.

use std::collections::BTreeMap;

use crate::formula::{Formula, Modal, Quantifier, Term};
use crate::lexer::needs_quotes;

/// How a notation writes what differs.
trait Style {
    fn variable(&self, name: &str) -> String;
    fn symbol(&self, name: &str, bound: &[String]) -> String;
    fn words(&self) -> &'static Words;
    fn quantifier(&self, quantifier: Quantifier, variables: &[String]) -> String;
}

/// Words of a notation.
struct Words {
    yes: &'static str,
    no: &'static str,
    not: &'static str,
    and: &'static str,
    or: &'static str,
    implies: &'static str,
    iff: &'static str,
}

struct Textbook;

impl Style for Textbook {
    fn variable(&self, name: &str) -> String {
        name.to_owned()
    }

    fn symbol(&self, name: &str, bound: &[String]) -> String {
        if needs_quotes(name) || bound.iter().any(|variable| variable == name) {
            return quote(name);
        }
        name.to_owned()
    }

    fn words(&self) -> &'static Words {
        &Words { yes: "true", no: "false", not: "~", and: " & ", or: " | ", implies: " -> ", iff: " <-> " }
    }

    fn quantifier(&self, quantifier: Quantifier, variables: &[String]) -> String {
        let word = if quantifier == Quantifier::All { "forall" } else { "exists" };
        format!("{word} {}. ", variables.join(", "))
    }
}

/// The variables of the formula, by their names there.
struct Tptp(BTreeMap<String, String>);

impl Style for Tptp {
    fn variable(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| tptp_variable(name))
    }

    fn symbol(&self, name: &str, _: &[String]) -> String {
        let mut chars = name.chars();
        let lower = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        if lower && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') { name.to_owned() } else { quote(name) }
    }

    fn words(&self) -> &'static Words {
        &Words { yes: "$true", no: "$false", not: "~", and: " & ", or: " | ", implies: " => ", iff: " <=> " }
    }

    fn quantifier(&self, quantifier: Quantifier, variables: &[String]) -> String {
        let sign = if quantifier == Quantifier::All { '!' } else { '?' };
        let names: Vec<String> = variables.iter().map(|name| self.variable(name)).collect();
        format!("{sign} [{}] : ", names.join(","))
    }
}

/// A variable as TPTP wants it: with a capital letter.
fn tptp_variable(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut chars = plain.chars();
    match chars.next() {
        Some(first) if first.is_ascii_alphabetic() => format!("{}{}", first.to_ascii_uppercase(), chars.as_str()),
        _ => format!("V{plain}"),
    }
}

/// Names in TPTP for all variables of a formula; names that differ stay different.
fn tptp_variables(formula: &Formula, names: &mut BTreeMap<String, String>) {
    let mut variables: Vec<String> = match formula {
        Formula::Quant(_, variables, _) => variables.clone(),
        _ => Vec::new(),
    };
    variables.retain(|name| !names.contains_key(name));
    for name in variables {
        let plain = tptp_variable(&name);
        let taken = |candidate: &String| names.values().any(|used| used == candidate);
        let mut new = plain.clone();
        let mut number = 2;
        while taken(&new) {
            new = format!("{plain}_{number}");
            number += 1;
        }
        names.insert(name, new);
    }
    formula.children().into_iter().for_each(|child| tptp_variables(child, names));
}

fn quote(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A formula in textbook notation; reading it again gives the same formula.
pub(crate) fn textbook(formula: &Formula) -> String {
    let mut out = String::new();
    write(formula, &Textbook, &mut Vec::new(), 0, &mut out);
    out
}

/// A formula in TPTP, without its name and role. Deontic operators have no form there.
pub(crate) fn tptp(formula: &Formula) -> String {
    let mut out = String::new();
    let mut names = BTreeMap::new();
    tptp_variables(formula, &mut names);
    write(formula, &Tptp(names), &mut Vec::new(), 0, &mut out);
    out
}

/// A name in textbook notation, in quotes where it needs them.
pub(crate) fn name(name: &str) -> String {
    Textbook.symbol(name, &[])
}

/// A term in textbook notation.
fn term(term: &Term, style: &dyn Style, bound: &[String], out: &mut String) {
    match term {
        Term::Var(name) => out.push_str(&style.variable(name)),
        Term::App(name, args) => application(name, args, style, bound, out),
    }
}

fn application(name: &str, args: &[Term], style: &dyn Style, bound: &[String], out: &mut String) {
    out.push_str(&style.symbol(name, bound));
    for (index, arg) in args.iter().enumerate() {
        out.push_str(if index == 0 { "(" } else { ", " });
        term(arg, style, bound, out);
    }
    if !args.is_empty() {
        out.push(')');
    }
}

/// How tightly a formula binds, as the parser has it.
fn tightness(formula: &Formula) -> u8 {
    match formula {
        Formula::Quant(..) => 1,
        Formula::Iff(..) => 2,
        Formula::Implies(..) => 3,
        Formula::Or(_) => 4,
        Formula::And(_) => 5,
        _ => 7,
    }
}

/// Writes a formula where only those that bind tighter than `outer` need no parentheses.
fn write(formula: &Formula, style: &dyn Style, bound: &mut Vec<String>, outer: u8, out: &mut String) {
    let own = tightness(formula);
    let parentheses = own <= outer;
    if parentheses {
        out.push('(');
    }
    let words = style.words();
    match formula {
        Formula::True => out.push_str(words.yes),
        Formula::False => out.push_str(words.no),
        Formula::Pred(name, args) => application(name, args, style, bound, out),
        Formula::Equal(left, right) => equation(left, " = ", right, style, bound, out),
        Formula::Not(body) => match &**body {
            Formula::Equal(left, right) => equation(left, " != ", right, style, bound, out),
            body => {
                out.push_str(words.not);
                write(body, style, bound, 6, out);
            }
        },
        Formula::And(parts) => chain(parts, words.and, own, style, bound, out),
        Formula::Or(parts) => chain(parts, words.or, own, style, bound, out),
        Formula::Implies(left, right) => pair(left, words.implies, right, style, bound, out),
        Formula::Iff(left, right) => pair(left, words.iff, right, style, bound, out),
        Formula::Quant(quantifier, variables, body) => {
            let before = bound.len();
            bound.extend(variables.iter().cloned());
            out.push_str(&style.quantifier(*quantifier, variables));
            // In TPTP a quantifier binds as tightly as a negation: parentheses mean the same in both.
            let inner = if matches!(**body, Formula::Quant(..)) { 0 } else { 6 };
            write(body, style, bound, inner, out);
            bound.truncate(before);
        }
        Formula::Modal(modal, body) => {
            out.push_str(match modal {
                Modal::Obligatory => "O[",
                Modal::Permitted => "P[",
                Modal::Forbidden => "F[",
            });
            write(body, style, bound, 0, out);
            out.push(']');
        }
    }
    if parentheses {
        out.push(')');
    }
}

fn equation(left: &Term, sign: &str, right: &Term, style: &dyn Style, bound: &[String], out: &mut String) {
    term(left, style, bound, out);
    out.push_str(sign);
    term(right, style, bound, out);
}

fn chain(parts: &[Formula], sign: &str, own: u8, style: &dyn Style, bound: &mut Vec<String>, out: &mut String) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(sign);
        }
        write(part, style, bound, own, out);
    }
}

/// Chains of `->` and `<->` always have their parentheses: few readers know how they group.
fn pair(left: &Formula, sign: &str, right: &Formula, style: &dyn Style, bound: &mut Vec<String>, out: &mut String) {
    write(left, style, bound, 3, out);
    out.push_str(sign);
    write(right, style, bound, 3, out);
}

/// A term in textbook notation, on its own.
pub(crate) fn term_text(value: &Term) -> String {
    let mut out = String::new();
    term(value, &Textbook, &[], &mut out);
    out
}
