//! What the meta-tools answer, from arguments that fit their schemas.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tandem_catalog::View;
use tandem_router::{CallError, RuntimeStatus, Violation};

use super::{
    catalog,
    definitions::definition,
    dispatch::{self, Dispatch},
    limits::MAX_VIOLATIONS,
    tool::MetaTool,
};
use crate::{
    incoming::Endpoint,
    results::{Grep, Query, Read},
};

/// Leaves out what is null: that is what some models write for a parameter that they do not give.
fn without_nulls(arguments: &mut Map<String, Value>) {
    arguments.retain(|_, value| !value.is_null());
}

/// Checks the arguments and reads them.
fn read<T: DeserializeOwned>(which: MetaTool, mut arguments: Map<String, Value>) -> Result<T, CallError> {
    without_nulls(&mut arguments);
    let arguments = Value::Object(arguments);
    let definition = definition(which);
    let validator = definition.and_then(|(definition, _)| definition.validator.as_ref());
    let name = definition.map(|(_, tool)| tool.name.to_string()).unwrap_or_default();
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
    (view, endpoint): (&View, &Endpoint),
    status: impl FnOnce() -> RuntimeStatus,
) -> Result<Value, CallError> {
    match which {
        MetaTool::ListCategories => Ok(catalog::categories(&read(which, arguments)?, view, &status())),
        MetaTool::ListTools => catalog::tools(&read(which, arguments)?, view, endpoint),
        MetaTool::GetSchema => catalog::schemas(read(which, arguments)?, view, endpoint),
        MetaTool::Search => Ok(catalog::search(&read(which, arguments)?, view, endpoint)),
        MetaTool::Dispatch | MetaTool::ResultRead | MetaTool::ResultGrep | MetaTool::ResultQuery => {
            Err(CallError::Internal("the meta-tool does not read the catalog".to_owned()))
        }
    }
}

/// What a meta-tool that reads results is asked for.
pub(crate) enum ResultCall {
    Read(Read),
    Grep(Grep),
    Query(Query),
}

/// Reads what is asked of a result.
pub(crate) fn result_call(which: MetaTool, arguments: Map<String, Value>) -> Result<ResultCall, CallError> {
    match which {
        MetaTool::ResultRead => read(which, arguments).map(ResultCall::Read),
        MetaTool::ResultGrep => read(which, arguments).map(ResultCall::Grep),
        MetaTool::ResultQuery => read(which, arguments).map(ResultCall::Query),
        _ => Err(CallError::Internal("the meta-tool does not read results".to_owned())),
    }
}

/// Reads what `tools_dispatch` is asked to call.
pub(crate) fn dispatch(mut arguments: Map<String, Value>) -> Result<Dispatch, CallError> {
    let calls = arguments.get_mut("calls").and_then(Value::as_array_mut);
    calls.into_iter().flatten().filter_map(Value::as_object_mut).for_each(without_nulls);
    dispatch::check_nesting(&arguments)?;
    dispatch::parse(read(MetaTool::Dispatch, arguments)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
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
