//! Follows a task or a workflow of the network of hosts to its end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    error::ClientError,
    session::{ProgressSink, Session},
};

/// Between two looks at a workflow. A person sees no difference, and the host hardly notices.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Seconds that one question waits for a task's end.
const WAIT_S: u32 = 2;

fn goes_on(answer: &Value) -> bool {
    matches!(answer.get("state").and_then(Value::as_str), Some("pending" | "queued" | "running"))
}

impl<P: ProgressSink> Session<P> {
    /// Answers the result of a task once it is there. Until then, `seen` gets the task's state again and again.
    ///
    /// # Errors
    /// As [`Session::structured`]; or what `seen` says, which ends it too.
    pub async fn follow_task<E: From<ClientError>>(
        &self,
        id: &str,
        mut seen: impl FnMut(&Value) -> Result<(), E>,
    ) -> Result<Value, E> {
        loop {
            seen(&self.structured("p2p_taskqueue_task_status", json!({"task_id": id})).await?)?;
            let wait = json!({"task_id": id, "wait_s": WAIT_S});
            let result = self.structured("p2p_taskqueue_get_result", wait).await?;
            if !goes_on(&result) {
                return Ok(result);
            }
        }
    }

    /// Answers a workflow once it has ended. `seen` gets it again and again, the last time included.
    ///
    /// # Errors
    /// As [`Session::structured`]; or what `seen` says, which ends it too.
    pub async fn follow_workflow<E: From<ClientError>>(
        &self,
        id: &str,
        mut seen: impl FnMut(&Value) -> Result<(), E>,
    ) -> Result<Value, E> {
        loop {
            let workflow = self.structured("p2p_workflow_status", json!({"workflow_id": id})).await?;
            seen(&workflow)?;
            if !goes_on(&workflow) {
                return Ok(workflow);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}
