//! Proofs: premises and a goal to clauses, a search for a refutation of them, a search for a countermodel.

use std::time::{Duration, Instant};

use tandem_sdk::prelude::*;

use crate::finder;
use crate::formula::{Formula, Signature, check_closed};
use crate::limits::{MAX_DOMAIN, MAX_PREMISES, MAX_PROOF_STEPS, MAX_SYMBOLS};
use crate::model::{Countermodel, Proof, Step, Verdict};
use crate::normal::Problem;
use crate::print;
use crate::prover::{Prover, Rule, State};
use crate::show;
use crate::symbols::equality_axioms;
use crate::term::normalized;

/// Clauses that are derived before a countermodel is looked for.
const FIRST_STEPS: u32 = 2_000;

/// What a proof may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) steps: u32,
    pub(crate) until: Instant,
}

impl Bounds {
    pub(crate) fn new(steps: u32, timeout_ms: u32) -> Self {
        Self { steps, until: Instant::now() + Duration::from_millis(timeout_ms.into()) }
    }
}

/// Refuses what cannot be proved from: open formulas and symbols of two kinds.
pub(crate) fn check(premises: &[Formula], goals: &[Formula]) -> Result<()> {
    if premises.len() > MAX_PREMISES {
        return Err(Error::invalid_arguments(format!(
            "there are {} premises; at most {MAX_PREMISES} are read",
            premises.len()
        )));
    }
    let mut signature = Signature::default();
    for (what, formulas) in [("premise", premises), ("goal", goals)] {
        for (index, formula) in formulas.iter().enumerate() {
            let label = format!("{what} {}", index + 1);
            check_closed(&label, formula)?;
            signature.add(formula).map_err(|error| Error::invalid_arguments(format!("{label}: {error}")))?;
        }
    }
    Ok(())
}

/// Proves the goal from the premises, or not.
pub(crate) fn prove(ctx: &Ctx, premises: &[Formula], goal: &Formula, bounds: Bounds) -> Result<Proof> {
    let modal = premises.iter().chain([goal]).any(Formula::is_modal);
    let mut problem = Problem::new(modal);
    for (index, premise) in premises.iter().enumerate() {
        problem.add(premise, true, index).map_err(Error::invalid_arguments)?;
    }
    let goal_source = premises.len();
    problem.add(goal, false, goal_source).map_err(Error::invalid_arguments)?;
    problem.add_seriality(goal_source + 1);
    let mut prover = prover(&problem);
    let (mut rounds, mut cancelled) = (0_u32, false);
    let mut check = || {
        rounds += 1;
        if rounds.is_multiple_of(32) {
            cancelled = ctx.cancelled();
        }
        !cancelled && Instant::now() < bounds.until
    };
    let mut state = prover.run(bounds.steps.min(FIRST_STEPS), &mut check);
    let mut countermodel = None;
    if !matches!(state, State::Refutation(_)) {
        countermodel = find_countermodel(ctx, &problem, bounds);
    }
    if countermodel.is_none() && state == State::Steps && bounds.steps > prover.steps {
        ctx.progress(f64::from(prover.steps), Some(f64::from(bounds.steps)), "searching for a proof");
        state = prover.run(bounds.steps, &mut check);
    }
    ctx.check()?;
    let mut proof = Proof::new(print::textbook(goal), prover.steps);
    conclude(&mut proof, state, countermodel, bounds);
    if let State::Refutation(empty) = state {
        proof.proof = steps(&problem, &prover, empty, goal_source);
        let from_goal =
            |id: &usize| prover.clauses.get(*id).is_some_and(|clause| clause.rule == Rule::Input(goal_source));
        proof.premises_inconsistent = !prover.ancestors(empty).iter().any(from_goal);
        if proof.premises_inconsistent {
            proof.reason = "the premises contradict each other, so every goal follows from them".to_owned();
        }
    }
    Ok(proof)
}

