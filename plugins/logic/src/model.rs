//! What goes in and out of the tools.

use tandem_sdk::prelude::*;

/// How a proof ended.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The goal follows from the premises.
    Proved,
    /// The goal does not follow: there is a countermodel.
    Refuted,
    /// A bound was reached before the search ended.
    Unknown,
}

/// A clause of a proof.
#[output]
#[derive(Debug)]
pub struct Step {
    /// Its number, from 1.
    pub step: u32,
    /// The clause; variables are universal, names with `$` stand for existential variables or for parts of formulas.
    pub clause: String,
    /// Where it comes from, as `premise 1`, `negated goal` or `resolution`.
    pub rule: String,
    /// The numbers of the steps that it follows from.
    pub from: Vec<u32>,
}

/// A structure in which the premises are true and the goal is false.
#[output]
#[derive(Debug)]
pub struct Countermodel {
    /// How many elements it has; they are numbered from 0.
    pub elements: u32,
    /// Values of functions and constants, and the atoms that are true; all others are false.
    pub facts: Vec<String>,
}

/// What came of a search for a proof.
#[output]
#[derive(Debug)]
pub struct Proof {
    /// `proved`, `refuted` or `unknown`.
    pub result: Verdict,
    /// Why, in a sentence; it names the bound that was reached.
    pub reason: String,
    /// The goal as it was read.
    pub goal: String,
    /// How many clauses were derived.
    pub steps: u32,
    /// Whether the proof needs only the premises, because they contradict each other.
    pub premises_inconsistent: bool,
    /// The steps of the proof, at most 300; the last is the contradiction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Step>,
    /// A countermodel, if one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Countermodel")]
    pub countermodel: Option<Countermodel>,
}

impl Proof {
    pub(crate) fn new(goal: String, steps: u32) -> Self {
        Self {
            result: Verdict::Unknown,
            reason: String::new(),
            goal,
            steps,
            premises_inconsistent: false,
            proof: Vec::new(),
            countermodel: None,
        }
    }
}

/// The results for many goals.
#[output]
#[derive(Debug)]
pub struct Proofs {
    /// One for each goal, in their order.
    pub results: Vec<Proof>,
    /// How many goals are proved.
    pub proved: u32,
    /// How many goals are refuted.
    pub refuted: u32,
    /// For how many goals a bound was reached.
    pub unknown: u32,
}

/// A symbol and its number of arguments.
#[output]
#[derive(Debug)]
pub struct SymbolInfo {
    /// Its name.
    pub name: String,
    /// How many arguments it has; 0 for a constant or a propositional letter.
    pub arguments: u32,
}

/// A formula as it was read.
#[output]
#[derive(Debug)]
pub struct Parsed {
    /// The formula in textbook notation, with all parentheses that are needed.
    pub formula: String,
    /// Variables that no quantifier binds.
    pub free_variables: Vec<String>,
    /// Its predicates.
    pub predicates: Vec<SymbolInfo>,
    /// Its functions and constants.
    pub functions: Vec<SymbolInfo>,
    /// Whether it has deontic operators.
    pub deontic: bool,
    /// Levels of operators.
    pub depth: u32,
    /// Its clausal normal form, at most 100 clauses; the formula is satisfiable if and only if they are. Absent with free variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub clauses: Option<Vec<String>>,
    /// The formula as a tree: `op` with `args`, `variables`, or `name`. Absent for more than 25 levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub tree: Option<Value>,
}

/// A notation that formulas are read from.
#[input]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// As in textbooks, one formula a line.
    Textbook,
    /// The problems of the TPTP library: `fof` and `cnf`.
    Tptp,
}

/// A notation that formulas are written in.
#[input]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As in textbooks, one formula a line.
    Textbook,
    /// As the provers of the TPTP world read it: `fof`.
    Tptp,
    /// SMT-LIB 2: unsatisfiable where the goal follows.
    Smtlib,
}

/// Formulas in another notation.
#[output]
#[derive(Debug)]
pub struct Converted {
    /// All formulas. In textbook notation a goal stands after `|-`; in SMT-LIB it is negated.
    pub text: String,
    /// How many premises there are.
    pub premises: u32,
    /// How many goals there are.
    pub goals: u32,
}

/// Whether formulas can be true together.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Satisfiable {
    /// There are values that make all of them true.
    Satisfiable,
    /// There are none.
    Unsatisfiable,
    /// A bound was reached before the search ended.
    Unknown,
}

/// What came of a SAT problem.
#[output]
#[derive(Debug)]
pub struct Satisfiability {
    /// `satisfiable`, `unsatisfiable` or `unknown`.
    pub result: Satisfiable,
    /// For `unknown`, the bound that was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub reason: Option<String>,
    /// Values that make all true: the letters, or the numbers of DIMACS, with `~` or `-` before those that are false. A letter that is
    /// left out may be either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model: Vec<String>,
    /// How many letters or numbers have a value.
    pub variables: u32,
    /// How many clauses were solved.
    pub clauses: u32,
}

/// The answers of a query.
#[output]
#[derive(Debug)]
pub struct Answers {
    /// Whether there is an answer.
    pub holds: bool,
    /// The variables of the query; `_` has no column.
    pub columns: Vec<String>,
    /// For each answer the values of the variables, sorted. One empty row for a query without variables that holds.
    pub rows: Vec<Vec<Value>>,
    /// How many answers there are on all pages.
    pub total_rows: u32,
    /// How many tuples the rules of the program derived.
    pub derived: u32,
    /// Predicates of conditions that have no facts and no rules, at most 20: often they are misspelt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undefined: Vec<String>,
    /// For the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}

/// What was changed in a knowledge base.
#[output]
#[derive(Debug)]
pub struct KbChanged {
    /// Its name.
    pub kb: String,
    /// How many formulas were added or removed; those that were there, or were not, are not counted.
    pub changed: u32,
    /// How many formulas it has now.
    pub formulas: u32,
}

/// A knowledge base.
#[output]
#[derive(Debug)]
pub struct KbInfo {
    /// Its name.
    pub kb: String,
    /// How many formulas it has.
    pub formulas: u32,
}

/// The knowledge bases.
#[output]
#[derive(Debug)]
pub struct KbList {
    /// In the order of their names.
    pub kbs: Vec<KbInfo>,
    /// For the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}
