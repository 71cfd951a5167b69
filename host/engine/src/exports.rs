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

/// The exports that are called, looked up once.
#[derive(Clone)]
pub(crate) struct Exports {
    pub(crate) tools: Tools,
    pub(crate) resources: Option<resources::GuestIndices>,
    pub(crate) prompts: Option<prompts::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
}

/// What is asked of an instance.
pub(crate) enum Op<'a> {
    Tool { name: &'a str, arguments: &'a String },
    Read { uri: &'a str },
    Prompt { name: &'a str, arguments: &'a String },
    Complete { reference: &'a CompletionReference, argument: &'a str, value: &'a str, settled: &'a String },
    Check,
}

/// What it answered.
pub(crate) enum Answer {
    Tool(Result<ToolOutput, ToolError>),
    Read(Result<Vec<ResourceContents>, ToolError>),
    Prompt(Result<PromptOutput, ToolError>),
    Complete(Result<Completion, ToolError>),
    Check(Result<(), String>),
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
                let reasons: Vec<String> = functions.left_out().iter().map(ToString::to_string).collect();
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

    /// Asks an instance. `tools` keeps what was looked up for the next call of a reused one.
    pub(crate) async fn ask(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        tools: &mut Option<tools::Guest>,
        op: Op<'_>,
    ) -> wasmtime::Result<Answer> {
        let no_export = |name: &'static str| wasmtime::Error::from(RunError::NoExport(name));
        // The handle's number is the call's: a handle that outlives its call names no other.
        let context = |store: &Store<CallState>| Resource::new_own(store.data().call);
        Ok(match op {
            Op::Tool { name, arguments } => match &self.tools {
                Tools::Functions(functions) => {
                    let max = store.data().limits.output;
                    Answer::Tool(functions.call(store, instance, name, arguments, max).await?)
                }
                Tools::Contract(indices) => {
                    let guest = match tools {
                        Some(guest) => guest,
                        None => tools.insert(indices.load(&mut *store, instance)?),
                    };
                    let context = context(store);
                    Answer::Tool(guest.call_call(&mut *store, context, name, arguments).await?)
                }
            },
            Op::Read { uri } => {
                let indices = self.resources.as_ref().ok_or_else(|| no_export("resources"))?;
                let guest = indices.load(&mut *store, instance)?;
                let context = context(store);
                Answer::Read(guest.call_read(&mut *store, context, uri).await?)
            }
            Op::Prompt { name, arguments } => {
                let indices = self.prompts.as_ref().ok_or_else(|| no_export("prompts"))?;
                let guest = indices.load(&mut *store, instance)?;
                let context = context(store);
                Answer::Prompt(guest.call_get(&mut *store, context, name, arguments).await?)
            }
            Op::Complete { reference, argument, value, settled } => {
                let indices = self.prompts.as_ref().ok_or_else(|| no_export("prompts"))?;
                let guest = indices.load(&mut *store, instance)?;
                let context = context(store);
                Answer::Complete(guest.call_complete(&mut *store, context, reference, argument, value, settled).await?)
            }
            Op::Check => {
                let indices = self.lifecycle.as_ref().ok_or_else(|| no_export("lifecycle"))?;
                Answer::Check(indices.load(&mut *store, instance)?.call_check(&mut *store).await?)
            }
        })
    }
}
