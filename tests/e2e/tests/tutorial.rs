//! The tutorials `docs/guides/first-plugin-LANGUAGE.md`, followed by a program: each piece of code goes where the text says.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use serde_json::Value;
use tandem_harness::root;
use tandem_package::PluginManifest;

/// What one language's tutorial lets its reader write.
pub(crate) struct Tutorial {
    language: String,
    /// Its pieces of code, in their order.
    pieces: Vec<String>,
    /// The case for `tests/tools.toml`.
    pub(crate) case: String,
}

impl Tutorial {
    pub(crate) fn of(language: &str) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root().join(format!("docs/guides/first-plugin-{language}.md")))?;
        let fence = if language == "javascript" { "js" } else { language };
        let case = blocks(&text, "toml").pop().context("there is no case")?;
        Ok(Self { language: language.to_owned(), pieces: blocks(&text, fence), case })
    }

    /// The template's source after it.
    pub(crate) fn follow(&self, source: &str) -> anyhow::Result<String> {
        let pieces: Vec<&str> = self.pieces.iter().map(String::as_str).collect();
        match (self.language.as_str(), pieces.as_slice()) {
            ("rust", [tool]) => {
                let (before, texts) = halves(source, "impl Texts {")?;
                let (inside, after) = halves(texts, "\n}\n")?;
                Ok(format!("{before}{inside}\n\n{tool}{}", &after[1..]))
            }
            ("python", [tool]) => Ok(format!("{}\n\n\n{tool}", source.trim_end())),
            ("javascript", [tool, last]) => {
                let (before, line) = source.trim_end().rsplit_once('\n').context("there is one line")?;
                let was = last.replace(", \"words_reverse\": reverse", "");
                ensure!(line == was.trim_end(), "the last line is `{line}`, and the tutorial begins with `{was}`");
                Ok(format!("{before}\n{tool}\n{last}"))
            }
            ("c", [tool, entry]) => {
                let (before, table) = halves(source, "static const tandem_tool TOOLS[] = {\n")?;
                let (entries, after) = halves(table, "\n};\n")?;
                Ok(format!("{before}{tool}\n{entries}\n{entry}{}", &after[1..]))
            }
            (language, pieces) => anyhow::bail!("{language} has {} pieces: {pieces:?}", pieces.len()),
        }
    }
}

/// What lies before a text, and what begins with it.
fn halves<'t>(text: &'t str, at: &str) -> anyhow::Result<(&'t str, &'t str)> {
    Ok(text.split_at(text.find(at).with_context(|| format!("there is no `{at}`"))?))
}

/// The fenced blocks of one kind.
fn blocks(text: &str, kind: &str) -> Vec<String> {
    let fence = format!("\n```{kind}\n");
    text.split(&fence).skip(1).filter_map(|rest| Some(format!("{}\n", rest.split_once("\n```")?.0))).collect()
}

/// The keys that a schema has, each with those that it is in, `NAME` for any.
fn keys(root: &Value, schema: &Value, within: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        return keys(root, root.pointer(name).unwrap_or(&Value::Null), within, found);
    }
    let path = |key: &str| if within.is_empty() { key.to_owned() } else { format!("{within}.{key}") };
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(path(key));
        keys(root, property, &path(key), found);
    }
    let alternatives = ["anyOf", "oneOf", "allOf"].map(|key| schema[key].as_array().into_iter().flatten());
    for schema in alternatives.into_iter().flatten().chain(schema.get("items")) {
        keys(root, schema, within, found);
    }
    if let Some(schema) = schema.get("additionalProperties").filter(|schema| schema.is_object()) {
        keys(root, schema, &path("NAME"), found);
    }
    for schema in schema["patternProperties"].as_object().into_iter().flat_map(|patterns| patterns.values()) {
        keys(root, schema, &path("NAME"), found);
    }
}

#[test]
fn each_key_of_a_manifest_is_in_its_reference_and_no_other() -> anyhow::Result<()> {
    let schema = PluginManifest::json_schema();
    let mut known = BTreeSet::new();
    keys(&schema, &schema, "", &mut known);
    known.retain(|key| key.contains('.'));
    let text = std::fs::read_to_string(root().join("docs/reference/plugin-manifest.md"))?;
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let told: BTreeSet<String> = rows.map(|(key, _)| key.to_owned()).collect();
    ensure!(known.len() > 40, "{known:?}");
    assert_eq!(
        known.difference(&told).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "not in docs/reference/plugin-manifest.md"
    );
    assert_eq!(told.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "no keys");
    // Its example is one.
    let example = blocks(&text, "toml").pop().context("there is no example")?;
    PluginManifest::parse("docs/reference/plugin-manifest.md", &example)
        .map_err(|errors| anyhow::anyhow!("{errors}"))?;
    Ok(())
}

/// The pieces fit the templates of all languages, whichever of them can be built here.
#[test]
fn each_tutorial_fits_its_template() -> anyhow::Result<()> {
    let sources = [("rust", "src/lib.rs"), ("python", "plugin.py"), ("javascript", "plugin.js"), ("c", "plugin.c")];
    for (language, file) in sources {
        let template = std::fs::read_to_string(root().join("sdk").join(language).join("template").join(file))?;
        let source = template.replace("{{name}}", "words").replace("{{tool}}", "words");
        let followed = Tutorial::of(language)?.follow(&source).with_context(|| language.to_owned())?;
        let kept = source.lines().filter(|line| !line.starts_with("export default"));
        let mut lines = followed.lines();
        for line in kept {
            ensure!(lines.any(|other| other == line), "{language}: `{line}` is lost in\n{followed}");
        }
        assert!(followed.contains("words_reverse"), "{language}");
    }
    Ok(())
}
