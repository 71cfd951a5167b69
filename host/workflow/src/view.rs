//! A workflow as a picture: nodes, edges and the critical path, as data, Graphviz or Mermaid.
//!
//! Names come from callers and tools; each format escapes all of them, so that no name becomes syntax, a link or markup.

use std::fmt::Write as _;

use serde::Serialize;
use uuid::Uuid;

use super::{State, StepState, WorkflowState};

/// A workflow's graph with what happened to it so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dag {
    /// The workflow.
    pub workflow_id: Uuid,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub state: WorkflowState,
    /// The steps, by depth and id.
    pub nodes: Vec<DagNode>,
    /// The dependencies.
    pub edges: Vec<DagEdge>,
    /// The chain of finished steps that took longest.
    pub critical_path: CriticalPath,
}

/// A step in the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DagNode {
    /// The step.
    pub id: String,
    /// The tool it calls.
    pub tool: String,
    /// Where it is.
    pub state: StepState,
    /// Steps in the longest chain up to it, itself included.
    pub depth: usize,
    /// Attempts so far.
    pub attempt: u32,
    /// Who holds it or held it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// How long its last call took, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// A dependency: `to` waits for `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DagEdge {
    /// The earlier step.
    pub from: String,
    /// The later step.
    pub to: String,
}

/// The chain of dependent steps with the largest sum of durations, of those that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CriticalPath {
    /// First to last; empty while nothing has finished.
    pub steps: Vec<PathStep>,
    /// The sum.
    pub duration_ms: u64,
}

/// A step on the critical path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathStep {
    /// The step.
    pub id: String,
    /// How long its last call took.
    pub duration_ms: u64,
}

impl Dag {
    /// The graph of a workflow in this state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let plan = state.plan();
        let node = |(node, (id, record)): (&super::graph::Node, (&str, &super::StepRecord))| DagNode {
            id: id.to_owned(),
            tool: node.spec.tool.clone(),
            state: record.state,
            depth: node.depth,
            attempt: record.attempt,
            peer: record.peer.clone(),
            duration_ms: record.duration_ms(),
        };
        let edges = plan.nodes().iter().flat_map(|node| {
            let needs = node.needs.iter().filter_map(|need| plan.node(*need));
            needs.map(|need| DagEdge { from: need.spec.id.clone(), to: node.spec.id.clone() })
        });
        Self {
            workflow_id: state.workflow(),
            name: plan.name().to_owned(),
            state: state.state(),
            nodes: plan.nodes().iter().zip(state.steps()).map(node).collect(),
            edges: edges.collect(),
            critical_path: critical_path(state),
        }
    }

    /// As Graphviz reads it; the critical path is drawn bold.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut text = format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=filled];\n", quoted(&self.name));
        for node in &self.nodes {
            let took = took(node);
            let label = [node.id.as_str(), &node.tool, name(node.state), &took];
            let lines: Vec<_> = label.into_iter().filter(|line| !line.is_empty()).map(dot_text).collect();
            let (id, label, colour) = (quoted(&node.id), lines.join("\\n"), colour(node.state));
            // Writing to a string does not fail.
            _ = writeln!(text, "  {id} [label=\"{label}\", fillcolor=\"{colour}\"];");
        }
        for edge in &self.edges {
            let style = if self.is_critical(edge) { " [style=bold]" } else { "" };
            _ = writeln!(text, "  {} -> {}{style};", quoted(&edge.from), quoted(&edge.to));
        }
        text.push_str("}\n");
        text
    }

    /// As Mermaid reads it; the critical path has thick arrows.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        let mut places = std::collections::HashMap::new();
        for (place, node) in self.nodes.iter().enumerate() {
            places.insert(node.id.as_str(), place);
            let took = took(node);
            let label = [node.id.as_str(), &node.tool, &took];
            let lines: Vec<_> = label.into_iter().filter(|line| !line.is_empty()).map(mermaid_text).collect();
            _ = writeln!(text, "  n{place}[\"{}\"]:::{}", lines.join("<br/>"), name(node.state));
        }
        for edge in &self.edges {
            let ends = (places.get(edge.from.as_str()), places.get(edge.to.as_str()));
            let (Some(from), Some(to)) = ends else { continue };
            let arrow = if self.is_critical(edge) { "==>" } else { "-->" };
            _ = writeln!(text, "  n{from} {arrow} n{to}");
        }
        for state in STATES {
            _ = writeln!(text, "  classDef {} fill:{}", name(state), colour(state));
        }
        text
    }

    fn is_critical(&self, edge: &DagEdge) -> bool {
        let steps = &self.critical_path.steps;
        steps.iter().zip(steps.iter().skip(1)).any(|(from, to)| from.id == edge.from && to.id == edge.to)
    }
}

const STATES: [StepState; 7] = [
    StepState::Pending,
    StepState::Ready,
    StepState::Running,
    StepState::Succeeded,
    StepState::Failed,
    StepState::Skipped,
    StepState::Cancelled,
];

fn critical_path(state: &State) -> CriticalPath {
    let records: Vec<_> = state.steps().collect();
    // For each step, the best chain that ends in it: its duration, how many of its steps have one, and the step before.
    let mut best: Vec<((u64, usize), Option<usize>)> = Vec::with_capacity(records.len());
    for (node, (_, record)) in state.plan().nodes().iter().zip(&records) {
        let before = node.needs.iter().filter_map(|need| Some((best.get(*need)?.0, *need)));
        // Of equals the first, so that every host draws the same path.
        let before = before.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        let ((sum, count), from) = before.map_or(((0, 0), None), |(best, need)| (best, Some(need)));
        let (own, counts) = record.duration_ms().map_or((0, 0), |own| (own, 1));
        best.push(((sum.saturating_add(own), count + counts), from));
    }
    let last = best.iter().enumerate().max_by(|a, b| a.1.0.cmp(&b.1.0).then(b.0.cmp(&a.0)));
    let duration_ms = last.map_or(0, |(_, ((sum, _), _))| *sum);
    let mut steps = Vec::new();
    let mut next = last.map(|(place, _)| place);
    while let Some(place) = next {
        if let Some((id, record)) = records.get(place)
            && let Some(duration_ms) = record.duration_ms()
        {
            steps.push(PathStep { id: (*id).to_owned(), duration_ms });
        }
        next = best.get(place).and_then(|(_, from)| *from);
    }
    steps.reverse();
    CriticalPath { steps, duration_ms }
}

fn took(node: &DagNode) -> String {
    node.duration_ms.map(|ms| format!("{ms} ms")).unwrap_or_default()
}

fn name(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "pending",
        StepState::Ready => "ready",
        StepState::Running => "running",
        StepState::Succeeded => "succeeded",
        StepState::Failed => "failed",
        StepState::Skipped => "skipped",
        StepState::Cancelled => "cancelled",
    }
}

fn colour(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "#eeeeee",
        StepState::Ready => "#fff3c4",
        StepState::Running => "#cfe3ff",
        StepState::Succeeded => "#cdeccd",
        StepState::Failed => "#f6c9c9",
        StepState::Skipped => "#dddddd",
        StepState::Cancelled => "#e3d5ee",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", dot_text(text))
}

/// The inside of a quoted string of Graphviz: `\` would begin an escape such as `\N`.
fn dot_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// The inside of a quoted label of Mermaid, where quotes, markup, Markdown and `#` have a meaning: everything but plain
/// characters is an entity.
fn mermaid_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, ' ' | '_' | '-' | '.') {
            out.push(character);
        } else {
            _ = write!(out, "#{};", u32::from(character));
        }
    }
    out
}
