//! Why a spec is refused.

use super::{MAX_ARGUMENT_BYTES, MAX_SPEC_BYTES, MAX_STEPS, ReferenceError};

/// Why a spec is refused. Each names the step, or the field where it is about the whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No step at all, or too many.
    #[error("the workflow has {0} steps; give it 1 to {MAX_STEPS}")]
    Steps(usize),
    /// A field of the workflow is out of its range.
    #[error("`{field}` is out of range; {allowed}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What it may be.
        allowed: String,
    },
    /// A field of a step is out of its range.
    #[error("step `{step}`: `{field}` is out of range; {allowed}")]
    StepField {
        /// The step.
        step: String,
        /// The field's name.
        field: &'static str,
        /// What it may be.
        allowed: String,
    },
    /// The document as a whole is too large.
    #[error("the workflow has {bytes} bytes; at most {MAX_SPEC_BYTES} are accepted, keep data out of the arguments")]
    TooLarge {
        /// Its bytes as JSON.
        bytes: usize,
    },
    /// A step's arguments are too large.
    #[error("step `{step}` has {bytes} bytes of arguments; at most {MAX_ARGUMENT_BYTES} are accepted")]
    Arguments {
        /// The step.
        step: String,
        /// Bytes of its arguments as JSON.
        bytes: usize,
    },
    /// An id that cannot be one.
    #[error("step {index} has the id `{id}`; write 1 to 64 of the characters A-Z a-z 0-9 _ . -")]
    Id {
        /// Which one in the list, from 0.
        index: usize,
        /// The id, shortened.
        id: String,
    },
    /// Two steps have one id.
    #[error("two steps have the id `{step}`; rename one")]
    Duplicate {
        /// The id.
        step: String,
    },
    /// A dependency that is no step.
    #[error("step `{step}` depends on `{dependency}`, which is not a step of the workflow")]
    UnknownDependency {
        /// The step.
        step: String,
        /// What it depends on, shortened.
        dependency: String,
    },
    /// Steps that wait for each other.
    #[error("the steps {} wait for each other; remove one of these dependencies", cycle(.steps))]
    Cycle {
        /// The steps on one cycle, each depending on the next and the last on the first.
        steps: Vec<String>,
    },
    /// A tool that nobody has.
    #[error("step `{step}` calls the unknown tool `{tool}`{}", nearest(.near))]
    UnknownTool {
        /// The step.
        step: String,
        /// The tool, shortened.
        tool: String,
        /// Names that are near it.
        near: Vec<String>,
    },
    /// A reference that is malformed or not to an ancestor.
    #[error("step `{step}`: {error}")]
    Reference {
        /// The step.
        step: String,
        /// What is wrong.
        error: ReferenceError,
    },
}

impl PlanError {
    /// The step that is at fault, where one is.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Steps(_) | Self::Field { .. } | Self::TooLarge { .. } => None,
            Self::Id { id, .. } => Some(id),
            Self::Cycle { steps } => steps.first().map(String::as_str),
            Self::StepField { step, .. }
            | Self::Arguments { step, .. }
            | Self::Duplicate { step }
            | Self::UnknownDependency { step, .. }
            | Self::UnknownTool { step, .. }
            | Self::Reference { step, .. } => Some(step),
        }
    }
}

fn cycle(steps: &[String]) -> String {
    let ids: Vec<_> = steps.iter().map(|id| format!("`{id}`")).collect();
    // A message is read by people; the field has all of them.
    const SHOWN: usize = 10;
    let more = if ids.len() > SHOWN { " → …" } else { "" };
    format!("{}{more}", ids.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" → "))
}

fn nearest(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; the nearest names are {}", near.join(", ")) }
}
