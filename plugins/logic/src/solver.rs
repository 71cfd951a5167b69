//! The SAT solver, bounded.

use std::cell::Cell;

use batsat::callbacks::Callbacks;
use batsat::{ClauseKind, Lit, Solver, SolverInterface, lbool};

/// What came of a search.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The values of the variables, from the first.
    Model(Vec<bool>),
    Unsatisfiable,
    /// So many conflicts were met.
    Conflicts,
    /// The caller's check ended it.
    Stopped,
}

/// Ends a search at its bounds.
struct Guard<'a> {
    conflicts: u64,
    limit: u64,
    calls: Cell<u32>,
    stopped: Cell<bool>,
    check: &'a dyn Fn() -> bool,
}

impl Callbacks for Guard<'_> {
    fn on_new_clause(&mut self, _: &[Lit], kind: ClauseKind) {
        self.conflicts += u64::from(kind == ClauseKind::Learnt);
    }

    fn stop(&self) -> bool {
        /// The check asks the host: not at every step.
        const EVERY: u32 = 256;
        self.calls.set(self.calls.get().wrapping_add(1));
        if self.calls.get().is_multiple_of(EVERY) && !(self.check)() {
            self.stopped.set(true);
        }
        self.stopped.get() || self.conflicts >= self.limit
    }
}

/// Searches for values that make all clauses true. Literals are numbers of variables from 1, negative for a negation.
pub(crate) fn solve(variables: usize, clauses: &[Vec<i32>], limit: u64, check: &dyn Fn() -> bool) -> Outcome {
    let guard = Guard { conflicts: 0, limit, calls: Cell::new(0), stopped: Cell::new(false), check };
    let mut solver = Solver::new(batsat::SolverOpts::default(), guard);
    let vars: Vec<_> = (0..variables).map(|_| solver.new_var_default()).collect();
    let mut literals = Vec::new();
    for clause in clauses {
        literals.clear();
        for literal in clause {
            let at = (literal.unsigned_abs() as usize).wrapping_sub(1);
            literals.extend(vars.get(at).map(|var| Lit::new(*var, *literal > 0)));
        }
        if !solver.add_clause_reuse(&mut literals) {
            return Outcome::Unsatisfiable;
        }
    }
    let found = solver.solve_limited(&[]);
    if found == lbool::TRUE {
        Outcome::Model(vars.iter().map(|var| solver.value_var(*var) == lbool::TRUE).collect())
    } else if found == lbool::FALSE {
        Outcome::Unsatisfiable
    } else if solver.cb().stopped.get() {
        Outcome::Stopped
    } else {
        Outcome::Conflicts
    }
}
