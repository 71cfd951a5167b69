//! Named endpoints: a chosen part of the tools, as `/mcp/e/NAME`.
//!
//! **Promises.** An endpoint only narrows: a tool is there if the caller may use it and the endpoint has it. A renamed tool is there
//! by its new name alone. Arguments that the endpoint fixes are no parameters, and every call has them; the tool's own schema is what
//! checks them. Audit records, metrics and limits know a tool by its own name.
//!
//! **Refuses.** An endpoint that is not there for the caller's tenant, like one that never was; arguments that are fixed.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde_json::{Map, Value};
use tandem_catalog::{Selection, Tool};
use tandem_package::ToolDescriptor;
use tandem_router::{CallError, Violation};

/// Names, in which `*` stands for any characters.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<String>);

impl<T: Into<String>> FromIterator<T> for Patterns {
    fn from_iter<I: IntoIterator<Item = T>>(patterns: I) -> Self {
        Self(patterns.into_iter().map(Into::into).collect())
    }
}

impl Patterns {
    fn contain(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, name))
    }
}

/// Each part between stars at its first place is enough: a later one leaves less for the rest.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in between.split('*') {
        match name.find(part) {
            Some(at) => name = name.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    name.ends_with(last)
}

/// One tool as an endpoint shows it.
#[derive(Clone, Debug, Default)]
pub struct EndpointTool {
    /// Its name here.
    pub name: Option<String>,
    /// Its description here.
    pub description: Option<String>,
    /// Arguments that every call has.
    pub arguments: Map<String, Value>,
}

/// A named endpoint.
#[derive(Clone, Debug, Default)]
pub struct NamedEndpoint {
    /// The last part of its path.
    pub name: String,
    /// The tenants that have it.
    pub tenants: Patterns,
    /// The categories of its tools.
    pub categories: Patterns,
    /// Its tools.
    pub include: Patterns,
    /// Those of them that it does not have.
    pub exclude: Patterns,
    /// Whether it has those alone that only read.
    pub read_only: bool,
    /// Whether all of its tools are listed, and not the meta-tools.
    pub lists_all: bool,
    /// Tools that are listed beside the meta-tools.
    pub pinned: Vec<String>,
    /// Tools that it shows in another form, by their own names.
    pub tools: BTreeMap<String, EndpointTool>,
}

// One name is one endpoint of a process.
impl PartialEq for NamedEndpoint {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for NamedEndpoint {}

impl Hash for NamedEndpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Selection for NamedEndpoint {
    fn has_tool(&self, tool: &Tool) -> bool {
        let name = &tool.descriptor.name;
        self.categories.contain(&tool.category)
            && self.include.contain(name)
            && !self.exclude.contain(name)
            && (!self.read_only || tool.descriptor.annotations.read_only)
    }

    fn has_category(&self, category: &str) -> bool {
        self.categories.contain(category)
    }
}

impl NamedEndpoint {
    pub(crate) fn is_for(&self, tenant: &str) -> bool {
        self.tenants.contain(tenant)
    }

    /// The tool's own name, for a name of this endpoint; none where the tool has another name here.
    pub(crate) fn own_name<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        let renamed = self.tools.iter().find(|(_, tool)| tool.name.as_deref() == Some(name));
        match renamed {
            Some((own, _)) => Some(own),
            None => Some(name).filter(|name| !self.is_renamed(name)),
        }
    }

    /// Whether the tool of this name of its own has another one here.
    pub(crate) fn is_renamed(&self, own: &str) -> bool {
        self.tools.get(own).is_some_and(|tool| tool.name.is_some())
    }

    pub(crate) fn name_of<'n>(&'n self, own: &'n str) -> &'n str {
        self.tools.get(own).and_then(|tool| tool.name.as_deref()).unwrap_or(own)
    }

    pub(crate) fn is_pinned(&self, own: &str) -> bool {
        self.pinned.iter().any(|pinned| pinned == own)
    }

