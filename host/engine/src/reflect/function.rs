//! One exported function: as a descriptor, and its way from JSON to JSON.

use std::sync::Arc;

use serde_json::json;
use tandem_package::{Annotations, ToolDescriptor};
use wasmtime::component::{
    ComponentExportIndex, Val,
    types::{ComponentFunc, Type},
};

use super::{
    read::{Misfit, Reader},
    schema::{self, Way},
    shape::{Member, Names, Shape, Unfold},
    write::{self, Stop},
};
use crate::{
    bindings::tandem::plugin::types::{Content, ToolError, ToolOutput},
    error::RunError,
    limit::Limit,
};

/// The member of a structured result that is not a record.
const RESULT: &str = "result";

/// What a function gives.
enum Gives {
    Nothing,
    Value(Shape),
    /// A `result`: the first is the answer, the second the tool's own error.
    Fallible(Option<Shape>, Option<Shape>),
}

/// A function as a tool.
pub(super) struct Function {
    description: String,
    index: ComponentExportIndex,
    parameters: Vec<Member<Shape>>,
    gives: Gives,
}

impl Function {
    /// The error says what is in the way of its being a tool.
    pub(super) fn of(
        ty: &ComponentFunc,
        index: ComponentExportIndex,
        names: &Names<'_>,
        docs: Option<Arc<str>>,
    ) -> Result<Self, String> {
        if ty.async_() {
            return Err("it is async; export a function without `async`".to_owned());
        }
        let mut unfold = Unfold::new(names);
        let mut parameters = Vec::new();
        for (name, ty) in ty.params() {
            let no_json = |what| format!("its parameter `{name}` has {what} in it, for which there is no JSON");
            parameters.push(Member { name: name.into(), docs: None, shape: unfold.shape(&ty).map_err(no_json)? });
        }
        let mut shape = |ty: &Type| {
            unfold.shape(ty).map_err(|what| format!("its result has {what} in it, for which there is no JSON"))
        };
        let mut part = |ty: Option<Type>| ty.map(|ty| shape(&ty)).transpose();
        let gives = match ty.results().next() {
            None => Gives::Nothing,
            Some(Type::Result(result)) => Gives::Fallible(part(result.ok())?, part(result.err())?),
            Some(ty) => Gives::Value(shape(&ty)?),
        };
        Ok(Self { description: docs.map(|docs| docs.to_string()).unwrap_or_default(), index, parameters, gives })
    }

    /// Says at least what it is, where nobody wrote more.
    pub(super) fn described(mut self, full_name: &str) -> Self {
        if self.description.is_empty() {
            self.description = format!("Calls `{full_name}`.");
        }
        self
    }

    pub(super) fn index(&self) -> &ComponentExportIndex {
        &self.index
    }

    /// How many results it has: none or one.
    pub(super) fn results(&self) -> usize {
        usize::from(!matches!(self.gives, Gives::Nothing))
    }

    /// What it answers with when all is well.
    fn answers(&self) -> Option<&Shape> {
        match &self.gives {
            Gives::Nothing => None,
            Gives::Value(shape) => Some(shape),
            Gives::Fallible(ok, _) => ok.as_ref(),
        }
    }

    pub(super) fn descriptor(&self, tool: &str) -> ToolDescriptor {
        let output_schema = match self.answers() {
            None | Some(Shape::Text) => None,
            Some(shape @ Shape::Record { .. }) => Some(schema::schema(shape, Way::Out)),
            Some(shape) => Some(json!({
                "type": "object", "properties": {RESULT: schema::schema(shape, Way::Out)}, "required": [RESULT],
            })),
        };
        ToolDescriptor {
            name: tool.to_owned(),
            title: None,
            description: self.description.clone(),
            input_schema: schema::parameters(&self.parameters),
            output_schema,
            // WIT says nothing of it, so it may do anything; the manifest may say better.
            annotations: Annotations { read_only: false, destructive: true, idempotent: false, open_world: true },
            meta: None,
        }
    }

    pub(super) fn arguments(&self, json: &str) -> Result<Vec<Val>, Misfit> {
        let json = serde_json::from_str(json).map_err(|error| Misfit::new(format!("this is not JSON: {error}")))?;
        let read = Reader::new().members(&self.parameters, &json)?;
        Ok(read.into_iter().map(|(_, value)| value).collect())
    }

    /// Turns what the function returned into the tool's answer of at most `max` bytes.
    pub(super) fn answer(&self, value: Option<Val>, max: u64) -> Result<Result<ToolOutput, ToolError>, RunError> {
        let stopped = |stop| match stop {
            Stop::TooLong => RunError::Limit { limit: Limit::Output, value: format!("{max} bytes") },
            Stop::OtherType => RunError::Host("a function gave a value of another type than its own".to_owned()),
        };
        let (shape, value, failed) = match (&self.gives, value) {
            (Gives::Nothing, None) => (None, None, false),
            (Gives::Value(shape), value @ Some(_)) => (Some(shape), value, false),
            (Gives::Fallible(ok, _), Some(Val::Result(Ok(value)))) => (ok.as_ref(), value.map(|value| *value), false),
            (Gives::Fallible(_, err), Some(Val::Result(Err(value)))) => (err.as_ref(), value.map(|value| *value), true),
            _ => return Err(stopped(Stop::OtherType)),
        };
        let mut output = ToolOutput { content: Vec::new(), structured: None };
        match (shape, value) {
            (None, None) => {}
            (Some(Shape::Text), Some(Val::String(text))) => output.content.push(Content::Text(text)),
            // Clients hold a structured result against the output schema, whether it is an error or not.
            (Some(shape), Some(value)) if failed => {
                output.content.push(Content::Text(write::json(shape, &value, None, max).map_err(stopped)?));
            }
            (Some(shape), Some(value)) => {
                let key = (!matches!(shape, Shape::Record { .. })).then_some(RESULT);
                output.structured = Some(write::json(shape, &value, key, max).map_err(stopped)?);
            }
            _ => return Err(stopped(Stop::OtherType)),
        }
        Ok(match failed {
            false => Ok(output),
            true if output.content.is_empty() => Err(ToolError::Other(None)),
            true => Err(ToolError::Failed(output)),
        })
    }
}
