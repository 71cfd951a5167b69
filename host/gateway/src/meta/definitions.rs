//! What the meta-tools are, made once: their descriptors, and the schemas that their arguments are checked by.

use std::sync::LazyLock;

use jsonschema::Validator;
use rmcp::model::Tool;
use serde_json::Value;

use super::{result_schemas, schemas, tool::MetaTool};

pub(super) struct Definition {
    pub(super) which: MetaTool,
    pub(super) validator: Option<Validator>,
}

struct Definitions {
    tools: Vec<Tool>,
    by_tool: Vec<Definition>,
}

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let mut all = schemas::all();
    all.extend(result_schemas::all());
    all.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let by_tool = all.iter().map(|(which, tool)| Definition {
        which: *which,
        // The schemas are our own; the tests hold that they compile.
        validator: jsonschema::draft202012::new(&Value::Object((*tool.input_schema).clone())).ok(),
    });
    Definitions { by_tool: by_tool.collect(), tools: all.iter().map(|(_, tool)| tool.clone()).collect() }
});

/// Its compiled input schema, and the name that clients know it by.
pub(super) fn definition(which: MetaTool) -> Option<(&'static Definition, &'static Tool)> {
    DEFINITIONS.by_tool.iter().zip(&DEFINITIONS.tools).find(|(definition, _)| definition.which == which)
}

/// The meta-tools as clients see them, sorted by name.
fn tools() -> &'static [Tool] {
    &DEFINITIONS.tools
}

/// Those that read the catalog and call its tools.
pub(crate) fn catalog_tools() -> impl Iterator<Item = &'static Tool> {
    selected(|which| !which.reads_results())
}

/// Those that read results.
pub(crate) fn result_tools() -> impl Iterator<Item = &'static Tool> {
    selected(MetaTool::reads_results)
}

/// Whether this is the name of the meta-tool that searches.
pub(crate) fn is_search(name: &str) -> bool {
    find(name) == Some(MetaTool::Search)
}

fn selected(is: impl Fn(MetaTool) -> bool) -> impl Iterator<Item = &'static Tool> {
    let all = DEFINITIONS.tools.iter().zip(&DEFINITIONS.by_tool);
    all.filter(move |(_, definition)| is(definition.which)).map(|(tool, _)| tool)
}

/// Names of the tools that every host has, and that no plugin's tool can have therefore.
pub fn meta_tools() -> impl Iterator<Item = &'static str> {
    tools().iter().map(|tool| &*tool.name)
}

/// The meta-tool of this name.
pub(crate) fn find(name: &str) -> Option<MetaTool> {
    let position = DEFINITIONS.tools.iter().position(|tool| tool.name == name)?;
    DEFINITIONS.by_tool.get(position).map(|definition| definition.which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_compiles_and_every_tool_is_found_by_its_name() {
        assert_eq!(DEFINITIONS.by_tool.len(), 8);
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
}
