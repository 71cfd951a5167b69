//! What a component exports, and how each export is called.

use std::sync::Arc;

use wasmtime::{
    Engine, Store,
    component::{Component, Instance, InstancePre, Resource},
};

use crate::{
    bindings::{
        exports::tandem::plugin::{lifecycle, prompts, resources, tools},
        tandem::plugin::types::{
            Completion, CompletionReference, PromptOutput, ResourceContents, ToolError, ToolOutput,
        },
    },
    error::{LoadError, RunError},
    interfaces::call::ContextHandle,
    reflect::Functions,
    state::CallState,
};

/// The namespace and package of the contract.
const CONTRACT: &str = "tandem:plugin/";

/// Where a component's tools are.
#[derive(Clone)]
pub(crate) enum Tools {
    /// In the contract's interface.
    Contract(tools::GuestIndices),
    /// They are the exported functions.
    Functions(Arc<Functions>),
}

/// Why a plugin cannot work as it is granted and configured, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("its check failed: {0}")]
pub(crate) struct CheckFailed(String);

/// The exports that are called, looked up once.
#[derive(Clone)]
pub(crate) struct Exports {
    pub(crate) tools: Tools,
    pub(crate) resources: Option<resources::GuestIndices>,
    pub(crate) prompts: Option<prompts::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
}

/// An instance that serves one call, and what its exports are.
pub(crate) struct Guest<'a> {
    pub(crate) exports: &'a Exports,
    pub(crate) store: &'a mut Store<CallState>,
    pub(crate) instance: &'a Instance,
    /// The looked-up exports, for the next call of a reused instance.
    pub(crate) tools: &'a mut Option<tools::Guest>,
}

/// Whether a component is of the contract. What exports any part of it is, and its other exports are ignored.
pub(crate) fn is_contract(component: &Component, engine: &Engine) -> bool {
    component.component_type().exports(engine).any(|(name, _)| name.starts_with(CONTRACT))
}

impl Exports {
    /// Finds what a component exports: the contract's interfaces, or else functions of its own.
    pub(crate) fn of(component: &Component, pre: &InstancePre<CallState>, wasm: &[u8]) -> Result<Self, LoadError> {
        let tools = if is_contract(component, pre.engine()) {
            let exports = |error| LoadError::Exports(format!("{error:#}"));
            Tools::Contract(tools::GuestIndices::new(pre).map_err(exports)?)
        } else {
            let functions = Functions::of(pre.engine(), component, wasm);
            if functions.is_empty() {
                let reasons: Vec<String> = functions.unsupported_exports().iter().map(ToString::to_string).collect();
                return Err(LoadError::NoTools(reasons.join("; ")));
            }
            Tools::Functions(Arc::new(functions))
        };
        Ok(Self {
            tools,
            resources: resources::GuestIndices::new(pre).ok(),
            prompts: prompts::GuestIndices::new(pre).ok(),
            lifecycle: lifecycle::GuestIndices::new(pre).ok(),
        })
    }

    /// Whether it can be asked whether it can work.
    pub(crate) fn has_check(&self) -> bool {
        self.lifecycle.is_some()
    }
}

fn no_export(name: &'static str) -> wasmtime::Error {
    RunError::NoExport(name).into()
}

impl Guest<'_> {
    /// The handle's number is the call's: a handle that outlives its call names no other.
    fn context(&self) -> Resource<ContextHandle> {
        Resource::new_own(self.store.data().call)
    }

    fn prompts(&mut self) -> wasmtime::Result<prompts::Guest> {
        let indices = self.exports.prompts.as_ref().ok_or_else(|| no_export("prompts"))?;
        indices.load(&mut *self.store, self.instance)
    }

    /// Calls a tool.
    pub(crate) async fn call_tool(
        self,
        name: &str,
        arguments: &String,
    ) -> wasmtime::Result<Result<ToolOutput, ToolError>> {
        let context = self.context();
        let Self { exports, store, instance, tools } = self;
        match &exports.tools {
            Tools::Functions(functions) => {
                let max = store.data().limits.output;
                functions.call(store, instance, name, arguments, max).await
            }
            Tools::Contract(indices) => {
                let guest = match tools {
                    Some(guest) => guest,
                    None => tools.insert(indices.load(&mut *store, instance)?),
                };
                guest.call_call(store, context, name, arguments).await
            }
        }
    }

    /// Reads a resource.
    pub(crate) async fn read(self, uri: &str) -> wasmtime::Result<Result<Vec<ResourceContents>, ToolError>> {
        let indices = self.exports.resources.as_ref().ok_or_else(|| no_export("resources"))?;
        let guest = indices.load(&mut *self.store, self.instance)?;
        let context = self.context();
        guest.call_read(self.store, context, uri).await
    }

    /// Fills a prompt in.
    pub(crate) async fn prompt(
        mut self,
        name: &str,
        arguments: &String,
    ) -> wasmtime::Result<Result<PromptOutput, ToolError>> {
        let (guest, context) = (self.prompts()?, self.context());
        guest.call_get(self.store, context, name, arguments).await
    }

    /// Completes an argument.
    pub(crate) async fn complete(
        mut self,
        reference: &CompletionReference,
        argument: &str,
        value: &str,
        settled: &String,
    ) -> wasmtime::Result<Result<Completion, ToolError>> {
        let (guest, context) = (self.prompts()?, self.context());
        guest.call_complete(self.store, context, reference, argument, value, settled).await
    }

    /// Asks whether it can work as it is granted and configured.
    pub(crate) async fn check(self) -> wasmtime::Result<Result<(), CheckFailed>> {
        let indices = self.exports.lifecycle.as_ref().ok_or_else(|| no_export("lifecycle"))?;
        let guest = indices.load(&mut *self.store, self.instance)?;
        Ok(guest.call_check(self.store).await?.map_err(CheckFailed))
    }
}
