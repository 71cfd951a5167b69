//! Formulas from one notation to another.

use tandem_sdk::prelude::*;

use crate::formula::Formula;
use crate::lexer::Notation;
use crate::limits::MAX_PROBLEM_BYTES;
use crate::model::{Converted, Format, Source};
use crate::tptp::Theory;
use crate::{parser, print, prove, smtlib, tptp};

/// The formulas of a text in another notation.
pub(crate) fn convert(text: &str, from: Source, to: Format) -> Result<Converted> {
    if text.len() > MAX_PROBLEM_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`text` has {} bytes; at most {MAX_PROBLEM_BYTES} are read",
            text.len()
        )));
    }
    let theory = match from {
        Source::Textbook => lines(text),
        Source::Tptp => tptp::read(text),
    };
    let theory = theory.map_err(|error| Error::invalid_arguments(format!("`text`: {error}")))?;
    if theory.premises.is_empty() && theory.goals.is_empty() {
        return Err(Error::invalid_arguments("`text` has no formula"));
    }
    prove::check(&theory.premises, &theory.goals)?;
    write("`text`", &theory, to)
}

/// The formulas in a notation; `what` says in errors where they come from.
pub(crate) fn write(what: &str, theory: &Theory, to: Format) -> Result<Converted> {
    let modal = theory.premises.iter().chain(&theory.goals).any(Formula::is_modal);
    if modal && to != Format::Textbook {
        return Err(Error::invalid_arguments(format!(
            "{what} has deontic operators, which TPTP's `fof` and SMT-LIB do not have; use `logic_prove` for them"
        )));
    }
    let count = |formulas: &[Formula]| u32::try_from(formulas.len()).unwrap_or(u32::MAX);
    Ok(Converted {
        premises: count(&theory.premises),
        goals: count(&theory.goals),
        text: match to {
            Format::Textbook => textbook(theory),
            Format::Tptp => fof(theory),
            Format::Smtlib => smtlib::problem(&theory.premises, &theory.goals).map_err(Error::invalid_arguments)?,
        },
    })
}

/// One formula a line; goals begin with `|-`.
fn lines(text: &str) -> Result<Theory, String> {
    let mut theory = Theory::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '%']) {
            continue;
        }
        let at = |error| format!("line {}: {error}", index + 1);
        let goal = line.strip_prefix("|-").or_else(|| line.strip_prefix('⊢'));
        let formula = parser::parse(goal.unwrap_or(line), Notation::Textbook { deontic: false }).map_err(at)?;
        theory.add(formula, goal.is_some()).map_err(at)?;
    }
    Ok(theory)
}

fn textbook(theory: &Theory) -> String {
    let premises = theory.premises.iter().map(|premise| format!("{}\n", print::textbook(premise)));
    let goals = theory.goals.iter().map(|goal| format!("|- {}\n", print::textbook(goal)));
    premises.chain(goals).collect()
}

fn fof(theory: &Theory) -> String {
    let entry =
        |name: String, role: &str, formula: &Formula| format!("fof({name}, {role}, {}).\n", print::tptp(formula));
    let premises = theory.premises.iter().enumerate();
    let premises = premises.map(|(index, premise)| entry(format!("premise_{}", index + 1), "axiom", premise));
    let goals = theory.goals.iter().enumerate();
    let goals = goals.map(|(index, goal)| entry(format!("goal_{}", index + 1), "conjecture", goal));
    premises.chain(goals).collect()
}
