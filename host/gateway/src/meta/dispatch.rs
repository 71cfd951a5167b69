//! `tools_dispatch`: what it is asked to call, and how the answers of a batch are put together. The calls themselves
//! are made where all calls are made.

use std::{sync::Arc, time::Duration};

use rmcp::model::CallToolResult;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_catalog::shown_name;
use tandem_engine::{ClientCapabilities, ClientPort, InputError, InputRequest, Level};
use tandem_router::{CallError, Violation};

use super::limits::{DEFAULT_CONCURRENCY, MAX_CALLS, MAX_CONCURRENCY, MAX_NAMED};
use crate::mcp::convert::structured_result;

#[derive(Deserialize)]
pub(super) struct Arguments {
    tool: Option<String>,
    arguments: Option<Map<String, Value>>,
    calls: Option<Vec<Item>>,
    max_concurrency: Option<usize>,
}

/// One call.
#[derive(Debug, Deserialize)]
pub(crate) struct Item {
    pub(crate) tool: String,
    #[serde(default)]
    pub(crate) arguments: Map<String, Value>,
}

/// Several calls.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) calls: Vec<Item>,
    pub(crate) max_concurrency: usize,
}

/// What to call.
#[derive(Debug)]
pub(crate) enum Dispatch {
    One(Item),
    Many(Batch),
}

pub(super) fn parse(arguments: Arguments) -> Result<Dispatch, CallError> {
    let Arguments { tool, arguments, calls, max_concurrency } = arguments;
    match (tool, arguments, calls, max_concurrency) {
        (Some(tool), arguments, None, None) => {
            Ok(Dispatch::One(Item { tool, arguments: arguments.unwrap_or_default() }))
        }
        (None, None, Some(calls), max) => {
            let max_concurrency = max.unwrap_or(DEFAULT_CONCURRENCY).clamp(1, MAX_CONCURRENCY);
            Ok(Dispatch::Many(Batch { calls, max_concurrency }))
        }
        _ => Err(wrong("give either `tool` and `arguments`, or `calls` and `max_concurrency`")),
    }
}

/// Refuses arguments of the inner tool that stand beside `tool`, of one call or of any in a batch: models forget `arguments`.
pub(super) fn check_nesting(arguments: &Map<String, Value>) -> Result<(), CallError> {
    let top = [(String::new(), arguments)].into_iter();
    let calls = arguments.get("calls").and_then(Value::as_array).into_iter().flatten().take(MAX_CALLS);
    let calls = calls.enumerate().filter_map(|(at, call)| Some((format!("/calls/{at}"), call.as_object()?)));
    let violations: Vec<_> = top.chain(calls).filter_map(|(pointer, call)| misplaced(pointer, call)).collect();
    if violations.is_empty() { Ok(()) } else { Err(refused(violations)) }
}

/// The members of one call that belong into its `arguments`.
fn misplaced(pointer: String, call: &Map<String, Value>) -> Option<Violation> {
    let tool = call.get("tool")?.as_str()?;
    let is_own = |name: &&String| matches!(name.as_str(), "tool" | "arguments" | "calls" | "max_concurrency");
    let names: Vec<_> = call.keys().filter(|name| !is_own(name)).take(MAX_NAMED).map(|name| shown_name(name)).collect();
    if names.is_empty() {
        return None;
    }
    let inner: Vec<_> = names.iter().map(|name| format!("{}: …", Value::from(name.as_ref()))).collect();
    let message = format!(
        "put `{}` into `arguments`: {{\"tool\": {}, \"arguments\": {{{}}}}}",
        names.join("`, `"),
        Value::from(shown_name(tool).as_ref()),
        inner.join(", ")
    );
    Some(Violation { pointer, message })
}

fn wrong(message: &str) -> CallError {
    refused(vec![Violation { pointer: String::new(), message: message.to_owned() }])
}

fn refused(violations: Vec<Violation>) -> CallError {
    CallError::InvalidArguments { tool: "tools_dispatch".to_owned(), violations }
}

impl Batch {
    /// The whole batch's answer: each call's own result, in the order of the calls.
    pub(crate) fn result(answers: Vec<(String, CallToolResult)>, duration: Duration) -> CallToolResult {
        let failed = answers.iter().filter(|(_, result)| result.is_error == Some(true)).count();
        let total = answers.len();
        let results: Vec<_> = answers.into_iter().map(|(tool, result)| entry(&tool, &result)).collect();
        structured_result(json!({
            "results": results,
            "total": total,
            "failed": failed,
            "duration_ms": duration.as_secs_f64() * 1e3,
        }))
    }
}

fn entry(tool: &str, result: &CallToolResult) -> Value {
    let mut entry = json!({
        "tool": tool,
        "is_error": result.is_error == Some(true),
        "content": result.content,
        "_meta": result.meta,
    });
    if let (Some(entry), Some(structured)) = (entry.as_object_mut(), &result.structured_content) {
        entry.insert("structured".to_owned(), structured.clone());
    }
    entry
}

