//! Writes SMT-LIB 2 (Barrett, Fontaine and Tinelli, The SMT-LIB Standard, 2.6): uninterpreted functions over one sort.

use std::collections::{BTreeMap, BTreeSet};

use crate::formula::{Formula, Quantifier, Signature, Term};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Predicate,
    Function,
    Variable,
}

/// Words of the language, and what the output declares.
const RESERVED: [&str; 20] = [
    "_", "as", "let", "exists", "forall", "match", "par", "true", "false", "not", "and", "or", "xor", "ite",
    "distinct", "U", "Bool", "BINARY", "DECIMAL", "STRING",
];

/// Names as they are written: different ones for what differs, though SMT-LIB has one space of names.
#[derive(Debug, Default)]
struct Names {
    written: BTreeMap<(Kind, String), String>,
    used: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, kind: Kind, name: &str) {
        let key = (kind, name.to_owned());
        if self.written.contains_key(&key) {
            return;
        }
        let plain: String = name.chars().map(|c| if matches!(c, '|' | '\\') { '_' } else { c }).collect();
        let mut new = plain.clone();
        let mut number = 2_u32;
        while !self.used.insert(new.clone()) {
            new = format!("{plain}_{number}");
            number = number.saturating_add(1);
        }
        let simple = new.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && new.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !RESERVED.contains(&new.as_str());
        self.written.insert(key, if simple { new } else { format!("|{new}|") });
    }

    fn get(&self, kind: Kind, name: &str) -> &str {
        self.written.get(&(kind, name.to_owned())).map(String::as_str).unwrap_or_default()
    }

    fn add_variables(&mut self, formula: &Formula) {
        if let Formula::Quant(_, variables, _) = formula {
            variables.iter().for_each(|name| self.add(Kind::Variable, name));
        }
        formula.children().into_iter().for_each(|child| self.add_variables(child));
    }
}

/// A problem that is unsatisfiable if and only if all goals follow from the premises. The formulas are closed and not deontic.
pub(crate) fn problem(premises: &[Formula], goals: &[Formula]) -> Result<String, String> {
    let mut signature = Signature::default();
    premises.iter().chain(goals).try_for_each(|formula| signature.add(formula))?;
    let mut names = Names::default();
    signature.predicates.keys().for_each(|name| names.add(Kind::Predicate, name));
    signature.functions.keys().for_each(|name| names.add(Kind::Function, name));
    premises.iter().chain(goals).for_each(|formula| names.add_variables(formula));
    let mut out = "(set-logic UF)\n(declare-sort U 0)\n".to_owned();
    for (symbols, kind, sort) in
        [(&signature.functions, Kind::Function, "U"), (&signature.predicates, Kind::Predicate, "Bool")]
    {
        for (name, count) in symbols {
            let arguments = vec!["U"; *count].join(" ");
            out.push_str(&format!("(declare-fun {} ({arguments}) {sort})\n", names.get(kind, name)));
        }
    }
    for premise in premises {
        out.push_str("(assert ");
        write(premise, &names, &mut out);
        out.push_str(")\n");
    }
    match goals {
        [] => {}
        [goal] => {
            out.push_str("(assert (not ");
            write(goal, &names, &mut out);
            out.push_str("))\n");
        }
        goals => {
            out.push_str("(assert (not ");
            list("and", goals, &names, &mut out);
            out.push_str("))\n");
        }
    }
    out.push_str("(check-sat)\n");
    Ok(out)
}

fn write(formula: &Formula, names: &Names, out: &mut String) {
    match formula {
        Formula::True => out.push_str("true"),
        Formula::False => out.push_str("false"),
        Formula::Pred(name, args) => application(names.get(Kind::Predicate, name), args, names, out),
        Formula::Equal(left, right) => {
            out.push_str("(= ");
            term(left, names, out);
            out.push(' ');
            term(right, names, out);
            out.push(')');
        }
        // The caller refuses the deontic operators.
        Formula::Not(body) | Formula::Modal(_, body) => {
            out.push_str("(not ");
            write(body, names, out);
            out.push(')');
        }
        Formula::And(parts) => list("and", parts, names, out),
        Formula::Or(parts) => list("or", parts, names, out),
        Formula::Implies(left, right) => pair("=>", left, right, names, out),
        Formula::Iff(left, right) => pair("=", left, right, names, out),
        Formula::Quant(quantifier, variables, body) => {
            out.push_str(if *quantifier == Quantifier::All { "(forall (" } else { "(exists (" });
            let bound: Vec<String> =
                variables.iter().map(|name| format!("({} U)", names.get(Kind::Variable, name))).collect();
            out.push_str(&bound.join(" "));
            out.push_str(") ");
            write(body, names, out);
            out.push(')');
        }
    }
}

fn list(operator: &str, parts: &[Formula], names: &Names, out: &mut String) {
    out.push('(');
    out.push_str(operator);
    for part in parts {
        out.push(' ');
        write(part, names, out);
    }
    out.push(')');
}

fn pair(operator: &str, left: &Formula, right: &Formula, names: &Names, out: &mut String) {
    out.push('(');
    out.push_str(operator);
    out.push(' ');
    write(left, names, out);
    out.push(' ');
    write(right, names, out);
    out.push(')');
}

fn term(value: &Term, names: &Names, out: &mut String) {
    match value {
        Term::Var(name) => out.push_str(names.get(Kind::Variable, name)),
        Term::App(name, args) => application(names.get(Kind::Function, name), args, names, out),
    }
}

fn application(name: &str, args: &[Term], names: &Names, out: &mut String) {
    if args.is_empty() {
        out.push_str(name);
        return;
    }
    out.push('(');
    out.push_str(name);
    for arg in args {
        out.push(' ');
        term(arg, names, out);
    }
    out.push(')');
}
