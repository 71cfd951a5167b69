//! A spec that holds: validated once, then never changed.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};
use tandem_types::is_tool_name;
use uuid::Uuid;

use super::{
    ContentId, MAX_ARGUMENT_BYTES, MAX_ATTEMPTS, MAX_DELAY_MS, MAX_NAME_CHARS, MAX_SPEC_BYTES, MAX_STEP_TIMEOUT_S,
    MAX_STEPS, MAX_TAGS, MAX_TARGETS, MAX_TIMEOUT_S, Spec, StepSpec,
    graph::{self, Node},
    plan_error::PlanError,
    reference::shortened,
};

/// A validated workflow: its steps in the order in which ready ones start (depth, then id).
#[derive(Clone, Debug)]
pub struct Plan {
    cid: ContentId,
    name: String,
    tags: Vec<String>,
    target_peers: Vec<String>,
    max_concurrency: usize,
    timeout_ms: u64,
    nodes: Vec<Node>,
    by_id: HashMap<String, usize>,
}

impl Plan {
    /// Validates a spec. `known_tool` answers `Err` with the nearest names for a tool that cannot be called; a host
    /// that takes up a stored workflow passes one that knows every name, since that was checked at submit.
    ///
    /// # Errors
    ///
    /// The first thing wrong, in the order of the limits, the steps, the graph, the tools, the references.
    pub fn new(spec: Spec, known_tool: impl Fn(&str) -> Result<(), Vec<String>>) -> Result<Self, PlanError> {
        limits(&spec)?;
        let text = tandem_types::canonical_json(&spec);
        if text.len() > MAX_SPEC_BYTES {
            return Err(PlanError::TooLarge { bytes: text.len() });
        }
        let cid = ContentId::of_bytes(&text);
        drop(text);
        let needs = graph::dependencies(&spec.steps)?;
        let depths = graph::depths(&spec.steps, &needs)?;
        for step in &spec.steps {
            known_tool(&step.tool).map_err(|near| PlanError::UnknownTool {
                step: step.id.clone(),
                tool: shortened(&step.tool),
                near,
            })?;
        }
        graph::references(&spec.steps, &needs, &depths)?;
        let Spec { name, steps, max_concurrency, timeout_s, tags, target_peers } = spec;
        let nodes = graph::ordered(steps, &needs, &depths);
        let by_id = nodes.iter().enumerate().map(|(place, node)| (node.spec.id.clone(), place)).collect();
        let timeout_ms = timeout_s * 1_000;
        Ok(Self { cid, name, tags, target_peers, max_concurrency, timeout_ms, nodes, by_id })
    }

    /// The id of the spec's content: what the log's first event refers to.
    #[must_use]
    pub fn cid(&self) -> ContentId {
        self.cid
    }

    /// The workflow's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The workflow's tags.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// The only hosts that run its steps; none is whoever has the tool.
    #[must_use]
    pub fn target_peers(&self) -> &[String] {
        &self.target_peers
    }

    /// Steps in flight at a time.
    #[must_use]
    pub fn max_concurrency(&self) -> usize {
        self.max_concurrency
    }

    /// Milliseconds from submit to the deadline.
    #[must_use]
    pub fn timeout_ms(&self) -> u64 {
        self.timeout_ms
    }

    /// The steps, by depth and id.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = &StepSpec> {
        self.nodes.iter().map(|node| &node.spec)
    }

    /// A step by its id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepSpec> {
        self.node(self.place(id)?).map(|node| &node.spec)
    }

    /// The content id of a step within a workflow, the key of the choice of peers. The workflow is part of it:
    /// the same step of a thousand workflows would otherwise prefer one peer a thousand times.
    #[must_use]
    pub fn content(&self, workflow: Uuid, id: &str) -> Option<ContentId> {
        self.step(id).map(|step| step_content(workflow, step))
    }

    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(super) fn node(&self, place: usize) -> Option<&Node> {
        self.nodes.get(place)
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

pub(super) fn step_content(workflow: Uuid, step: &StepSpec) -> ContentId {
    #[derive(Serialize)]
    struct Content<'a> {
        workflow: Uuid,
        step: &'a str,
        tool: &'a str,
        arguments: &'a Map<String, Value>,
    }
    ContentId::of(&Content { workflow, step: &step.id, tool: &step.tool, arguments: &step.arguments })
}

fn limits(spec: &Spec) -> Result<(), PlanError> {
    let within = |ok: bool, field, allowed: String| if ok { Ok(()) } else { Err(PlanError::Field { field, allowed }) };
    let named = |text: &str| !text.is_empty() && text.chars().take(MAX_NAME_CHARS + 1).count() <= MAX_NAME_CHARS;
    if spec.steps.is_empty() || spec.steps.len() > MAX_STEPS {
        return Err(PlanError::Steps(spec.steps.len()));
    }
    within(named(&spec.name), "name", format!("write 1 to {MAX_NAME_CHARS} characters"))?;
    let tags = spec.tags.len() <= MAX_TAGS && spec.tags.iter().all(|tag| named(tag));
    within(tags, "tags", format!("at most {MAX_TAGS}, each of 1 to {MAX_NAME_CHARS} characters"))?;
    let peer =
        |text: &String| (32..=MAX_NAME_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let targets = spec.target_peers.len() <= MAX_TARGETS && spec.target_peers.iter().all(peer);
    within(targets, "target_peers", format!("at most {MAX_TARGETS} peer ids"))?;
    let concurrency = (1..=MAX_STEPS).contains(&spec.max_concurrency);
    within(concurrency, "max_concurrency", format!("it may be 1 to {MAX_STEPS}"))?;
    within((1..=MAX_TIMEOUT_S).contains(&spec.timeout_s), "timeout_s", format!("it may be 1 to {MAX_TIMEOUT_S}"))?;
    spec.steps.iter().enumerate().try_for_each(|(index, step)| step_limits(index, step))
}

fn step_limits(index: usize, step: &StepSpec) -> Result<(), PlanError> {
    if !is_tool_name(&step.id) {
        return Err(PlanError::Id { index, id: shortened(&step.id) });
    }
    let within = |ok: bool, field, allowed: String| {
        if ok { Ok(()) } else { Err(PlanError::StepField { step: step.id.clone(), field, allowed }) }
    };
    let timeout = step.timeout_s.is_none_or(|seconds| (1..=MAX_STEP_TIMEOUT_S).contains(&seconds));
    within(timeout, "timeout_s", format!("it may be 1 to {MAX_STEP_TIMEOUT_S}"))?;
    let attempts = (1..=MAX_ATTEMPTS).contains(&step.retry.max_attempts);
    within(attempts, "retry.max_attempts", format!("it may be 1 to {MAX_ATTEMPTS}"))?;
    let delay = step.retry.base_delay_ms <= MAX_DELAY_MS;
    within(delay, "retry.base_delay_ms", format!("it may be 0 to {MAX_DELAY_MS}"))?;
    within(step.depends_on.len() < MAX_STEPS, "depends_on", format!("it may have less than {MAX_STEPS} entries"))?;
    let bytes = tandem_types::canonical_json(&step.arguments).len();
    if bytes > MAX_ARGUMENT_BYTES {
        return Err(PlanError::Arguments { step: step.id.clone(), bytes });
    }
    Ok(())
}