    /// The tool's descriptor here.
    pub(crate) fn descriptor<'t>(&self, own: &'t ToolDescriptor) -> Cow<'t, ToolDescriptor> {
        let Some(tool) = self.tools.get(&own.name) else { return Cow::Borrowed(own) };
        let mut here = own.clone();
        if let Some(name) = &tool.name {
            here.name.clone_from(name);
        }
        if let Some(description) = &tool.description {
            here.description.clone_from(description);
        }
        for name in tool.arguments.keys() {
            if let Some(properties) = here.input_schema.get_mut("properties").and_then(Value::as_object_mut) {
                properties.remove(name);
            }
            if let Some(required) = here.input_schema.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|required| required != name);
            }
        }
        Cow::Owned(here)
    }

    /// Adds the fixed arguments of a tool to those of a call.
    ///
    /// # Errors
    ///
    /// The call has one of them itself.
    pub(crate) fn complete(&self, own: &str, arguments: &mut Map<String, Value>) -> Result<(), CallError> {
        let Some(tool) = self.tools.get(own) else { return Ok(()) };
        if let Some(name) = tool.arguments.keys().find(|name| arguments.contains_key(*name)) {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let message = "is no parameter of this tool here; leave it out".to_owned();
            let violations = vec![Violation { pointer, message }];
            return Err(CallError::InvalidArguments { tool: self.name_of(own).to_owned(), violations });
        }
        arguments.extend(tool.arguments.clone());
        Ok(())
    }
}

/// The named endpoints of a host.
#[derive(Debug, Default)]
pub(crate) struct NamedEndpoints(Vec<Arc<NamedEndpoint>>);

impl NamedEndpoints {
    pub(crate) fn new(endpoints: &[NamedEndpoint]) -> Self {
        Self(endpoints.iter().cloned().map(Arc::new).collect())
    }

    /// The endpoint of this name, if the tenant has it.
    pub(crate) fn find(&self, name: &str, tenant: &str) -> Option<&Arc<NamedEndpoint>> {
        self.0.iter().find(|endpoint| endpoint.name == name && endpoint.is_for(tenant))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, names) in [
            ("a", vec!["a"]),
            ("*", vec!["", "a", "ab"]),
            ("a*", vec!["a", "ab"]),
            ("*b", vec!["b", "ab", "bb"]),
            ("a*b*c", vec!["abc", "axxbyyc", "abbc", "abcbc"]),
            ("a**c", vec!["ac", "abc"]),
        ] {
            for name in names {
                assert!(matches(pattern, name), "{pattern} {name}");
            }
        }
        for (pattern, name) in [("a", "ab"), ("a*", "ba"), ("*b", "ba"), ("a*b*c", "acb"), ("ab*ba", "aba"), ("", "a")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    fn endpoint() -> NamedEndpoint {
        let tool = EndpointTool {
            name: Some("find".to_owned()),
            description: Some("Finds.".to_owned()),
            arguments: json!({"root": "docs"}).as_object().cloned().unwrap(),
        };
        NamedEndpoint { tools: [("files_search".to_owned(), tool)].into(), ..NamedEndpoint::default() }
    }

    #[test]
    fn a_renamed_tool_has_its_new_name_alone() {
        let endpoint = endpoint();
        assert_eq!(endpoint.own_name("find"), Some("files_search"));
        assert_eq!(endpoint.own_name("files_search"), None);
        assert_eq!(endpoint.own_name("other"), Some("other"));
        assert_eq!((endpoint.name_of("files_search"), endpoint.name_of("other")), ("find", "other"));
    }

    #[test]
    fn fixed_arguments_are_no_parameters_and_in_every_call() {
        let endpoint = endpoint();
        let own = ToolDescriptor {
            name: "files_search".to_owned(),
            title: None,
            description: "d".to_owned(),
            input_schema: json!({"type": "object", "properties": {"root": {}, "text": {}}, "required": ["root", "text"]}),
            output_schema: None,
            annotations: tandem_package::Annotations::default(),
            meta: None,
        };
        let here = endpoint.descriptor(&own);
        assert_eq!((here.name.as_str(), here.description.as_str()), ("find", "Finds."));
        assert_eq!(here.input_schema, json!({"type": "object", "properties": {"text": {}}, "required": ["text"]}));
        let mut arguments = json!({"text": "x"}).as_object().cloned().unwrap();
        endpoint.complete("files_search", &mut arguments).unwrap();
        assert_eq!(Value::Object(arguments.clone()), json!({"text": "x", "root": "docs"}));
        let error = endpoint.complete("files_search", &mut arguments).unwrap_err().to_string();
        assert_eq!(error, "invalid arguments for `find`: /root: is no parameter of this tool here; leave it out");
        endpoint.complete("other", &mut arguments).unwrap();
    }
}
