//! The shape of a plugin, which `#[tools]` writes and `export!` hands to the host.

use std::collections::BTreeMap;

use crate::bindings::tandem::plugin::types::{
    Completion, CompletionReference, PromptDescriptor, PromptOutput, ResourceContents, ResourceDescriptor,
    ResourceTemplate, ToolDescriptor, ToolOutput,
};
use crate::ctx::Ctx;
use crate::error::Result;

/// Arguments of a prompt or a completion by name.
pub type Arguments = BTreeMap<String, String>;

/// A group of tools, resources and prompts. `#[tools]` implements it; write it by hand only for entries
/// that are not known at build time. An answer of `None` means that the group has no such entry.
pub trait Plugin {
    /// The tools. The same answer every time.
    fn tools() -> Vec<ToolDescriptor> {
        Vec::new()
    }

    /// Runs a tool with its arguments, a JSON object.
    fn call(_ctx: &Ctx, _name: &str, _arguments: &str) -> Option<Result<ToolOutput>> {
        None
    }

    /// The resources. The same answer every time.
    fn resources() -> Vec<ResourceDescriptor> {
        Vec::new()
    }

    /// The families of resources. The same answer every time.
    fn resource_templates() -> Vec<ResourceTemplate> {
        Vec::new()
    }

    /// Reads a resource.
    fn read(_ctx: &Ctx, _uri: &str) -> Option<Result<Vec<ResourceContents>>> {
        None
    }

    /// The prompts. The same answer every time.
    fn prompts() -> Vec<PromptDescriptor> {
        Vec::new()
    }

    /// Fills a prompt in.
    fn prompt(_ctx: &Ctx, _name: &str, _arguments: &Arguments) -> Option<Result<PromptOutput>> {
        None
    }

    /// Completes an argument.
    fn complete(
        _ctx: &Ctx,
        _reference: &CompletionReference,
        _argument: &str,
        _value: &str,
        _settled: &Arguments,
    ) -> Option<Result<Completion>> {
        None
    }

    /// Whether the plugin can work as it is granted and configured.
    ///
    /// # Errors
    /// What the operator has to change.
    fn check() -> Result<()> {
        Ok(())
    }
}

/// Two groups in one plugin; `export!(A, B, C)` nests them.
impl<A: Plugin, B: Plugin> Plugin for (A, B) {
    fn tools() -> Vec<ToolDescriptor> {
        joined(A::tools(), B::tools())
    }

    fn call(ctx: &Ctx, name: &str, arguments: &str) -> Option<Result<ToolOutput>> {
        A::call(ctx, name, arguments).or_else(|| B::call(ctx, name, arguments))
    }

    fn resources() -> Vec<ResourceDescriptor> {
        joined(A::resources(), B::resources())
    }

    fn resource_templates() -> Vec<ResourceTemplate> {
        joined(A::resource_templates(), B::resource_templates())
    }

    fn read(ctx: &Ctx, uri: &str) -> Option<Result<Vec<ResourceContents>>> {
        A::read(ctx, uri).or_else(|| B::read(ctx, uri))
    }

    fn prompts() -> Vec<PromptDescriptor> {
        joined(A::prompts(), B::prompts())
    }

    fn prompt(ctx: &Ctx, name: &str, arguments: &Arguments) -> Option<Result<PromptOutput>> {
        A::prompt(ctx, name, arguments).or_else(|| B::prompt(ctx, name, arguments))
    }

    fn complete(
        ctx: &Ctx,
        reference: &CompletionReference,
        argument: &str,
        value: &str,
        settled: &Arguments,
    ) -> Option<Result<Completion>> {
        A::complete(ctx, reference, argument, value, settled)
            .or_else(|| B::complete(ctx, reference, argument, value, settled))
    }

    fn check() -> Result<()> {
        A::check()?;
        B::check()
    }
}

fn joined<T>(mut first: Vec<T>, second: Vec<T>) -> Vec<T> {
    first.extend(second);
    first
}
