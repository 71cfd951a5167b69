//! Serves a [`Plugin`] to the host.

use crate::bindings::exports::tandem::plugin::{lifecycle, prompts, resources, tools};
use crate::bindings::tandem::host::call::CallContext;
use crate::bindings::tandem::plugin::types::{
    Completion, CompletionReference, PromptDescriptor, PromptOutput, ResourceContents, ResourceDescriptor,
    ResourceTemplate, ToolDescriptor, ToolError, ToolOutput,
};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::plugin::{Arguments, Plugin};

impl<P: Plugin> tools::Guest for P {
    fn describe() -> Vec<ToolDescriptor> {
        P::tools()
    }

    fn call(ctx: CallContext, name: String, arguments: String) -> Result<ToolOutput, ToolError> {
        answer(P::call(&Ctx::new(ctx), &name, &arguments), || format!("this plugin has no tool `{name}`"))
    }
}

impl<P: Plugin> resources::Guest for P {
    fn describe() -> Vec<ResourceDescriptor> {
        P::resources()
    }

    fn describe_templates() -> Vec<ResourceTemplate> {
        P::resource_templates()
    }

    fn read(ctx: CallContext, uri: String) -> Result<Vec<ResourceContents>, ToolError> {
        answer(P::read(&Ctx::new(ctx), &uri), || format!("this plugin has no resource `{uri}`"))
    }
}

impl<P: Plugin> prompts::Guest for P {
    fn describe() -> Vec<PromptDescriptor> {
        P::prompts()
    }

    fn get(ctx: CallContext, name: String, arguments: String) -> Result<PromptOutput, ToolError> {
        let arguments = strings(&arguments)?;
        answer(P::prompt(&Ctx::new(ctx), &name, &arguments), || format!("this plugin has no prompt `{name}`"))
    }

    fn complete(
        ctx: CallContext,
        reference: CompletionReference,
        argument: String,
        value: String,
        arguments: String,
    ) -> Result<Completion, ToolError> {
        let settled = strings(&arguments)?;
        // An argument that nobody completes has no candidates; that is no error.
        let none = || Ok(Completion { values: Vec::new(), total: Some(0), has_more: false });
        P::complete(&Ctx::new(ctx), &reference, &argument, &value, &settled).unwrap_or_else(none).map_err(Into::into)
    }
}

impl<P: Plugin> lifecycle::Guest for P {
    fn check() -> Result<(), String> {
        P::check().map_err(|e| e.to_string())
    }
}

fn answer<T>(answer: Option<Result<T, Error>>, missing: impl Fn() -> String) -> Result<T, ToolError> {
    answer.unwrap_or_else(|| Err(Error::NotFound(missing()))).map_err(Into::into)
}

fn strings(arguments: &str) -> Result<Arguments, ToolError> {
    if arguments.is_empty() {
        return Ok(Arguments::new());
    }
    serde_json::from_str(arguments)
        .map_err(|e| ToolError::InvalidArguments(format!("the arguments are not an object of strings: {e}")))
}
