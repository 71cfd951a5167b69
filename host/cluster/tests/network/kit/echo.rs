//! The tools of a test's host: they answer their arguments, or do as their name says.

use std::{
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Value, json};
use tandem_cluster::{ToolCall, ToolInfo, Tools};
use tandem_engine::{Content, InvokeError, ToolAnswer};
use tandem_package::Annotations;
use tandem_types::Caller;

/// Where the tool `block` begins and ends to hold the thread that it runs on.
pub(crate) static BLOCK: [Barrier; 2] = [Barrier::new(2), Barrier::new(2)];

/// What the tool `refuses` says, and how often it did.
pub(crate) const REFUSAL: &str = "please release the lease";
pub(crate) static REFUSALS: AtomicUsize = AtomicUsize::new(0);
/// How often the tool `marks` began. It takes a second, and fails with the argument `fails`.
pub(crate) static MARKS: AtomicUsize = AtomicUsize::new(0);

/// Calls of the tool `slow` with the argument `counted` that were ended.
pub(crate) static STOPPED: AtomicUsize = AtomicUsize::new(0);

/// Counts one when it goes.
struct CountStopped;

impl Drop for CountStopped {
    fn drop(&mut self) {
        STOPPED.fetch_add(1, Ordering::SeqCst);
    }
}

/// Answers its arguments; `who` with whose call it is, `wide` with where an integer is beyond 64 bits, `block` once a test lets it, `slow` never does, `large` does at length, `huge` with more than a frame holds.
#[derive(Default)]
pub(crate) struct Echo {
    /// Tools that this host does not have.
    lacks: Mutex<Vec<&'static str>>,
    generation: AtomicUsize,
}

impl Echo {
    /// From now on it does not have this tool.
    pub(crate) fn loses(&self, tool: &'static str) {
        self.lacks.lock().unwrap().push(tool);
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

impl Tools for Echo {
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolAnswer, InvokeError>> {
        async move {
            let structured = match call.tool.as_str() {
                "slow" => {
                    let _stopped = call.arguments.members.contains_key("counted").then_some(CountStopped);
                    if let Some(client) = &call.cx.client {
                        for step in 1..=3 {
                            client.progress(f64::from(step), Some(4.0), Some(format!("step {step}")));
                            tokio::time::sleep(Duration::from_millis(200)).await;
                        }
                    }
                    call.cx.cancel.cancelled().await;
                    return Err(InvokeError::NotFound("it was stopped".to_owned()));
                }
                "block" => {
                    for barrier in &BLOCK {
                        barrier.wait();
                    }
                    json!({})
                }
                "refuses" => {
                    REFUSALS.fetch_add(1, Ordering::SeqCst);
                    let content = vec![Content::Text(REFUSAL.to_owned())];
                    return Ok(ToolAnswer { content, structured: None, is_error: true });
                }
                "waits-and-refuses" => {
                    // Longer than what the queue takes for one burst.
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    return Err(InvokeError::Other(REFUSAL.to_owned()));
                }
                "marks" => {
                    MARKS.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    if call.arguments.members.contains_key("fails") {
                        return Err(InvokeError::Other(REFUSAL.to_owned()));
                    }
                    json!({})
                }
                "traced" => json!({"traceparent": call.cx.traceparent.as_deref()}),
                "who" => json!({"tenant": &*call.cx.caller.tenant, "operator": call.cx.caller.operator}),
                "echo" => Value::Object(call.arguments.members),
                "wide" => {
                    let arguments = Value::Object(call.arguments.members);
                    let at = call.arguments.exact.and_then(|exact| exact.wide_integer(&arguments));
                    json!({"at": at})
                }
                "huge" => json!({"text": "x".repeat(1_200_000)}),
                "large" => json!({"text": "x".repeat(900_000)}),
                other => return Err(InvokeError::NotFound(format!("unknown tool `{other}`"))),
            };
            Ok(ToolAnswer { structured: Some(structured), ..ToolAnswer::default() })
        }
        .boxed()
    }

    fn list(&self, _caller: &Caller) -> Vec<ToolInfo> {
        let info = |name: &str| ToolInfo {
            name: name.to_owned(),
            title: Some("Answers".to_owned()),
            description: "answers".to_owned(),
            input_schema: json!({"type": "object"}),
            output_schema: Some(json!({"type": "object"})),
            annotations: Annotations { read_only: true, ..Annotations::default() },
            local: false,
            repeatable: name == "echo",
            deadline: Duration::from_secs(120),
        };
        let named = ["echo", "slow", "refuses", "waits-and-refuses", "marks", "traced"].map(info);
        let lacks = self.lacks.lock().unwrap();
        let named = named.into_iter().filter(|info| !lacks.contains(&info.name.as_str()));
        let mut all: Vec<_> = named.chain((0..246).map(|i| info(&format!("tool-{i:03}")))).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst) as u64
    }

    fn find(&self, _caller: &Caller, _tool: &str) -> Result<(), Vec<String>> {
        Ok(())
    }
}
