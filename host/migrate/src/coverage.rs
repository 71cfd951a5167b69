//! Which tools of an older host are here.

use std::collections::BTreeMap;

use serde::Serialize;
use tandem_types::text::nearest;

use crate::older::OlderTools;

/// The tools here, by every name under which they may be called.
#[derive(Clone, Debug, Default)]
pub struct ToolsHere(BTreeMap<String, Availability>);

impl ToolsHere {
    /// Adds a name of a tool.
    pub fn add(&mut self, name: &str, availability: Availability) {
        self.0.insert(name.to_owned(), availability);
    }

    /// Adds a name that a running host lists, where no plugin file has it.
    pub fn add_other(&mut self, name: &str, availability: Availability) {
        self.0.entry(name.to_owned()).or_insert(availability);
    }

    fn find(&self, name: &str) -> Availability {
        let missing =
            || Availability::Missing { nearest: nearest(name, self.0.keys().map(String::as_str)).map(str::to_owned) };
        self.0.get(name).cloned().unwrap_or_else(missing)
    }
}

/// Where a tool of an older host is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Availability {
    /// A plugin has it.
    Here {
        /// Its plugin.
        plugin: String,
        /// Its name, where it is called by an alias.
        #[serde(skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    },
    /// A mounted MCP server has it.
    Mounted {
        /// The category of the server.
        category: String,
    },
    /// Nothing has it.
    Missing {
        /// A name here that is near.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
}

/// Which tools of an older host are here.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Coverage {
    /// By the older name.
    pub tools: BTreeMap<String, Availability>,
}

impl Coverage {
    /// Looks for each tool of the older host.
    #[must_use]
    pub fn of(older: &OlderTools, here: &ToolsHere) -> Self {
        Self { tools: older.names().map(|name| (name.to_owned(), here.find(name))).collect() }
    }

    /// How many are missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.tools.values().filter(|found| matches!(found, Availability::Missing { .. })).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_here_by_name_or_alias_or_mounted_or_missing() {
        let mut here = ToolsHere::default();
        let plugin =
            |tool: Option<&str>| Availability::Here { plugin: "dataset".into(), tool: tool.map(str::to_owned) };
        let mounted = Availability::Mounted { category: "legacy".into() };
        here.add("load_dataset", plugin(Some("dataset_load")));
        here.add("dataset_load", plugin(None));
        here.add_other("dataset_load", mounted.clone());
        here.add_other("old_one", mounted.clone());
        let older = OlderTools::read("load_dataset\ndataset_load\nold_one\nold_onee\nunlike_all\n").unwrap();
        let coverage = Coverage::of(&older, &here);
        let of = |name: &str| coverage.tools[name].clone();
        assert_eq!(of("load_dataset"), plugin(Some("dataset_load")));
        assert_eq!(of("dataset_load"), plugin(None));
        assert_eq!(of("old_one"), mounted);
        assert_eq!(of("old_onee"), Availability::Missing { nearest: Some("old_one".into()) });
        assert_eq!(of("unlike_all"), Availability::Missing { nearest: None });
        assert_eq!(coverage.missing(), 2);
    }
}
