//! The manifest itself: its sections, and the rules between them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, de};

use tandem_document::{Check, Findings, ManifestErrors, Tree, read};
use tandem_types::{Name, ToolName, canonical_json, text::shown};

use super::{
    alias::ToolAlias,
    error::SectionError,
    limits::Limits,
    runtime::{self, Affinity, Runtime},
    tools::{ToolOverrides, ToolPolicy},
};
use crate::{bounds::MAX_LINE, capability::Request, descriptor::Descriptors, descriptor::ToolDescriptor};

/// Longest description, in bytes: it is part of what a model reads to choose a category.
const MAX_DESCRIPTION: usize = 2_000;

/// Most tools that a manifest adjusts: as many as a package may have.
const MAX_TOOLS: usize = 1_000;

/// A plugin's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginManifest {
    /// Who the plugin is.
    pub plugin: Identity,
    /// Where and how it runs.
    #[serde(default)]
    pub runtime: Runtime,
    /// The ceilings that it asks for.
    #[serde(default)]
    pub limits: Limits,
    /// The capabilities that it asks for.
    #[serde(default)]
    pub request: Request,
    /// What differs for single tools.
    #[serde(default)]
    pub tools: BTreeMap<ToolName, ToolOverrides>,
}

/// Who a plugin is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// Its name, in kebab-case.
    pub name: Name,
    /// Its version (Semantic Versioning 2).
    #[serde(deserialize_with = "version")]
    #[schemars(with = "String")]
    pub version: Version,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for, in a sentence or two.
    pub description: String,
    /// Its license, as an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The category of its tools, where that is not its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<ToolName>,
    /// Stands with a `_` before the names that its code gives to tools, but not before those of `tools.NAME.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<ToolName>,
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    let message = || format!("`{}` is not a semantic version; write three numbers, as `1.2.0`", shown(&text));
    Version::parse(&text).map_err(|_| de::Error::custom(message()))
}

impl PluginManifest {
    /// Reads `plugin.toml`. `label` is what errors call the file.
    ///
    /// ```
    /// use tandem_package::PluginManifest;
    ///
    /// let text = "[plugin]\nname = 'dataset'\nversion = '1.2.0'\ndescription = 'Tables.'\n";
    /// let manifest = PluginManifest::parse("plugin.toml", text)?;
    /// assert_eq!(manifest.category(), "dataset");
    ///
    /// let errors = PluginManifest::parse("plugin.toml", &text.replace("name", "nmae")).unwrap_err();
    /// assert_eq!(
    ///     errors.as_slice()[0].to_string(),
    ///     "plugin.toml:2:1: unknown key `nmae`; did you mean `name`?"
    /// );
    /// # Ok::<(), tandem_document::ManifestErrors>(())
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn parse(label: &str, text: &str) -> Result<Self, ManifestErrors> {
        let mut tree = Tree::parse(label, text, |_| false);
        runtime::refuse_sessions(&mut tree);
        read(&tree)
    }

    /// The canonical JSON that a package carries.
    #[must_use]
    pub fn to_section(&self) -> Vec<u8> {
        canonical_json(self)
    }

    /// Reads what [`PluginManifest::to_section`] wrote.
    ///
    /// # Errors
    /// The bytes are not the canonical JSON of a manifest that keeps all rules.
    pub fn from_section(bytes: &[u8]) -> Result<Self, SectionError> {
        let manifest: Self = crate::canonical::decode(bytes)?;
        let mut findings = Findings::default();
        manifest.check(&mut findings);
        findings.into_first().map_or(Ok(manifest), |problem| Err(SectionError::Rule(problem)))
    }

    /// The category of the plugin's tools.
    #[must_use]
    pub fn category(&self) -> &str {
        self.plugin.category.as_ref().map_or(self.plugin.name.as_str(), ToolName::as_str)
    }

    /// What the router does for one tool: the manifest's word, where the descriptor's annotations make it
    /// safe.
    #[must_use]
    pub fn tool_policy(&self, tool: &ToolDescriptor) -> ToolPolicy {
        ToolPolicy::new(self.tools.get(self.own_name(&tool.name)), tool, self.limits.deadline)
    }

