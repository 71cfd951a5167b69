//! The functions of a component: found once, at load, named as tools, and called.

use std::collections::HashMap;

use tandem_package::Descriptors;
use tandem_types::is_tool_name;
use wasmtime::{
    Engine, Store,
    component::{
        Component, ComponentExportIndex, Instance, Val,
        types::{ComponentFunc, ComponentInstance, ComponentItem},
    },
};

use super::{
    UnsupportedExport,
    docs::{Docs, Interface},
    function::Function,
    names,
    shape::Names,
};
use crate::{
    bindings::tandem::plugin::types::{ToolError, ToolOutput},
    error::RunError,
    state::CallState,
};

/// The functions of a component.
pub(crate) struct Functions {
    by_tool: HashMap<String, Function>,
    unsupported_exports: Vec<UnsupportedExport>,
}

/// A function that was found, before it is known what its tool is called.
struct Found {
    interface: Option<String>,
    name: String,
    function: Result<Function, String>,
}

impl Functions {
    /// Finds what a component exports. `wasm` is the component's file, for its documentation.
    pub(crate) fn of(engine: &Engine, component: &Component, wasm: &[u8]) -> Self {
        let docs = Docs::of(wasm);
        let ty = component.component_type();
        let mut found = Vec::new();
        for (name, export) in ty.exports(engine) {
            let Some(index) = component.get_export_index(None, name) else { continue };
            match export.ty {
                ComponentItem::ComponentFunc(ty) => found.push(Found {
                    interface: None,
                    name: name.to_owned(),
                    function: Function::of(&ty, index, &Names::default(), docs.function(name)),
                }),
                ComponentItem::ComponentInstance(ty) if !name.starts_with("wasi:") => {
                    let interface = Exported { engine, component, name, index, docs: docs.interface(name) };
                    interface.find(&ty, &mut found);
                }
                _ => {}
            }
        }
        Self::named(found)
    }

    /// Gives the functions their tools' names.
    fn named(found: Vec<Found>) -> Self {
        let given: Vec<_> = found.iter().map(|found| (found.interface.as_deref(), found.name.as_str())).collect();
        let tools = names::assign(&given);
        let mut count: HashMap<&str, usize> = HashMap::new();
        for tool in &tools {
            *count.entry(tool).or_default() += 1;
        }
        let (mut by_tool, mut unsupported_exports) = (HashMap::new(), Vec::new());
        for (found, tool) in found.into_iter().zip(&tools) {
            let Found { interface, name, function } = found;
            let full_name = interface.map_or_else(|| name.clone(), |interface| format!("{interface}#{name}"));
            let function = function.and_then(|function| {
                if !is_tool_name(tool) {
                    return Err(format!(
                        "its tool would be called `{tool}`, which is longer than a tool's name may be"
                    ));
                }
                if count.get(tool.as_str()).is_some_and(|count| *count > 1) {
                    return Err(format!("its tool would be called `{tool}`, as another one is"));
                }
                Ok(function.described(&full_name))
            });
            match function {
                Ok(function) => drop(by_tool.insert(tool.clone(), function)),
                Err(reason) => unsupported_exports.push(UnsupportedExport { function: full_name, reason }),
            }
        }
        Self { by_tool, unsupported_exports }
    }

    /// Whether there is no tool.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_tool.is_empty()
    }

    /// Whether a tool is one of them.
    pub(crate) fn has(&self, tool: &str) -> bool {
        self.by_tool.contains_key(tool)
    }

    /// The functions that are not tools.
    pub(crate) fn unsupported_exports(&self) -> &[UnsupportedExport] {
        &self.unsupported_exports
    }

    /// The tools, in the order that a package has them in.
    pub(crate) fn descriptors(&self) -> Descriptors {
        let tools = self.by_tool.iter().map(|(tool, function)| function.descriptor(tool)).collect();
        let mut descriptors = Descriptors { tools, ..Descriptors::default() };
        descriptors.sort();
        descriptors
    }

    /// Calls one function. `max` is the limit of what it answers, in bytes.
    pub(crate) async fn call(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        tool: &str,
        arguments: &str,
        max: u64,
    ) -> wasmtime::Result<Result<ToolOutput, ToolError>> {
        let function = self.by_tool.get(tool).ok_or(RunError::NoExport("that function"))?;
        let export = instance.get_func(&mut *store, function.index()).ok_or(RunError::NoExport("that function"))?;
        let arguments = match function.arguments(arguments) {
            Ok(arguments) => arguments,
            Err(misfit) => return Ok(Err(ToolError::InvalidArguments(misfit.to_string()))),
        };
        let mut results = vec![Val::Bool(false); function.results()];
        export.call_async(&mut *store, &arguments, &mut results).await?;
        Ok(function.answer(results.pop(), max)?)
    }
}

/// One exported interface.
struct Exported<'a> {
    engine: &'a Engine,
    component: &'a Component,
    name: &'a str,
    index: ComponentExportIndex,
    docs: Option<&'a Interface>,
}

impl Exported<'_> {
    fn find(&self, ty: &ComponentInstance, found: &mut Vec<Found>) {
        let mut names = Names::default();
        for (name, export) in ty.exports(self.engine) {
            match export.ty {
                ComponentItem::Type(ty) => names.types.push((ty, self.docs.and_then(|docs| docs.ty(name)))),
                ComponentItem::Resource(ty) => names.resources.push((ty, name.to_owned())),
                _ => {}
            }
        }
        for (name, export) in ty.exports(self.engine) {
            let (ComponentItem::ComponentFunc(ty), Some(index)) =
                (export.ty, self.component.get_export_index(Some(&self.index), name))
            else {
                continue;
            };
            if is_python_start(self.name, name, &ty) {
                continue;
            }
            found.push(Found {
                interface: Some(self.name.to_owned()),
                name: name.to_owned(),
                function: Function::of(&ty, index, &names, self.docs.and_then(|docs| docs.function(name))),
            });
        }
    }
}

/// Whether a function is the one that loads the Python program before componentize-py takes a snapshot of the component,
/// which keeps the export. Called by a client it would load another one.
fn is_python_start(interface: &str, name: &str, ty: &ComponentFunc) -> bool {
    let parameters = ty.params().map(|(name, _)| name.to_owned());
    interface == "exports" && name == "init" && parameters.eq(["app-name", "symbols", "stub-wasi"])
}
