//! The meta-tools: how an agent finds and calls tools without having all of them in its context.
//!
//! They read the caller's view of the catalog and call through the router, so they show and allow exactly what the
//! caller may see and do; policy and validation run on the inner tool. Lists are paged, batches are bounded, and a name
//! that is not there is answered with the nearest ones.

mod catalog;
mod dispatch;
mod schemas;

use std::sync::LazyLock;

use jsonschema::Validator;
use rmcp::model::{CallToolResult, ContentBlock, Tool};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tandem_catalog::View;
use tandem_router::{CallError, RuntimeStatus, Violation};

pub(crate) use catalog::{CategoryLine, describe, state_of, tool_page};
pub(crate) use dispatch::{Batch, Dispatch, Item, Numbered};

/// Places named in one validation error.
const MAX_VIOLATIONS: usize = 16;

/// A meta-tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaTool {
    ListCategories,
    ListTools,
    GetSchema,
    Search,
    Dispatch,
}

struct Definition {
    which: MetaTool,
    validator: Option<Validator>,
}

struct Definitions {
    tools: Vec<Tool>,
    by_tool: Vec<Definition>,
}

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let mut all = schemas::all();
    all.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let by_tool = all.iter().map(|(which, tool)| Definition {
        which: *which,
        // The schemas are our own; the tests hold that they compile.
        validator: jsonschema::draft202012::new(&Value::Object((*tool.input_schema).clone())).ok(),
    });
    Definitions { by_tool: by_tool.collect(), tools: all.iter().map(|(_, tool)| tool.clone()).collect() }
});

/// The meta-tools as clients see them, sorted by name.
pub(crate) fn tools() -> &'static [Tool] {
    &DEFINITIONS.tools
}

/// The meta-tool of this name.
pub(crate) fn find(name: &str) -> Option<MetaTool> {
    let position = DEFINITIONS.tools.iter().position(|tool| tool.name == name)?;
    DEFINITIONS.by_tool.get(position).map(|definition| definition.which)
}

/// Leaves out what is null: that is what some models write for a parameter that they do not give.
fn without_nulls(arguments: &mut Map<String, Value>) {
    arguments.retain(|_, value| !value.is_null());
}

/// Checks the arguments and reads them.
fn read<T: DeserializeOwned>(which: MetaTool, mut arguments: Map<String, Value>) -> Result<T, CallError> {
    without_nulls(&mut arguments);
    let arguments = Value::Object(arguments);
    let position = DEFINITIONS.by_tool.iter().position(|definition| definition.which == which);
    let validator = position.and_then(|i| DEFINITIONS.by_tool.get(i)).and_then(|d| d.validator.as_ref());
    let name = position.and_then(|i| tools().get(i)).map(|tool| tool.name.to_string()).unwrap_or_default();
    let wrong = |violations| CallError::InvalidArguments { tool: name, violations };
    if let Some(validator) = validator
        && !validator.is_valid(&arguments)
    {
        let violations = validator.iter_errors(&arguments).take(MAX_VIOLATIONS).map(|error| Violation {
            pointer: error.instance_path().to_string(),
            message: error.masked_with("the value").to_string(),
        });
        return Err(wrong(violations.collect()));
    }
    serde_json::from_value(arguments)
        .map_err(|error| wrong(vec![Violation { pointer: String::new(), message: error.to_string() }]))
}

/// Answers a meta-tool that only reads the catalog.
pub(crate) fn answer(
    which: MetaTool,
    arguments: Map<String, Value>,
    view: &View,
    status: impl FnOnce() -> RuntimeStatus,
) -> Result<Value, CallError> {
    match which {
        MetaTool::ListCategories => Ok(catalog::categories(&read(which, arguments)?, view, &status())),
        MetaTool::ListTools => catalog::tools(&read(which, arguments)?, view),
        MetaTool::GetSchema => catalog::schemas(read(which, arguments)?, view),
        MetaTool::Search => Ok(catalog::search(&read(which, arguments)?, view)),
        MetaTool::Dispatch => Err(CallError::Internal("`tools_dispatch` is not a query".to_owned())),
    }
}

/// Reads what `tools_dispatch` is asked to call.
pub(crate) fn dispatch(mut arguments: Map<String, Value>) -> Result<Dispatch, CallError> {
    let calls = arguments.get_mut("calls").and_then(Value::as_array_mut);
    calls.into_iter().flatten().filter_map(Value::as_object_mut).for_each(without_nulls);
    dispatch::parse(read(MetaTool::Dispatch, arguments)?)
}

/// A structured result, repeated as text for clients that read nothing else.
pub(crate) fn result(value: Value) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(value.to_string())]);
    result.structured_content = Some(value);
    result
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn every_schema_compiles_and_every_tool_is_found_by_its_name() {
        assert_eq!(DEFINITIONS.by_tool.len(), 5);
        for (tool, definition) in tools().iter().zip(&DEFINITIONS.by_tool) {
            assert!(definition.validator.is_some(), "{}", tool.name);
            assert_eq!(find(&tool.name), Some(definition.which));
            let output = tool.output_schema.as_ref().map(|schema| Value::Object((**schema).clone()));
            assert!(output.is_none_or(|schema| jsonschema::draft202012::new(&schema).is_ok()), "{}", tool.name);
        }
        assert_eq!(find("tools_nothing"), None);
    }

    #[test]
    fn the_list_is_sorted_and_its_annotations_are_honest() {
        let names: Vec<_> = tools().iter().map(|tool| &*tool.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for tool in tools() {
            let annotations = tool.annotations.as_ref().unwrap();
            let dispatches = tool.name == "tools_dispatch";
            assert_eq!(annotations.read_only_hint, Some(!dispatches), "{}", tool.name);
            assert_eq!(annotations.open_world_hint, Some(dispatches), "{}", tool.name);
        }
    }

    #[test]
    fn the_meta_tools_look_like_this() {
        insta::assert_json_snapshot!("meta_tools", tools());
    }

    #[test]
    fn wrong_arguments_name_their_place() {
        let error = dispatch(args(json!({"calls": [{"tool": 5}]}))).unwrap_err();
        let CallError::InvalidArguments { tool, violations } = error else { panic!("{error}") };
        assert_eq!(tool, "tools_dispatch");
        assert_eq!(violations[0].pointer, "/calls/0/tool");
        assert!(dispatch(args(json!({"tool": "x", "argument": {}}))).is_err(), "an unknown parameter is an error");
    }
}
