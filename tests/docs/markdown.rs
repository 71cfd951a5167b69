//! Markdown, as far as the checks need it.

use std::path::PathBuf;

/// A Markdown file of the tree.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Document {
    /// Its path from the root.
    pub(crate) fn name(&self) -> String {
        self.path.strip_prefix(crate::tree::root()).unwrap_or(&self.path).display().to_string()
    }

    /// Whether it tells of the past, where things had other names.
    pub(crate) fn is_history(&self) -> bool {
        self.name() == "CHANGELOG.md"
    }

    /// Its lines, each with the language of the fenced block that it is in.
    fn lines(&self) -> Vec<(Option<&str>, &str)> {
        let mut block = None;
        let mut lines = Vec::new();
        for line in self.text.lines() {
            match line.trim_start().strip_prefix("```") {
                Some(language) => block = if block.is_some() { None } else { Some(language.trim()) },
                None => lines.push((block, line)),
            }
        }
        lines
    }

    /// The prose, where a code span may go over the end of a line.
    fn prose(&self) -> Vec<&str> {
        self.lines().into_iter().filter(|(block, _)| block.is_none()).map(|(_, line)| line).collect()
    }

    pub(crate) fn links(&self) -> Vec<&str> {
        let targets = self.prose().into_iter().flat_map(|line| line.split("](").skip(1));
        targets.filter_map(|rest| rest.split(')').next()).collect()
    }

    /// What stands between backticks.
    pub(crate) fn inline_code(&self) -> Vec<&str> {
        self.prose().into_iter().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
    }

    /// The lines of shell blocks.
    pub(crate) fn shell_lines(&self) -> Vec<&str> {
        self.lines().into_iter().filter(|(block, _)| *block == Some("sh")).map(|(_, line)| line.trim()).collect()
    }
}

/// The anchor of a heading, as GitHub makes it.
pub(crate) fn slug(heading: &str) -> String {
    let signs = heading.trim().to_lowercase();
    signs
        .chars()
        .filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'))
        .map(|sign| if sign == ' ' { '-' } else { sign })
        .collect()
}