/// The way back for one call of a batch: its questions carry the call's number in their keys, so that two calls can ask
/// under the same name. Progress of single calls is left out; the batch itself tells how many are done.
pub(crate) struct Numbered {
    pub(crate) number: usize,
    pub(crate) port: Arc<dyn ClientPort>,
}

impl ClientPort for Numbered {
    fn progress(&self, _done: f64, _total: Option<f64>, _message: Option<String>) {}

    fn log(&self, level: Level, logger: Option<&str>, data: &Value) {
        self.port.log(level, logger, data);
    }

    fn capabilities(&self) -> ClientCapabilities {
        self.port.capabilities()
    }

    fn request(&self, requests: Vec<InputRequest>) -> futures::future::BoxFuture<'_, Result<Vec<Value>, InputError>> {
        let numbered = requests
            .into_iter()
            .map(|request| InputRequest { key: format!("{}.{}", self.number, request.key), input: request.input });
        self.port.request(numbered.collect())
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::ContentBlock;

    use super::*;

    fn read(value: Value) -> Result<Dispatch, CallError> {
        super::super::dispatch(value.as_object().cloned().unwrap())
    }

    #[test]
    fn one_call_or_several_but_not_both() {
        assert!(matches!(read(json!({"tool": "a"})), Ok(Dispatch::One(Item { tool, .. })) if tool == "a"));
        let none = json!({"tool": "a", "arguments": null, "calls": null, "max_concurrency": null});
        assert!(matches!(read(none), Ok(Dispatch::One(Item { arguments, .. })) if arguments.is_empty()));
        let null = read(json!({"calls": [{"tool": "a", "arguments": null}], "max_concurrency": null}));
        assert!(matches!(null, Ok(Dispatch::Many(Batch { calls, .. })) if calls[0].arguments.is_empty()));
        let many = read(json!({"calls": [{"tool": "a"}, {"tool": "b", "arguments": {"x": 1}}]}));
        assert!(matches!(many, Ok(Dispatch::Many(Batch { calls, max_concurrency: 8 })) if calls.len() == 2));
        for both in [
            json!({}),
            json!({"tool": "a", "calls": [{"tool": "b"}]}),
            json!({"arguments": {}}),
            json!({"tool": "a", "max_concurrency": 3}),
        ] {
            assert!(read(both.clone()).is_err(), "{both}");
        }
    }

    #[test]
    fn arguments_beside_the_tool_are_named_with_where_they_belong() {
        let told = |value: Value| match read(value) {
            Err(CallError::InvalidArguments { violations, .. }) => violations,
            other => panic!("{other:?}"),
        };
        let one = told(json!({"tool": "dataset_load", "path": "data/a.csv", "limit": 3}));
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].pointer, "");
        let whole = r#"{"tool": "dataset_load", "arguments": {"path": …, "limit": …}}"#;
        assert_eq!(one[0].message, format!("put `path`, `limit` into `arguments`: {whole}"));
        let beside = told(json!({"tool": "a", "arguments": {"x": 1}, "y": 2}));
        assert!(beside[0].message.starts_with("put `y` into `arguments`"), "{beside:?}");
        let many = told(json!({"calls": [{"tool": "a"}, {"tool": "b", "x": 1}]}));
        assert_eq!((many.len(), many[0].pointer.as_str()), (1, "/calls/1"));
        let mut long = json!({"tool": "a".repeat(10_000)});
        (0..100).for_each(|n| long[format!("{n}{}", "b".repeat(10_000))] = n.into());
        assert!(told(long)[0].message.len() < 4096, "names of a request are cut");
    }

    #[test]
    fn batches_are_bounded() {
        let calls = |n: usize| json!({"calls": vec![json!({"tool": "a"}); n]});
        assert!(read(calls(MAX_CALLS)).is_ok());
        assert!(read(calls(MAX_CALLS + 1)).is_err());
        assert!(read(calls(0)).is_err());
        assert!(read(json!({"calls": [{"tool": "a"}], "max_concurrency": MAX_CONCURRENCY + 1})).is_err());
    }

    #[test]
    fn a_batch_keeps_order_and_counts_failures() {
        let good = CallToolResult::success(vec![ContentBlock::text("1")]);
        let bad = CallToolResult::error(vec![ContentBlock::text("2")]);
        let answers = vec![("a".to_owned(), good), ("b".to_owned(), bad)];
        let value = Batch::result(answers, Duration::from_millis(5)).structured_content.unwrap();
        assert_eq!((&value["total"], &value["failed"]), (&2.into(), &1.into()));
        assert_eq!(value["results"][0]["content"][0]["text"], "1");
        assert_eq!(value["results"][1]["is_error"], true);
    }
}
