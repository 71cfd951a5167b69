//! The logic category: proofs in first-order and deontic logic, satisfiability, Datalog, and notations of formulas.
//!
//! **Promises.** What is `proved` follows, and what is `refuted` does not; where a bound ends a search, the answer is `unknown` and
//! names it. The same arguments give the same answer, unless time ends the search.
//!
//! What was added to a knowledge base is on disk when the call returns; calls that change one at the same time lose nothing.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Formulas with free variables in proofs; a symbol with two numbers of arguments.

mod convert;
mod datalog;
mod dimacs;
mod finder;
mod formula;
mod kb;
mod lexer;
mod limits;
pub mod model;
mod nearest;
mod normal;
mod parser;
mod print;
mod prove;
mod prover;
mod sat;
mod show;
mod smtlib;
mod solver;
mod subsume;
mod symbols;
mod term;
mod tptp;
mod view;

use tandem_sdk::prelude::*;

use crate::formula::Formula;
use crate::lexer::Notation;
use crate::limits::{DEFAULT_KB, MAX_GOALS, MAX_KB_FORMULAS, MAX_PREMISES};
use crate::model::{
    Answers, Converted, Format, KbChanged, KbList, Parsed, Proof, Proofs, Satisfiability, Source, Verdict,
};
use crate::prove::Bounds;

/// The category.
#[derive(Debug)]
pub struct Logic;

#[tools]
impl Logic {
    /// Parses a logical formula in textbook notation (first-order or deontic) and returns its syntax tree, free variables, symbols and
    /// clausal normal form. Use `logic_convert` for TPTP and SMT-LIB.
    #[tool(read_only, idempotent, title = "Parse a formula")]
    fn logic_parse(
        /// The formula, as `forall x. Man(x) -> Mortal(x)`. Connectives: `not and or -> <->`, or `~ & |`, or `¬ ∧ ∨ → ↔`; `forall`,
        /// `exists`, `=`, `!=`, `true`, `false`; `O[…]` obligatory, `P[…]` permitted, `F[…]` forbidden.
        formula: String,
        /// True reads `O(…)`, `P(…)` and `F(…)` as deontic operators too, not as predicates.
        #[arg(default = false)]
        deontic: bool,
    ) -> Result<Parsed> {
        view::parsed(&read("`formula`", &formula, deontic)?)
    }

    /// Proves by deduction that a goal (conclusion) follows from premises in first-order or deontic logic, as a syllogism does, or refutes it
    /// with a countermodel.
    /// Returns the steps of the proof. Use `logic_sat` for large propositional problems.
    #[tool(read_only, idempotent, title = "Prove a goal")]
    fn logic_prove(
        ctx: &Ctx,
        /// The premises, at most 500, as `["forall x. Man(x) -> Mortal(x)", "Man(socrates)"]`.
        #[arg(default)]
        premises: Vec<String>,
        /// What is to be proved, as `Mortal(socrates)`.
        goal: String,
        /// True reads `O(…)`, `P(…)` and `F(…)` as deontic operators; `O[…]` always is one.
        #[arg(default = false)]
        deontic: bool,
        /// How many clauses are derived at most.
        #[arg(default = 20000, min = 1, max = 150000)]
        max_steps: u32,
        /// How many milliseconds the search takes at most.
        #[arg(default = 10000, min = 10, max = 20000)]
        timeout_ms: u32,
    ) -> Result<Proof> {
        let premises = read_all("premises", &premises, MAX_PREMISES, deontic)?;
        let goal = [read("`goal`", &goal, deontic)?];
        prove::check(&premises, &goal)?;
        let [goal] = goal;
        prove::prove(ctx, &premises, &goal, Bounds::new(max_steps, timeout_ms))
    }

    /// Proves several goals, each on its own, from the same premises, and says for each whether it is proved, refuted or unknown.
    /// Use `logic_prove` for the steps of one proof.
    #[tool(read_only, idempotent, title = "Prove many goals")]
    fn logic_prove_many(
        ctx: &Ctx,
        /// The premises, at most 500, as `["forall x. Man(x) -> Mortal(x)", "Man(socrates)"]`.
        #[arg(default)]
        premises: Vec<String>,
        /// The goals, 1 to 20, as `["Mortal(socrates)", "Mortal(plato)"]`.
        goals: Vec<String>,
        /// True reads `O(…)`, `P(…)` and `F(…)` as deontic operators; `O[…]` always is one.
        #[arg(default = false)]
        deontic: bool,
        /// How many clauses are derived at most for each goal.
        #[arg(default = 20000, min = 1, max = 150000)]
        max_steps: u32,
        /// How many milliseconds all searches together take at most.
        #[arg(default = 10000, min = 10, max = 20000)]
        timeout_ms: u32,
    ) -> Result<Proofs> {
        let premises = read_all("premises", &premises, MAX_PREMISES, deontic)?;
        if goals.is_empty() {
            return Err(Error::invalid_arguments(format!("`goals` is empty; give 1 to {MAX_GOALS} goals")));
        }
        let goals = read_all("goals", &goals, MAX_GOALS, deontic)?;
        prove::check(&premises, &goals)?;
        let bounds = Bounds::new(max_steps, timeout_ms);
        let mut results = Vec::with_capacity(goals.len());
        for (index, goal) in goals.iter().enumerate() {
            ctx.check()?;
            ctx.progress(index as f64, Some(goals.len() as f64), "proving");
            results.push(Proof { proof: Vec::new(), ..prove::prove(ctx, &premises, goal, bounds)? });
        }
        let count =
            |verdict| u32::try_from(results.iter().filter(|one| one.result == verdict).count()).unwrap_or(u32::MAX);
        let (proved, refuted, unknown) = (count(Verdict::Proved), count(Verdict::Refuted), count(Verdict::Unknown));
        Ok(Proofs { results, proved, refuted, unknown })
    }

