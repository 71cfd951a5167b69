//! Tools as clients and models see them: names, descriptions, annotations.
//!
//! The bounds are those of the clients and model APIs that are known to cut or refuse, each named where it stands.

use std::collections::BTreeMap;

use tandem_package::{Affinity, Descriptors, PluginManifest, ToolDescriptor};

use super::{findings::Findings, schema};

/// OpenAI's function calling refuses a longer description, and others cut it.
const DESCRIPTION: usize = 1024;
/// Clients put a server's name before a tool's, and the APIs behind them take 64 characters for both.
const NAME: usize = 48;
/// Every tool's text stands in every conversation of a client that lists all of them.
const ALL: usize = 64 << 10;
/// Words that send a tool whose plugin does not say `affinity` to the network's lane.
const NETWORK: [&str; 4] = ["workflow", "taskqueue", "peer", "bootstrap"];

pub(super) fn check(offered: &Descriptors, manifest: Option<&PluginManifest>, findings: &mut Findings) {
    if offered.tools.is_empty() {
        findings.note("tools", "there are none", "a plugin of prompts and resources alone is seen by few clients");
    }
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    for tool in &offered.tools {
        name(tool, manifest, findings);
        for alias in manifest.map_or(&[][..], |manifest| manifest.aliases(&tool.name)) {
            characters(alias.name.as_str(), findings);
        }
        description(tool, findings);
        schema::input(&format!("{}/input", tool.name), &tool.input_schema, findings);
        if let Some(output) = &tool.output_schema {
            schema::output(&format!("{}/output", tool.name), output, findings);
        }
        let key = tool.name.to_ascii_lowercase().replace(['-', '.'], "_");
        if let Some(other) = folded.insert(key, &tool.name) {
            let message =
                format!("`{other}` and `{}` differ only in case or in characters that clients replace", tool.name);
            findings.warning(&*tool.name, message, "give one of them another name");
        }
    }
    let all = serde_json::to_string(&offered.tools).map_or(0, |text| text.len());
    if all > ALL {
        let message =
            format!("{} KiB of names, descriptions and schemas, which a model reads in every conversation", all >> 10);
        findings.warning("tools", message, "shorten them, or split the plugin");
    }
    for prompt in &offered.prompts {
        if prompt.description.as_ref().is_none_or(|text| text.trim().is_empty()) {
            findings.note(
                format!("prompt {}", prompt.name),
                "it has no description",
                "say what it is for: people choose by it",
            );
        }
    }
}

fn name(tool: &ToolDescriptor, manifest: Option<&PluginManifest>, findings: &mut Findings) {
    let name = &*tool.name;
    characters(name, findings);
    let Some(manifest) = manifest else { return };
    let own = manifest.plugin.name.as_str().replace('-', "_");
    if !name.replace('-', "_").starts_with(&own) {
        let message = "the name does not begin with the plugin's: another plugin may have it too, and one of both is refused then";
        findings.note(name, message, format!("call it `{own}_…`"));
    }
    let network = name.starts_with("p2p_") || NETWORK.iter().any(|word| name.contains(word));
    if network && manifest.runtime.affinity == Affinity::Auto && !manifest.runtime.requires_p2p {
        let message = "by its name the tool runs in the network's lane, where little CPU time is had";
        findings.warning(name, message, "set `affinity = \"general\"` under `[runtime]`, or `requires-p2p = true`");
    }
}

/// What a name or an alias consists of.
fn characters(name: &str, findings: &mut Findings) {
    if name.contains('.') {
        let message = "the name has a dot, which the model APIs behind most clients do not take";
        findings.warning(name, message, "write letters, digits, `_` and `-`");
    }
    if name.len() > NAME {
        let message =
            format!("the name has {} characters; clients put a server's name before it and cut at 64", name.len());
        findings.warning(name, message, format!("keep to {NAME}"));
    }
}

fn description(tool: &ToolDescriptor, findings: &mut Findings) {
    let length = tool.description.chars().count();
    if length > DESCRIPTION {
        let message = format!("the description has {length} characters; clients cut or refuse more than {DESCRIPTION}");
        findings.warning(
            &*tool.name,
            message,
            "say first what it does and when to use it; put the rest into a resource",
        );
    } else if length < 10 {
        findings.note(
            &*tool.name,
            "the description is very short",
            "say what it does and when to use it: a model chooses by it",
        );
    }
    let annotations = &tool.annotations;
    if annotations.read_only && annotations.destructive {
        findings.warning(&*tool.name, "it is read-only and destructive at once", "remove one of the annotations");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(name: &str, description: &str) -> ToolDescriptor {
        ToolDescriptor {
            name: name.to_owned(),
            title: None,
            description: description.to_owned(),
            input_schema: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
            output_schema: None,
            annotations: Default::default(),
            meta: None,
        }
    }

    /// What is said of a plugin `words` with these tools; nothing of their schemas.
    fn said_of(tools: Vec<ToolDescriptor>) -> Vec<String> {
        let offered = Descriptors { tools, ..Descriptors::default() };
        let text = "[plugin]\nname = \"words\"\nversion = \"0.1.0\"\ndescription = \"Words.\"\n";
        let manifest = PluginManifest::parse("plugin.toml", text).unwrap();
        let mut findings = Findings::default();
        check(&offered, Some(&manifest), &mut findings);
        findings.0.into_iter().map(|finding| finding.message).collect()
    }

    fn said(name: &str, description: &str) -> Vec<String> {
        said_of(vec![tool(name, description)])
    }

    #[test]
    fn names_that_a_client_cannot_tell_apart_are_told() {
        let pair = |other| said_of([other, "words_count"].map(|name| tool(name, "Counts words.")).to_vec());
        assert_eq!(pair("words_counts"), Vec::<String>::new());
        for other in ["words_Count", "words-count"] {
            assert_eq!(
                pair(other),
                [format!("`{other}` and `words_count` differ only in case or in characters that clients replace")]
            );
        }
    }

    #[test]
    fn a_tool_does_not_read_only_and_destroy() {
        let annotated = |read_only, destructive| {
            let mut tool = tool("words_count", "Counts words.");
            (tool.annotations.read_only, tool.annotations.destructive) = (read_only, destructive);
            said_of(vec![tool])
        };
        assert_eq!(annotated(true, false), Vec::<String>::new());
        assert_eq!(annotated(false, true), Vec::<String>::new());
        assert_eq!(annotated(true, true), ["it is read-only and destructive at once"]);
    }

    #[test]
    fn what_clients_cut_or_refuse_is_named() {
        let enough = "d".repeat(DESCRIPTION);
        assert_eq!(said("words_count", &enough), Vec::<String>::new());
        for (name, description, told) in [
            ("words_count", format!("{enough}d"), "the description has 1025 characters"),
            ("words_count", "Counts.".to_owned(), "very short"),
            ("words.count", enough.clone(), "has a dot"),
            (&format!("words_{}", "n".repeat(NAME)), enough.clone(), "the name has 54 characters"),
            ("count", enough.clone(), "does not begin with the plugin's"),
            ("words_workflow", enough.clone(), "the network's lane"),
            ("words_count", "d".repeat(ALL), "64 KiB of names"),
        ] {
            let said = said(name, &description);
            assert!(said.iter().any(|message| message.contains(told)), "{name}: {said:?}");
        }
    }
}
