//! The tools of an older host, as it lists them.

use std::collections::BTreeSet;

use serde_json::Value;
use tandem_types::text::message;

use crate::{
    MigrateError,
    limits::{MAX_TOOL_LIST, MAX_TOOLS},
};

/// The names of an older host's tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OlderTools(BTreeSet<String>);

impl OlderTools {
    /// Reads the answer of `tools/list` (whole, its `result`, or its list of tools or names), or a name a line with `#` before
    /// comments.
    ///
    /// # Errors
    /// The text is neither, or beyond [`MAX_TOOL_LIST`] and [`MAX_TOOLS`].
    pub fn read(text: &str) -> Result<Self, MigrateError> {
        if text.len() > MAX_TOOL_LIST {
            return Err(MigrateError::TooManyTools);
        }
        let names = if text.trim_start().starts_with(['{', '[']) { of_json(text)? } else { of_lines(text)? };
        if names.len() > MAX_TOOLS {
            return Err(MigrateError::TooManyTools);
        }
        if names.is_empty() {
            return Err(MigrateError::ToolList("it has no tool".to_owned()));
        }
        Ok(Self(names))
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn of_json(text: &str) -> Result<BTreeSet<String>, MigrateError> {
    let value: Value = serde_json::from_str(text).map_err(|error| MigrateError::ToolList(message(&error)))?;
    let value = value.get("result").unwrap_or(&value);
    let list = value.get("tools").unwrap_or(value).as_array();
    let list = list.ok_or_else(|| MigrateError::ToolList("it has no list `tools`".to_owned()))?;
    let name = |tool: &Value| tool.as_str().or_else(|| tool.get("name")?.as_str()).map(str::to_owned);
    let all =
        list.iter().map(|tool| name(tool).ok_or_else(|| MigrateError::ToolList("a tool has no `name`".to_owned())));
    all.collect()
}

fn of_lines(text: &str) -> Result<BTreeSet<String>, MigrateError> {
    let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let names: BTreeSet<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    match names.iter().find(|name| name.contains(char::is_whitespace)) {
        Some(line) => Err(MigrateError::ToolList(format!("`{}` is not a name", tandem_types::text::shown(line)))),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_list_is_read() {
        let expected = OlderTools(["load_dataset".to_owned(), "pin_to_ipfs".to_owned()].into());
        for text in [
            r#"{"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "pin_to_ipfs"}, {"name": "load_dataset"}]}}"#,
            r#"{"tools": [{"name": "load_dataset", "inputSchema": {}}, "pin_to_ipfs"]}"#,
            r#"["load_dataset", "pin_to_ipfs"]"#,
            "# of the old host\nload_dataset\npin_to_ipfs  # twice\nload_dataset\n",
        ] {
            assert_eq!(OlderTools::read(text).unwrap(), expected, "{text}");
        }
        for text in ["", "{", "{\"tools\": 1}", "[{\"title\": \"x\"}]", "two words\n"] {
            assert!(matches!(OlderTools::read(text), Err(MigrateError::ToolList(_))), "{text}");
        }
        let many: String = (0..=MAX_TOOLS).map(|n| format!("t{n}\n")).collect();
        assert!(matches!(OlderTools::read(&many), Err(MigrateError::TooManyTools)));
    }
}