    /// What clients call a tool of this name in the code.
    #[must_use]
    pub fn public_name(&self, own: &str) -> String {
        match (self.tools.get(own).and_then(|tool| tool.name.as_ref()), &self.plugin.prefix) {
            (Some(name), _) => name.to_string(),
            (None, Some(prefix)) => format!("{prefix}_{own}"),
            (None, None) => own.to_owned(),
        }
    }

    /// The name in the code of a tool that clients call so.
    #[must_use]
    pub fn own_name<'n>(&'n self, public: &'n str) -> &'n str {
        let named = |tool: &ToolOverrides| tool.name.as_ref().is_some_and(|name| name.as_str() == public);
        if let Some((own, _)) = self.tools.iter().find(|(_, tool)| named(tool)) {
            return own.as_str();
        }
        let prefix = self.plugin.prefix.as_ref().map(ToolName::as_str);
        prefix.and_then(|prefix| public.strip_prefix(prefix)?.strip_prefix('_')).unwrap_or(public)
    }

    /// Other names of a tool that clients call so.
    #[must_use]
    pub fn aliases(&self, public: &str) -> &[ToolAlias] {
        self.tools.get(self.own_name(public)).map_or(&[], |tool| &tool.aliases)
    }

    /// The tools that `[tools.NAME]` adjusts, as clients call them: each must be one of the package.
    pub fn adjusted(&self) -> impl Iterator<Item = String> {
        let offered = self.tools.iter().filter(|(_, tool)| tool.offered != Some(false));
        offered.map(|(name, _)| self.public_name(name.as_str()))
    }

    /// Puts what `[tools.NAME]` says of tools in the place of what their code says: their titles, descriptions and
    /// annotations, their names; takes out those that are not offered. The descriptors of a package have this form.
    pub fn adjust(&self, descriptors: &mut Descriptors) {
        let offered = |tool: &ToolDescriptor| self.tools.get(tool.name.as_str()).and_then(|tool| tool.offered);
        descriptors.tools.retain(|tool| offered(tool) != Some(false));
        for tool in &mut descriptors.tools {
            if let Some(overrides) = self.tools.get(tool.name.as_str()) {
                overrides.adjust(tool);
            }
            tool.name = self.public_name(&tool.name);
        }
        descriptors.sort();
    }

    /// The JSON Schema of `plugin.toml`, for editors.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

impl Check for PluginManifest {
    fn check(&self, findings: &mut Findings) {
        findings.within("plugin", |findings| self.plugin.check(findings));
        findings.within("runtime", |findings| self.runtime.check(findings));
        findings.within("limits", |findings| self.limits.check(findings));
        findings.within("request", |findings| self.request.check(findings));
        findings.at_most("tools", self.tools.len(), MAX_TOOLS);
        findings.within("tools", |findings| {
            for (name, tool) in &self.tools {
                findings.within(name.as_str(), |findings| tool.check(findings));
            }
        });
        if !self.runtime.requires_p2p && self.runtime.affinity == Affinity::General && !self.request.p2p.is_empty() {
            findings.within("request", |findings| {
                findings.report(
                    "p2p",
                    "the general lane has no p2p interfaces; set runtime.affinity to `reactor` or `auto`",
                );
            });
        }
    }
}

impl Check for Identity {
    fn check(&self, findings: &mut Findings) {
        let lines = [("title", &self.title), ("license", &self.license)];
        for (key, text) in lines.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?))) {
            findings.line(key, text, MAX_LINE);
            if text.trim().is_empty() {
                findings.report(key, "empty; leave the key out instead");
            }
        }
        if self.description.trim().is_empty() {
            findings.report("description", "empty; say in a sentence what the plugin is for");
        } else if self.description.len() > MAX_DESCRIPTION {
            let message = format!("{} bytes; the limit is {MAX_DESCRIPTION}", self.description.len());
            findings.report("description", message);
        }
        if self.version.to_string().len() > MAX_LINE {
            findings.report("version", format!("`{}` is too long", shown(&self.version.to_string())));
        }
    }
}
