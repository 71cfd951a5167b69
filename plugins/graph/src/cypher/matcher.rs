//! Finds what fits patterns, by depth-first search with a bound on the candidates that are looked at.

use std::collections::HashMap;

use tandem_sdk::prelude::*;

use super::eval::{Bindings, Bound, Edge, edge_property, entity_property, equal, eval};
use super::syntax::{Expression, Hop, Node, Pattern, Query};
use crate::graph::Graph;
use crate::limits::MAX_STEPS;
use crate::model::Entity;

/// Candidates between two looks at whether the client gave the call up.
const STEPS_BETWEEN_CHECKS: u64 = 1 << 16;

enum Part<'q> {
    Start(&'q Node),
    Hop(&'q str, &'q Hop, &'q Node),
}

/// The search for matches of a query.
pub(super) struct Matcher<'g, 'q> {
    ctx: &'q Ctx,
    graph: &'g Graph,
    out: HashMap<&'g str, Vec<Edge<'g>>>,
    into: HashMap<&'g str, Vec<Edge<'g>>>,
    parts: Vec<Part<'q>>,
    /// The conditions that can be tested after each part.
    conditions: Vec<Vec<&'q Expression>>,
    bindings: Bindings<'g, 'q>,
    used: Vec<Edge<'g>>,
    steps: u64,
}

/// What takes matches; it answers whether to go on.
pub(super) type Visit<'v, 'g, 'q> = &'v mut dyn FnMut(&Bindings<'g, 'q>) -> Result<bool>;

impl<'g, 'q> Matcher<'g, 'q> {
    pub(super) fn new(ctx: &'q Ctx, graph: &'g Graph, query: &'q Query) -> Self {
        let mut out: HashMap<&str, Vec<Edge<'_>>> = HashMap::new();
        let mut into: HashMap<&str, Vec<Edge<'_>>> = HashMap::new();
        for (key, properties) in &graph.relationships {
            out.entry(key.0.as_str()).or_default().push((key, properties));
            into.entry(key.2.as_str()).or_default().push((key, properties));
        }
        let parts = query.patterns.iter().flat_map(parts).collect::<Vec<_>>();
        let conditions = place(&parts, &query.condition);
        Self { ctx, graph, out, into, parts, conditions, bindings: Bindings::new(), used: Vec::new(), steps: 0 }
    }

    pub(super) fn run(&mut self, visit: Visit<'_, 'g, 'q>) -> Result<()> {
        self.part(0, visit).map(drop)
    }

    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Error::invalid_arguments(format!(
                "`query` looks at more than {MAX_STEPS} candidates; name entities, as `(a {{name: 'Ada'}})`, give types, join the \
                 patterns or shorten paths"
            )));
        }
        if self.steps.is_multiple_of(STEPS_BETWEEN_CHECKS) {
            self.ctx.check()?;
        }
        Ok(())
    }

    fn part(&mut self, at: usize, visit: Visit<'_, 'g, 'q>) -> Result<bool> {
        match self.parts.get(at) {
            None => visit(&self.bindings),
            Some(&Part::Start(node)) => self.start(at, node, visit),
            Some(&Part::Hop(from, hop, node)) => {
                let Some(Bound::Node(entity)) = self.bindings.get(from).cloned() else { return Ok(true) };
                match hop.range {
                    None => self.hop(at, entity, hop, node, visit),
                    Some((least, _)) => {
                        let mut path = Vec::new();
                        if least == 0 && !self.arrive(at, entity, hop, Some(Bound::Path(Vec::new())), node, visit)? {
                            return Ok(false);
                        }
                        self.walk(at, entity, hop, node, &mut path, visit)
                    }
                }
            }
        }
    }

    fn start(&mut self, at: usize, node: &'q Node, visit: Visit<'_, 'g, 'q>) -> Result<bool> {
        if let Some(Bound::Node(entity)) = self.bindings.get(node.variable.as_str()).cloned() {
            return self.bind(at, entity, node, visit);
        }
        if let Some(name) = self.wanted_name(at, node)? {
            return match self.graph.entities.get(&name) {
                Some(entity) => self.bind(at, entity, node, visit),
                None => Ok(true),
            };
        }
        let graph = self.graph;
        for entity in graph.entities.values() {
            self.step()?;
            if !self.bind(at, entity, node, visit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The name that an entity must have to fit a node, by the pattern or by a condition.
    fn wanted_name(&self, at: usize, node: &Node) -> Result<Option<String>> {
        for (name, value) in &node.properties {
            if name == "name"
                && let Some(text) = eval(value, &self.bindings)?.as_str()
            {
                return Ok(Some(text.to_owned()));
            }
        }
        let is_name = |e: &Expression| {
            matches!(e, Expression::Property(of, name) if name == "name"
                && matches!(&**of, Expression::Variable(variable) if *variable == node.variable))
        };
        for condition in self.conditions.get(at).into_iter().flatten() {
            if let Expression::Binary("=", a, b) = condition {
                let literal = if is_name(a) {
                    b
                } else if is_name(b) {
                    a
                } else {
                    continue;
                };
                if let Expression::Literal(Value::String(text)) = &**literal {
                    return Ok(Some(text.clone()));
                }
            }
        }
        Ok(None)
    }

    /// Goes on with an entity as a node, if it fits.
    fn bind(&mut self, at: usize, entity: &'g Entity, node: &'q Node, visit: Visit<'_, 'g, 'q>) -> Result<bool> {
        let variable = node.variable.as_str();
        let before = self.bindings.get(variable).cloned();
        match &before {
            Some(Bound::Node(other)) if other.name != entity.name => return Ok(true),
            Some(Bound::Node(_)) | None => {}
            Some(_) => {
                return Err(Error::invalid_arguments(format!("`query`: `{variable}` is a relationship and a node")));
            }
        }
        if !node.kinds.is_empty() && !node.kinds.contains(&entity.kind) {
            return Ok(true);
        }
        for (name, value) in &node.properties {
            if !equal(&eval(value, &self.bindings)?, &entity_property(entity, name)) {
                return Ok(true);
            }
        }
        self.bindings.insert(variable, Bound::Node(entity));
        let mut holds = true;
        for condition in self.conditions.get(at).into_iter().flatten() {
            holds = holds && eval(condition, &self.bindings)? == Value::Bool(true);
        }
        let more = if holds { self.part(at + 1, visit)? } else { true };
        if before.is_none() {
            self.bindings.remove(variable);
        }
        Ok(more)
    }

    /// The relationships of an entity that fit a hop, with the entities at their other ends.
    fn edges(&self, entity: &Entity, hop: &Hop) -> Result<Vec<(Edge<'g>, &'g Entity)>> {
        let mut edges = Vec::new();
        let out = self.out.get(entity.name.as_str()).filter(|_| hop.leaves);
        let into = self.into.get(entity.name.as_str()).filter(|_| hop.arrives);
        let both = hop.leaves && hop.arrives;
        let out = out.into_iter().flatten().map(|edge| (edge, &edge.0.2));
        // A loop is in both lists.
        let into =
            into.into_iter().flatten().filter(|edge| !both || edge.0.0 != edge.0.2).map(|edge| (edge, &edge.0.0));
        'edges: for (edge, other) in out.chain(into) {
            if !hop.kinds.is_empty() && !hop.kinds.contains(&edge.0.1) {
                continue;
            }
            for (name, value) in &hop.properties {
                if !equal(&eval(value, &self.bindings)?, &edge_property(edge.0, edge.1, name)) {
                    continue 'edges;
                }
            }
            edges.extend(self.graph.entities.get(other).map(|entity| (*edge, entity)));
        }
        Ok(edges)
    }

    fn hop(
        &mut self,
        at: usize,
        from: &'g Entity,
        hop: &'q Hop,
        node: &'q Node,
        visit: Visit<'_, 'g, 'q>,
    ) -> Result<bool> {
        for (edge, entity) in self.edges(from, hop)? {
            self.step()?;
            if self.used.iter().any(|other| other.0 == edge.0) {
                continue;
            }
            self.used.push(edge);
            let more = self.arrive(at, entity, hop, Some(Bound::Relationship(edge)), node, visit)?;
            self.used.pop();
            if !more {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Binds a hop's variable and goes on with the node at its end.
    fn arrive(
        &mut self,
        at: usize,
        entity: &'g Entity,
        hop: &'q Hop,
        bound: Option<Bound<'g>>,
        node: &'q Node,
        visit: Visit<'_, 'g, 'q>,
    ) -> Result<bool> {
        let variable = hop.variable.as_str();
        if self.bindings.contains_key(variable) {
            return Err(Error::invalid_arguments(format!(
                "`query`: `{variable}` is used for two relationships; name them apart"
            )));
        }
        self.bindings.extend(bound.map(|bound| (variable, bound)));
        let more = self.bind(at, entity, node, visit);
        self.bindings.remove(variable);
        more
    }

    fn walk(
        &mut self,
        at: usize,
        from: &'g Entity,
        hop: &'q Hop,
        node: &'q Node,
        path: &mut Vec<Edge<'g>>,
        visit: Visit<'_, 'g, 'q>,
    ) -> Result<bool> {
        let (least, most) = hop.range.unwrap_or((1, 1));
        if path.len() >= most as usize {
            return Ok(true);
        }
        for (edge, entity) in self.edges(from, hop)? {
            self.step()?;
            if self.used.iter().any(|other| other.0 == edge.0) {
                continue;
            }
            self.used.push(edge);
            path.push(edge);
            let fits = path.len() >= least as usize;
            let more = (!fits || self.arrive(at, entity, hop, Some(Bound::Path(path.clone())), node, visit)?)
                && self.walk(at, entity, hop, node, path, visit)?;
            path.pop();
            self.used.pop();
            if !more {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn parts(pattern: &Pattern) -> Vec<Part<'_>> {
    let mut from = pattern.first.variable.as_str();
    let mut parts = vec![Part::Start(&pattern.first)];
    for (hop, node) in &pattern.rest {
        parts.push(Part::Hop(from, hop, node));
        from = &node.variable;
    }
    parts
}

/// Puts each condition after the first part where all its variables are known.
fn place<'q>(parts: &[Part<'q>], conditions: &'q [Expression]) -> Vec<Vec<&'q Expression>> {
    let mut places: Vec<Vec<&Expression>> = parts.iter().map(|_| Vec::new()).collect();
    for condition in conditions {
        let mut missing = Vec::new();
        condition.visit(&mut |e| {
            missing.extend(if let Expression::Variable(name) = e { Some(name.as_str()) } else { None })
        });
        for (place, part) in places.iter_mut().zip(parts) {
            let known = match part {
                Part::Start(node) => [node.variable.as_str(), ""],
                Part::Hop(_, hop, node) => [hop.variable.as_str(), node.variable.as_str()],
            };
            missing.retain(|name| !known.contains(name));
            if missing.is_empty() {
                place.push(condition);
                break;
            }
        }
    }
    places
}
