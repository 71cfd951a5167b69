//! A formula as `logic_parse` shows it.

use serde_json::json;
use tandem_sdk::prelude::*;

use crate::formula::{Formula, Modal, Quantifier, Signature, Term};
use crate::limits::MAX_TREE_DEPTH;
use crate::model::{Parsed, SymbolInfo};
use crate::normal::Problem;
use crate::{print, show};

/// Clauses that are shown.
const MAX_SHOWN: usize = 100;

/// All that is known of a formula.
pub(crate) fn parsed(formula: &Formula) -> Result<Parsed> {
    let mut signature = Signature::default();
    signature.add(formula).map_err(|error| Error::invalid_arguments(format!("`formula`: {error}")))?;
    let symbols = |symbols: std::collections::BTreeMap<String, usize>| {
        let info = |(name, count)| SymbolInfo { name, arguments: u32::try_from(count).unwrap_or(u32::MAX) };
        symbols.into_iter().map(info).collect()
    };
    let free_variables: Vec<String> = formula.free_variables().into_iter().collect();
    let depth = formula.depth();
    let clauses = if free_variables.is_empty() { Some(clauses(formula)?) } else { None };
    Ok(Parsed {
        formula: print::textbook(formula),
        free_variables,
        predicates: symbols(signature.predicates),
        functions: symbols(signature.functions),
        deontic: formula.is_modal(),
        depth: u32::try_from(depth).unwrap_or(u32::MAX),
        clauses,
        tree: (depth <= MAX_TREE_DEPTH).then(|| tree(formula)),
    })
}

fn clauses(formula: &Formula) -> Result<Vec<String>> {
    let mut problem = Problem::new(formula.is_modal());
    problem.add(formula, true, 0).map_err(Error::invalid_arguments)?;
    let shown = problem.clauses.iter().take(MAX_SHOWN);
    Ok(shown.map(|(literals, _)| show::clause(&problem, literals)).collect())
}

fn tree(formula: &Formula) -> Value {
    let many =
        |op: &str, parts: Vec<&Formula>| json!({ "op": op, "args": parts.into_iter().map(tree).collect::<Vec<_>>() });
    match formula {
        Formula::True => json!({ "op": "true" }),
        Formula::False => json!({ "op": "false" }),
        Formula::Pred(name, args) => {
            json!({ "op": "predicate", "name": name, "args": args.iter().map(term).collect::<Vec<_>>() })
        }
        Formula::Equal(left, right) => json!({ "op": "equal", "args": [term(left), term(right)] }),
        Formula::Not(_) => many("not", formula.children()),
        Formula::And(_) => many("and", formula.children()),
        Formula::Or(_) => many("or", formula.children()),
        Formula::Implies(..) => many("implies", formula.children()),
        Formula::Iff(..) => many("iff", formula.children()),
        Formula::Quant(quantifier, variables, body) => {
            let op = if *quantifier == Quantifier::All { "forall" } else { "exists" };
            json!({ "op": op, "variables": variables, "args": [tree(body)] })
        }
        Formula::Modal(modal, _) => match modal {
            Modal::Obligatory => many("obligatory", formula.children()),
            Modal::Permitted => many("permitted", formula.children()),
            Modal::Forbidden => many("forbidden", formula.children()),
        },
    }
}

/// A term as text: its nesting is not that of the tree.
fn term(term: &Term) -> String {
    print::term_text(term)
}
