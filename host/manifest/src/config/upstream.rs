//! `[upstreams.NAME]`: an existing MCP server as a category.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HttpUrl, ToolPrefix};
use crate::document::{Check, Findings};

/// Most words of a command.
const MAX_WORDS: usize = 256;

/// Longest word of a command, in bytes.
const MAX_WORD: usize = 4_096;

/// An existing MCP server: a child process or a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct UpstreamConfig {
    /// The program and its arguments; it speaks MCP over standard input and output.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Its URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<HttpUrl>,
    /// What is put before the names of its tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<ToolPrefix>,
}

impl Check for UpstreamConfig {
    fn check(&self, findings: &mut Findings) {
        match (self.command.is_empty(), &self.url) {
            (true, None) => findings.report("", "neither `command` nor `url`; give one of them"),
            (false, Some(_)) => findings.report("url", "`command` is given too; give one of them"),
            _ => {}
        }
        findings.at_most("command", self.command.len(), MAX_WORDS);
        findings.each("command", &self.command, |findings, word| findings.line("", word, MAX_WORD));
        if self.command.first().is_some_and(|program| program.trim().is_empty()) {
            findings.report("command", "the program's name is empty");
        }
    }
}
