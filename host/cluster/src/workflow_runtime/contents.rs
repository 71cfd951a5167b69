//! Results that are kept by their content id, for the steps that refer to them.
//!
//! **Bounds.** One step's at a time, [`MAX_LOADED`] bytes of them; they are parsed outside of the reactor's thread.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;
use tandem_queue::TaskStore as _;
use tandem_workflow::{ContentId, StepError};

use super::{error::JournalError, journal::JournalStore};

/// Bytes of all results that one step may refer to: parsed, they are several times that in memory.
const MAX_LOADED: usize = 32 << 20;

/// What was loaded for a step.
#[derive(Default)]
pub(super) struct Contents {
    step: String,
    loaded: HashMap<ContentId, Arc<Value>>,
    bytes: usize,
}

impl Contents {
    pub(super) fn get(&self, content: &ContentId) -> Option<Arc<Value>> {
        self.loaded.get(content).cloned()
    }

    /// Loads what a step refers to; what was loaded for another one goes. Answers why the step cannot have it.
    pub(super) async fn load(
        &mut self,
        journals: &JournalStore,
        step: &str,
        content: ContentId,
    ) -> Result<Result<(), StepError>, JournalError> {
        if self.step != step {
            *self = Self { step: step.to_owned(), ..Self::default() };
        }
        let text = journals.tasks.content(&content.to_string()).await?;
        let Some(text) = text else {
            return Ok(Err(StepError::new("unavailable", &format!("the result {content} is not kept any more"))));
        };
        self.bytes += text.len();
        if self.bytes > MAX_LOADED {
            let error = format!("the results that the step refers to have over {MAX_LOADED} bytes together");
            return Ok(Err(StepError::new("limit_exceeded", &error)));
        }
        let parsed = journals.general.spawn_blocking(move || serde_json::from_str::<Value>(&text)).await;
        match parsed? {
            Ok(value) => drop(self.loaded.insert(content, Arc::new(value))),
            Err(_) => return Ok(Err(StepError::new("bad_output", &format!("the result {content} is not JSON")))),
        }
        Ok(Ok(()))
    }
}
