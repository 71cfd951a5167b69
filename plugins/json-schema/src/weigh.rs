//! What a schema will cost, before anything that calls itself compiles it.

use std::collections::{HashMap, HashSet};

use tandem_sdk::prelude::*;

use crate::limits::{MAX_APPLIED, MAX_PATTERNS, MAX_SCHEMA_DEPTH};
use crate::tree::Tree;

/// What one value is checked against.
#[derive(Clone, Copy)]
struct Cost {
    /// Subschemas.
    applied: u64,
    /// The longest chain of subschemas in each other.
    chain: usize,
}

struct Scales<'a> {
    tree: Tree<'a>,
    costs: HashMap<*const Value, Cost>,
    open: HashSet<*const Value>,
    visited: HashSet<*const Value>,
}

/// The longest chain of subschemas that apply to one value. Refuses schemas that cost too much.
pub(crate) fn longest_chain(schema: &Value) -> Result<usize> {
    let tree = Tree::new(schema);
    if tree.patterns > MAX_PATTERNS {
        return Err(Error::invalid_arguments(format!(
            "the schema has {} regular expressions; at most {MAX_PATTERNS} are compiled",
            tree.patterns
        )));
    }
    let mut scales = Scales { tree, costs: HashMap::new(), open: HashSet::new(), visited: HashSet::new() };
    scales.visit(schema, 0)
}

impl<'a> Scales<'a> {
    fn check_depth(depth: usize) -> Result<()> {
        if depth > MAX_SCHEMA_DEPTH {
            return Err(Error::invalid_arguments(format!(
                "the schema has more than {MAX_SCHEMA_DEPTH} subschemas one within another, references followed"
            )));
        }
        Ok(())
    }

    /// Every subschema once, in the order in which they are compiled.
    fn visit(&mut self, schema: &'a Value, depth: usize) -> Result<usize> {
        Self::check_depth(depth)?;
        if !self.visited.insert(schema) {
            return Ok(0);
        }
        let mut longest = self.cost(schema, depth)?.chain;
        let mut below = self.tree.same_value(schema)?;
        below.extend(self.tree.parts(schema));
        for part in below {
            longest = longest.max(self.visit(part, depth + 1)?);
        }
        Ok(longest)
    }

    fn cost(&mut self, schema: &'a Value, depth: usize) -> Result<Cost> {
        Self::check_depth(depth)?;
        let address: *const Value = schema;
        if let Some(cost) = self.costs.get(&address) {
            return Ok(*cost);
        }
        if !self.open.insert(address) {
            let reference = schema.get("$ref").and_then(Value::as_str).unwrap_or("#");
            return Err(Error::invalid_arguments(format!(
                "the schema refers to itself for the same value, by `$ref` `{reference}`: that never ends; put the reference into \
                 `properties` or `items`"
            )));
        }
        let mut cost = Cost { applied: 1, chain: 1 };
        for inner in self.tree.same_value(schema)? {
            let inner = self.cost(inner, depth + 1)?;
            cost.applied = cost.applied.saturating_add(inner.applied);
            cost.chain = cost.chain.max(inner.chain + 1);
        }
        if cost.applied > MAX_APPLIED {
            return Err(Error::invalid_arguments(format!(
                "the schema checks one value against more than {MAX_APPLIED} subschemas, references followed"
            )));
        }
        self.open.remove(&address);
        self.costs.insert(address, cost);
        Ok(cost)
    }
}