fn prover(problem: &Problem) -> Prover {
    let mut prover = Prover::default();
    for (literals, source) in &problem.clauses {
        if let Some((literals, variables)) = normalized(literals.clone()) {
            prover.add_input(literals, variables, Rule::Input(*source));
        }
    }
    if problem.has_equality() {
        for axiom in equality_axioms(&problem.predicates, &problem.functions, usize::from(problem.is_modal())) {
            // Not `normalized`: reflexivity is what it leaves out elsewhere because it is here.
            let mut variables = Vec::new();
            axiom.iter().flat_map(|literal| &literal.args).for_each(|arg| arg.variables(&mut variables));
            let count = variables.iter().max().map_or(0, |v| v + 1);
            prover.add_input(axiom, count, Rule::Equality);
        }
    }
    prover
}

fn find_countermodel(ctx: &Ctx, problem: &Problem, bounds: Bounds) -> Option<Countermodel> {
    /// Lines of a countermodel that are shown.
    const MAX_LINES: usize = 100;
    let check = || !ctx.cancelled() && Instant::now() < bounds.until;
    (1..=MAX_DOMAIN).take_while(|_| check()).find_map(|size| {
        let mut facts = finder::find(problem, size, &check)?;
        let more = facts.len().saturating_sub(MAX_LINES);
        facts.truncate(MAX_LINES);
        if more > 0 {
            facts.push(format!("and {more} more"));
        }
        Some(Countermodel { elements: u32::try_from(size).unwrap_or(u32::MAX), facts })
    })
}

fn conclude(proof: &mut Proof, state: State, countermodel: Option<Countermodel>, bounds: Bounds) {
    let (result, reason) = match (state, &countermodel) {
        (State::Refutation(_), _) => {
            (Verdict::Proved, "the premises and the negated goal contradict each other".to_owned())
        }
        (_, Some(model)) => {
            (Verdict::Refuted, format!("a model with {} elements has true premises and a false goal", model.elements))
        }
        (State::Saturated, None) => (
            Verdict::Refuted,
            "nothing new follows from the premises and the negated goal, without a contradiction".to_owned(),
        ),
        (State::SaturatedWithin, None) => (
            Verdict::Unknown,
            "the bound on the size of a clause was reached: clauses that might be needed were left out".to_owned(),
        ),
        (State::Steps, None) => (
            Verdict::Unknown,
            format!(
                "the bound `max_steps` = {} was reached, and no countermodel with up to {MAX_DOMAIN} elements was found",
                bounds.steps
            ),
        ),
        (State::Symbols, None) => (
            Verdict::Unknown,
            format!(
                "the bound on the size of all clauses was reached: {MAX_SYMBOLS} symbols of predicates, functions and variables"
            ),
        ),
        (State::Stopped, None) => (Verdict::Unknown, "the bound `timeout_ms` was reached".to_owned()),
    };
    proof.result = result;
    proof.reason = reason;
    proof.countermodel = countermodel;
}

/// The proof's clauses, each after those that it comes from.
fn steps(problem: &Problem, prover: &Prover, empty: usize, goal_source: usize) -> Vec<Step> {
    let ancestors = prover.ancestors(empty);
    let number = |id: &usize| ancestors.iter().position(|other| other == id).map_or(0, |at| at + 1);
    let shown = ancestors.iter().filter_map(|id| Some((id, prover.clauses.get(*id)?)));
    let steps = shown.map(|(id, clause)| Step {
        step: u32::try_from(number(id)).unwrap_or(u32::MAX),
        clause: show::clause(problem, &clause.literals),
        rule: match clause.rule {
            Rule::Input(source) if source < goal_source => format!("premise {}", source + 1),
            Rule::Input(source) if source == goal_source => "negated goal".to_owned(),
            Rule::Input(_) => "axiom D".to_owned(),
            Rule::Equality => "axiom of equality".to_owned(),
            Rule::Resolution => "resolution".to_owned(),
            Rule::Factoring => "factoring".to_owned(),
            Rule::LiteralDeletion => "literal deletion".to_owned(),
        },
        from: clause.parents.iter().map(|id| u32::try_from(number(id)).unwrap_or(u32::MAX)).collect(),
    });
    steps.take(MAX_PROOF_STEPS).collect()
}