    /// Converts logical formulas between textbook notation and TPTP, and to SMT-LIB 2, for other provers such as Vampire, E or Z3; or
    /// TPTP problems to the formulas that `logic_prove` takes.
    #[tool(read_only, idempotent, title = "Convert formulas")]
    fn logic_convert(
        /// In textbook notation one formula a line, a goal after `|-`, as `"Man(socrates)\n|- Mortal(socrates)"`; or a TPTP problem of
        /// `fof` and `cnf`. At most 1 MiB.
        text: &str,
        /// The notation of `text`: `textbook`, unless given, or `tptp`.
        from: Option<Source>,
        /// The notation to write: `textbook`, `tptp` or `smtlib`.
        to: Format,
    ) -> Result<Converted> {
        convert::convert(text, from.unwrap_or(Source::Textbook), to)
    }

    /// Decides whether propositional formulas, or clauses in DIMACS format, can be true together (the SAT problem), and returns values
    /// that make them true. Use `logic_prove` for quantifiers.
    #[tool(read_only, idempotent, title = "Solve a SAT problem")]
    fn logic_sat(
        ctx: &Ctx,
        /// Formulas without quantifiers that must all be true, at most 500, as `["rain -> wet", "~wet"]`.
        #[arg(default)]
        formulas: Vec<String>,
        /// Clauses in DIMACS format, instead of `formulas`, as `"p cnf 2 2\n1 -2 0\n2 0"`. At most 1 MiB.
        dimacs: Option<String>,
        /// How many values are returned at most; `variables` counts all of them.
        #[arg(default = 1000, min = 0, max = 50000)]
        limit: u32,
        /// How many conflicts the solver meets at most.
        #[arg(default = 100000, min = 1, max = 1000000)]
        max_conflicts: u32,
        /// How many milliseconds the search takes at most.
        #[arg(default = 10000, min = 10, max = 20000)]
        timeout_ms: u32,
    ) -> Result<Satisfiability> {
        let problem = match dimacs {
            Some(_) if !formulas.is_empty() => {
                return Err(Error::invalid_arguments("give either `formulas` or `dimacs`, not both"));
            }
            Some(text) => {
                dimacs::read(&text).map_err(|error| Error::invalid_arguments(format!("`dimacs`: {error}")))?
            }
            None if formulas.is_empty() => return Err(Error::invalid_arguments("give `formulas` or `dimacs`")),
            None => sat::from_formulas(&read_all("formulas", &formulas, MAX_PREMISES, false)?)?,
        };
        sat::solve(ctx, &problem, limit, max_conflicts, Bounds::new(0, timeout_ms))
    }

    /// Runs a Datalog program (facts and recursive rules with negation and comparisons) and returns the answers of a query, in pages.
    /// Use it for what follows from facts by rules, such as ancestors or reachability; `logic_prove` for full first-order logic.
    #[tool(read_only, idempotent, title = "Run a Datalog program")]
    fn logic_datalog(
        ctx: &Ctx,
        /// Facts and rules, as `parent(ann, bob). ancestor(X, Y) :- parent(X, Y). ancestor(X, Z) :- parent(X, Y), ancestor(Y, Z).`
        /// Variables begin with a capital letter; conditions are atoms, `not` with an atom, or `=`, `!=`, `<`, `<=`, `>`, `>=`. At most
        /// 1 MiB.
        program: &str,
        /// Conditions to find values for, as `ancestor(ann, X)`.
        query: &str,
        /// How many rows a page has at most.
        #[arg(default = 100, min = 1, max = 1000)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Answers> {
        datalog::answer(ctx, program, query, limit, cursor.as_deref())
    }

