//! Bounds, each with its reason.

/// Bytes of one formula or text: bounds what a parser reads; ten thousand parentheses fit.
pub(crate) const MAX_TEXT_BYTES: usize = 256 << 10;
/// Levels of operators of a formula: the functions over formulas recurse, and a guest's stack is 256 KiB. Parentheses do not count.
pub(crate) const MAX_DEPTH: usize = 100;
/// Levels of functions within functions of a term that is written: as for formulas.
pub(crate) const MAX_TERM_DEPTH: usize = 40;
/// Premises of one proof, and goals of one call: each is parsed and has a line in the proof.
pub(crate) const MAX_PREMISES: usize = 500;
/// Goals of one `logic_prove_many`: each has a proof of its own in the time of one call.
pub(crate) const MAX_GOALS: usize = 20;
/// Clauses of a normal form: beyond it the search alone would use up its memory.
pub(crate) const MAX_CLAUSES: usize = 20_000;
/// Clauses that a disjunction may be multiplied out to before its parts get names: keeps normal forms linear, where distribution alone is exponential.
pub(crate) const MAX_PRODUCT: usize = 8;
/// Clauses that a search derives at most.
pub(crate) const MAX_STEPS: u32 = 150_000;
/// Symbols of one derived clause: heavier ones are left out, and the answer is then never `refuted` by saturation.
pub(crate) const MAX_WEIGHT: usize = 160;
/// Symbols of all clauses of a search: one takes some 30 bytes of the 192 MiB of a call.
pub(crate) const MAX_SYMBOLS: usize = 3_000_000;
/// Levels of a derived term: terms are walked by recursion.
pub(crate) const MAX_DERIVED_DEPTH: usize = 60;
/// Steps of one unification or one subsumption: both have exponential cases.
pub(crate) const MAX_MATCH_STEPS: usize = 2_000;
/// Steps of a proof that one answer shows.
pub(crate) const MAX_PROOF_STEPS: usize = 300;
/// Elements of the largest countermodel that is tried: the instances grow with its power.
pub(crate) const MAX_DOMAIN: usize = 4;
/// Ground clauses of one domain: bounds the memory of the SAT solver.
pub(crate) const MAX_INSTANCES: usize = 150_000;
/// Conflicts of the SAT solver in one search for a countermodel.
pub(crate) const MAX_MODEL_CONFLICTS: u64 = 20_000;
/// Variables of a SAT problem: the solver keeps some 100 bytes for each.
pub(crate) const MAX_SAT_VARIABLES: usize = 50_000;
/// Literals of a SAT problem, all clauses together.
pub(crate) const MAX_SAT_LITERALS: usize = 1_000_000;
/// Bytes of a text with many formulas, as TPTP, SMT-LIB, DIMACS or Datalog: read into memory as a whole.
pub(crate) const MAX_PROBLEM_BYTES: usize = 1 << 20;
/// Formulas of one knowledge base: a query proves from all of them.
pub(crate) const MAX_KB_FORMULAS: usize = MAX_PREMISES;
/// Bytes of one knowledge base as it is stored: a value of the store has at most 1 MiB.
pub(crate) const MAX_KB_BYTES: usize = 768 << 10;
/// Bytes of the name of a knowledge base: it is a key of the store.
pub(crate) const MAX_KB_NAME: usize = 64;
/// Each failed attempt to store means that another call succeeded: outlasts every call that may run at once.
pub(crate) const MAX_ATTEMPTS: u32 = 32;
/// Tuples that rules derive: bounds the memory of a program without an end.
pub(crate) const MAX_TUPLES: u32 = 200_000;
/// Joined rows that Datalog looks at: rules that multiply relations end here.
pub(crate) const MAX_JOINS: u64 = 20_000_000;
/// Rules of one Datalog program: each is joined in every round.
pub(crate) const MAX_RULES: usize = 1_000;
/// Predicates of one Datalog program: each round passes over all of them, and there may be as many rounds as tuples.
pub(crate) const MAX_PREDICATES: usize = 2_000;
/// Conditions of one Datalog rule: each is a level of recursion of the join, on a stack of 256 KiB.
pub(crate) const MAX_BODY: usize = 32;
/// Entries of all indexes of one evaluation: beyond them rules look at all tuples, and the bound on joined rows ends them.
pub(crate) const MAX_INDEXED: usize = 500_000;
/// Arguments of a predicate or function: tuples and clauses hold them all.
pub(crate) const MAX_ARGUMENTS: usize = 32;
/// Levels of a formula that is shown as a tree: clients and hosts bound the nesting of JSON, and a level takes two.
pub(crate) const MAX_TREE_DEPTH: usize = 25;
/// The knowledge base of calls that name none.
pub(crate) const DEFAULT_KB: &str = "main";
