//! From text to settings: a dotted key and a value each.

use serde_json::{Map, Value};
use tandem_types::text::message;

use crate::{
    MigrateError,
    limits::{MAX_ALIASES, MAX_DEPTH, MAX_KEYS, MAX_NODES, MAX_REPEATED, MAX_TEXT},
};

/// One setting of the older host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    /// Dotted, or the name of a variable.
    pub key: String,
    pub value: Value,
}

/// Reads a YAML file. A table is read into its keys; a list is one value.
pub(crate) fn yaml(text: &str) -> Result<Vec<Setting>, MigrateError> {
    if text.len() > MAX_TEXT {
        return Err(MigrateError::TooLong);
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 2,
            max_aliases: MAX_ALIASES,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED },
        with_snippet: false,
    };
    let value: Value =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| MigrateError::Yaml(message(&error)))?;
    let mut settings = Vec::new();
    match value {
        Value::Null => {}
        Value::Object(table) => match compose(&table) {
            Some(variables) => settings = variables,
            None => collect("", table, &mut settings)?,
        },
        _ => return Err(MigrateError::NotATable),
    }
    Ok(settings)
}

fn collect(prefix: &str, table: Map<String, Value>, settings: &mut Vec<Setting>) -> Result<(), MigrateError> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Object(table) if !table.is_empty() => collect(&key, table, settings)?,
            value if settings.len() < MAX_KEYS => settings.push(Setting { key, value }),
            _ => return Err(MigrateError::TooManyKeys),
        }
    }
    Ok(())
}

/// The variables that a compose file sets, of all its services: `NAME=VALUE` lines, or a table.
fn compose(file: &Map<String, Value>) -> Option<Vec<Setting>> {
    let services = file.get("services")?.as_object()?;
    let set = services.values().filter_map(|service| service.get("environment"));
    let of = |environment: &Value| -> Vec<Setting> {
        match environment {
            Value::Object(table) => {
                table.iter().map(|(key, value)| Setting { key: key.clone(), value: value.clone() }).collect()
            }
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).filter_map(assignment).collect(),
            _ => Vec::new(),
        }
    };
    Some(set.flat_map(of).take(MAX_KEYS).collect())
}

fn assignment(line: &str) -> Option<Setting> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| Setting { key: name.to_owned(), value: Value::String(value.to_owned()) })
}

/// Reads a file of `NAME=VALUE` lines, as `.env` files and units of systemd have them.
pub(crate) fn environment(text: &str) -> Result<Vec<Setting>, MigrateError> {
    if text.len() > MAX_TEXT {
        return Err(MigrateError::TooLong);
    }
    let mut settings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let mut setting = assignment(line).ok_or(MigrateError::EnvironmentLine(number + 1))?;
        if let Value::String(value) = &mut setting.value {
            *value = unquoted(value);
        }
        if settings.len() == MAX_KEYS {
            return Err(MigrateError::TooManyKeys);
        }
        settings.push(setting);
    }
    Ok(settings)
}

/// A value without its quotes, or without the comment after it.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.split(quote).next()) {
            return inner.to_owned();
        }
    }
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<(String, String)> {
        yaml(text).unwrap().into_iter().map(|setting| (setting.key, setting.value.to_string())).collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn tables_become_dotted_keys_and_yaml_1_1_booleans_are_booleans() {
        let read = keys("server:\n  fastapi: {enabled: yes, port: 8000}\nlist: [a, b]\nempty: {}\n");
        let expected = [
            pair("server.fastapi.enabled", "true"),
            pair("server.fastapi.port", "8000"),
            pair("list", "[\"a\",\"b\"]"),
            pair("empty", "{}"),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn aliases_are_followed_and_bounded() {
        assert_eq!(keys("a: &x {p: 1}\nb: *x\n"), [pair("a.p", "1"), pair("b.p", "1")]);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}, ", level - 1).repeat(9);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", ")));
        }
        assert!(matches!(yaml(&bomb), Err(MigrateError::Yaml(_))));
    }

    #[test]
    fn what_is_too_long_too_deep_or_twice_is_refused() {
        assert!(matches!(yaml(&" ".repeat(MAX_TEXT + 1)), Err(MigrateError::TooLong)));
        let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        assert!(matches!(yaml(&deep), Err(MigrateError::Yaml(_))));
        let twice = yaml("server:\n  port: 1\nserver:\n  port: 2\n").unwrap_err().to_string();
        assert!(twice.contains("server"), "{twice}");
        assert!(matches!(yaml("- a\n- b\n"), Err(MigrateError::NotATable)));
        let many: String = (0..=MAX_KEYS).map(|n| format!("k{n}: 1\n")).collect();
        assert!(matches!(yaml(&many), Err(MigrateError::TooManyKeys)));
    }

    #[test]
    fn variables_come_from_env_files_and_compose_files() {
        let read = environment("# c\nexport MCP_PORT=3002\nMCP_LOG_FORMAT=text  # or json\nA=\"x y\"\n").unwrap();
        let values: Vec<_> =
            read.iter().map(|setting| (setting.key.as_str(), setting.value.as_str().unwrap())).collect();
        assert_eq!(values, [("MCP_PORT", "3002"), ("MCP_LOG_FORMAT", "text"), ("A", "x y")]);
        assert!(matches!(environment("MCP_PORT\n"), Err(MigrateError::EnvironmentLine(1))));
        let read = keys("services:\n  mcp:\n    image: x\n    environment:\n      - MCP_PORT=8000\n");
        assert_eq!(read, [pair("MCP_PORT", "\"8000\"")]);
    }
}
