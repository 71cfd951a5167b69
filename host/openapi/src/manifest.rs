//! The manifest of an import: a rule for each path and its methods, the secrets, the limits.

use std::collections::{BTreeMap, BTreeSet};

use tandem_package::PluginManifest;
use tandem_types::Name;
use toml::{Table, Value};

use crate::{ImportError, limits::MAX_RULES, server::Server, template::fixed, text::cut};

/// What a rule is about: host, port, path.
type Target = (String, Option<u16>, String);

/// The methods that are used there, and the operations that use them.
type Uses = (BTreeSet<&'static str>, Vec<String>);

type Rules = BTreeMap<Target, Uses>;

/// One operation, as rules see it.
pub(crate) struct Used {
    pub(crate) server: Server,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) has_files: bool,
}

/// The text of `plugin.toml`.
pub(crate) fn write(
    name: &Name,
    version: &str,
    title: &str,
    description: &str,
    used: &[Used],
    secrets: &BTreeMap<String, String>,
) -> Result<String, ImportError> {
    let text = |text: &str| Value::String(text.to_owned());
    let mut plugin = Table::new();
    plugin.insert("name".to_owned(), text(name.as_str()));
    plugin.insert("version".to_owned(), text(version));
    plugin.insert("title".to_owned(), text(&cut(title, 100)));
    plugin.insert("description".to_owned(), text(&cut(description, 500)));
    let mut runtime = Table::new();
    runtime.insert("affinity".to_owned(), text("general"));
    let mut request = Table::new();
    request.insert("http".to_owned(), Value::Array(rules(used).into_iter().map(rule).collect()));
    if used.iter().any(|used| used.has_files) {
        let fs = [("name", "data"), ("mode", "read-only"), ("reason", "files that are sent")];
        let fs: Table = fs.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect();
        request.insert("fs".to_owned(), Value::Array(vec![Value::Table(fs)]));
    }
    if !secrets.is_empty() {
        let secret = |(name, reason): (&String, &String)| {
            Value::Table(
                [("name".to_owned(), text(name)), ("reason".to_owned(), text(&cut(reason, 150)))].into_iter().collect(),
            )
        };
        request.insert("secrets".to_owned(), Value::Array(secrets.iter().map(secret).collect()));
    }
    let tables = [("plugin", plugin), ("runtime", runtime), ("request", request)];
    let root: Table = tables.into_iter().map(|(key, table)| (key.to_owned(), Value::Table(table))).collect();
    let written = toml::to_string_pretty(&root).map_err(|error| ImportError::Manifest(error.to_string()))?;
    let manifest = format!("# Written by `tandem import`. What the tools do is in operations.json.\n\n{written}");
    match PluginManifest::parse("plugin.toml", &manifest) {
        Ok(_) => Ok(manifest),
        Err(errors) => Err(ImportError::Manifest(errors.to_string())),
    }
}

/// The rules: one for each path without its parameters. Where that is more than a manifest takes, the longest paths are cut by a
/// segment until it is not; the component sends no other requests than its operations in any case.
fn rules(used: &[Used]) -> Rules {
    let longest = used.iter().map(|used| used.path.matches('/').count()).max().unwrap_or(0);
    let mut segments = longest;
    loop {
        let mut rules = Rules::new();
        for Used { server, method, path, .. } in used {
            let prefix = format!("{}{}", server.path, fixed(&shortened(path, segments)));
            // A path that is too long for a rule, or has other signs than one takes.
            let prefix =
                if prefix.parse::<tandem_package::PathPrefix>().is_ok() { prefix } else { format!("{}/", server.path) };
            let (methods, reasons) = rules.entry((server.host.clone(), server.port, prefix)).or_default();
            methods.insert(method);
            reasons.push(format!("{method} {path}"));
        }
        if rules.len() <= MAX_RULES || segments == 0 {
            return rules;
        }
        segments -= 1;
    }
}

/// The path down to so many segments, ending with a slash where something is cut off.
fn shortened(path: &str, segments: usize) -> String {
    match path.match_indices('/').nth(segments) {
        Some((at, _)) => path.get(..=at).unwrap_or_default().to_owned(),
        None => path.to_owned(),
    }
}

fn rule(((host, port, path), (methods, reasons)): (Target, Uses)) -> Value {
    let mut table = Table::new();
    table.insert("host".to_owned(), Value::String(host));
    if let Some(port) = port {
        table.insert("port".to_owned(), Value::Integer(port.into()));
    }
    let methods = methods.into_iter().map(|method| Value::String(method.to_owned())).collect();
    table.insert("methods".to_owned(), Value::Array(methods));
    table.insert("path".to_owned(), Value::String(path));
    let first = reasons.first().map(String::as_str).unwrap_or_default();
    let reason = if reasons.len() > 1 { format!("{first} and {} more", reasons.len() - 1) } else { first.to_owned() };
    table.insert("reason".to_owned(), Value::String(cut(&reason, 150)));
    Value::Table(table)
}
