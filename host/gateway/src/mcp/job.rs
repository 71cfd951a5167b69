//! What a `tools/call` runs: one tool, or the calls of a batch.

use std::sync::Arc;

use serde_json::Value;
use tandem_catalog::{ResolvedTool, Tool};
use tandem_router::{Arguments, CallError};
use tandem_types::Caller;

use super::mrtr::Binding;

/// What to run.
pub(super) enum Job {
    One { tool: ResolvedTool, arguments: Arguments },
    Many { calls: Vec<Planned>, at_once: usize },
}

/// One call of a batch; none where the tool is not there.
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) arguments: Arguments,
    pub(super) tool: Result<Arc<Tool>, CallError>,
}

impl Job {
    fn tools(&self) -> Vec<&Tool> {
        match self {
            Self::One { tool, .. } => vec![&tool.tool],
            Self::Many { calls, .. } => calls.iter().filter_map(|call| call.tool.as_deref().ok()).collect(),
        }
    }

    pub(super) fn any(&self, is: impl Fn(&Tool) -> bool) -> bool {
        match self {
            Self::One { tool, .. } => is(&tool.tool),
            Self::Many { .. } => self.tools().into_iter().any(is),
        }
    }

    pub(super) fn all(&self, is: impl Fn(&Tool) -> bool) -> bool {
        self.tools().into_iter().all(is)
    }

    /// What a suspended run of this belongs to.
    pub(super) fn binding(&self, caller: &Caller, called: &str) -> Binding {
        match self {
            Self::One { tool, arguments } => {
                let name = format!("{called}/{}", tool.tool.descriptor.name);
                Binding::new("tools/call", &name, &arguments.members, caller)
            }
            Self::Many { calls, .. } => {
                let numbered = calls.iter().enumerate().map(|(number, call)| {
                    (format!("{number}.{}", call.name), Value::Object(call.arguments.members.clone()))
                });
                Binding::new("tools/call", called, &numbered.collect(), caller)
            }
        }
    }
}
