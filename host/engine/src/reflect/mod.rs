//! Tools from the exported functions of a component that knows nothing of Tandem.
//!
//! **Promises.** A function is a tool: its parameters, by their names, are the arguments, its result is the answer. Types
//! become JSON Schema once, at load, and exports are looked up once, at load. The call is armed like every other.
//!
//! | WIT | JSON |
//! |---|---|
//! | bool, string, char | boolean, string, string of one character |
//! | integers | number; `s64` and `u64` beyond ±(2^53 - 1) as a string of decimal digits, which is also taken for any of them |
//! | f32, f64 | number; out of a function also `"NaN"`, `"Infinity"`, `"-Infinity"`, for which JSON has no number |
//! | `list<u8>` | string of base64 (RFC 4648 section 4) |
//! | list, tuple | array |
//! | record | object; a field that is an option may be left out |
//! | option | the value or null; an option in an option is `{"some": …}` or null |
//! | enum, flags | the case's name; an array of names |
//! | variant | the case's name, or `{"case": value}` |
//! | result | `{"ok": …}` or `{"err": …}`; null for what has no value |
//!
//! What a function returns is the structured result if it is a record, text if it is a string, else `{"result": …}`. An
//! `err` of a function is the tool's own error, its value the error's text.
//!
//! **Bounds.** Those of [`shape`], [`read`] and [`write`], and the engine's of every call.
//!
//! **Refuses**, by name and with the reason, functions that are async or take or give resources, streams, futures or
//! other types that have no JSON. The function by which componentize-py makes a component is not a tool. Exports in the namespace `wasi` are protocols between program and host, not tools.

mod docs;
mod function;
mod names;
mod read;
mod schema;
mod shape;
mod write;

#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt};

use tandem_package::Descriptors;
use tandem_types::is_tool_name;
use wasmtime::{
    Engine, Store,
    component::{
        Component, ComponentExportIndex, Instance, Val,
        types::{ComponentFunc, ComponentInstance, ComponentItem},
    },
};

use self::{
    docs::{Docs, Interface},
    function::Function,
    shape::Names,
};
use crate::{
    bindings::tandem::plugin::types::{ToolError, ToolOutput},
    error::RunError,
    state::CallState,
};

/// An exported function that is not a tool, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedExport {
    /// The function's name, with its interface before it.
    pub function: String,
    /// What is in the way.
    pub reason: String,
}

impl fmt::Display for UnsupportedExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function `{}` is not a tool: {}", self.function, self.reason)
    }
}

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

    /// The functions that are no tools.
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