    /// Adds formulas (facts and rules in logic) to a durable knowledge base for later proofs by `logic_kb_query`. A formula that is there
    /// is not added twice; all are added or none.
    #[tool(idempotent, title = "Add to a knowledge base")]
    fn logic_kb_add(
        /// The knowledge base, as `contracts`; it is made when it is not there.
        #[arg(default = DEFAULT_KB.to_owned())]
        kb: String,
        /// 1 to 500 formulas, as `["forall x. Man(x) -> Mortal(x)", "Man(socrates)"]`.
        formulas: Vec<String>,
        /// True reads `O(…)`, `P(…)` and `F(…)` as deontic operators; `O[…]` always is one.
        #[arg(default = false)]
        deontic: bool,
    ) -> Result<KbChanged> {
        kb::check_name(&kb)?;
        kb::add(&kb, &read_some("formulas", &formulas, MAX_KB_FORMULAS, deontic)?)
    }

    /// Proves a goal from all formulas of a knowledge base, or refutes it, as `logic_prove` does; `premise 3` in a step is the third
    /// formula. To run Datalog rules use `logic_datalog`.
    #[tool(read_only, idempotent, title = "Query a knowledge base")]
    fn logic_kb_query(
        ctx: &Ctx,
        /// The knowledge base, as `contracts`.
        #[arg(default = DEFAULT_KB.to_owned())]
        kb: String,
        /// What is to be proved, as `Mortal(socrates)`.
        goal: &str,
        /// True reads `O(…)`, `P(…)` and `F(…)` as deontic operators; `O[…]` always is one.
        #[arg(default = false)]
        deontic: bool,
        /// How many clauses are derived at most.
        #[arg(default = 20000, min = 1, max = 150000)]
        max_steps: u32,
        /// How many milliseconds the search takes at most.
        #[arg(default = 10000, min = 10, max = 20000)]
        timeout_ms: u32,
    ) -> Result<Proof> {
        let premises = kb::load(&kb)?;
        let goal = read("`goal`", goal, deontic)?;
        prove::check(&premises, std::slice::from_ref(&goal))?;
        prove::prove(ctx, &premises, &goal, Bounds::new(max_steps, timeout_ms))
    }

    /// Returns all formulas of a knowledge base in textbook notation, one a line, or in TPTP or SMT-LIB 2 for other provers.
    #[tool(read_only, idempotent, title = "Export a knowledge base")]
    fn logic_kb_export(
        /// The knowledge base, as `contracts`.
        #[arg(default = DEFAULT_KB.to_owned())]
        kb: String,
        /// The notation: `textbook`, unless given, `tptp` or `smtlib`.
        format: Option<Format>,
    ) -> Result<Converted> {
        let premises = kb::load(&kb)?;
        let theory = tptp::Theory { premises, goals: Vec::new() };
        convert::write(&format!("the knowledge base `{kb}`"), &theory, format.unwrap_or(Format::Textbook))
    }

    /// Lists the knowledge bases with their numbers of formulas, in pages.
    #[tool(read_only, idempotent, title = "List knowledge bases")]
    fn logic_kb_list(
        /// How many knowledge bases a page has at most.
        #[arg(default = 50, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<KbList> {
        kb::list(limit, cursor.as_deref())
    }

    /// Removes formulas from a knowledge base, or all of it. Formulas that are not there are no error.
    #[tool(destructive, idempotent, title = "Remove from a knowledge base")]
    fn logic_kb_remove(
        /// The knowledge base, as `contracts`.
        kb: &str,
        /// The formulas, in any notation that reads the same, as `["Man(socrates)"]`; the whole knowledge base unless given.
        formulas: Option<Vec<String>>,
        /// True reads `O(…)`, `P(…)` and `F(…)` as deontic operators; `O[…]` always is one.
        #[arg(default = false)]
        deontic: bool,
    ) -> Result<KbChanged> {
        kb::check_name(kb)?;
        match formulas {
            None => kb::delete(kb),
            Some(formulas) => kb::remove(kb, &read_some("formulas", &formulas, MAX_KB_FORMULAS, deontic)?),
        }
    }
}

/// A formula in textbook notation, from the argument `what`.
fn read(what: &str, text: &str, deontic: bool) -> Result<Formula> {
    parser::parse(text, Notation::Textbook { deontic })
        .map_err(|error| Error::invalid_arguments(format!("{what}: {error}")))
}

/// As [`read_all`], and not none.
fn read_some(argument: &str, texts: &[String], most: usize, deontic: bool) -> Result<Vec<Formula>> {
    if texts.is_empty() {
        return Err(Error::invalid_arguments(format!("`{argument}` is empty; give 1 to {most} formulas")));
    }
    read_all(argument, texts, most, deontic)
}

fn read_all(argument: &str, texts: &[String], most: usize, deontic: bool) -> Result<Vec<Formula>> {
    if texts.len() > most {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` has {} items; at most {most} are read",
            texts.len()
        )));
    }
    let formulas = texts.iter().enumerate();
    formulas.map(|(index, text)| read(&format!("`{argument}` item {}", index + 1), text, deontic)).collect()
}

tandem_sdk::export!(Logic);
