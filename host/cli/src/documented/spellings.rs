//! Texts show commands in their groups: nowhere by the older spellings, which are accepted and hidden.

use std::{collections::BTreeSet, path::Path};

use super::commands::root;
use crate::help;

/// What people read: sources with their messages, templates, scripts and documents.
const TEXTS: [&str; 9] =
    ["CONTRIBUTING.md", "Makefile", "README.md", "docs", "examples", "host", "plugins", "sdk", "tests/bench"];
/// Records of decisions are left as they were written, and this test and that of the help name old spellings.
const LEFT: [&str; 3] = ["docs/decisions", "host/cli/src/documented", "host/cli/src/help.rs"];
const ENDINGS: [&str; 12] = ["c", "h", "html", "js", "json", "md", "py", "rs", "sh", "toml", "ts", "Makefile"];

fn old_spellings() -> BTreeSet<String> {
    let command = help::command();
    let hidden = command.get_subcommands().filter(|one| one.is_hide_set()).map(|one| one.get_name().to_owned());
    let aliases = command.get_subcommands().flat_map(|one| one.get_all_aliases().map(str::to_owned));
    hidden.chain(aliases).collect()
}

/// The words behind `tandem ` in a text.
fn spelled(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("tandem ").filter_map(|(at, name)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let end = after.find(|sign: char| !(sign.is_ascii_lowercase() || sign == '-')).unwrap_or(after.len());
        let is_word = before.chars().next_back().is_none_or(|sign| !(sign.is_alphanumeric() || "-_\"".contains(sign)));
        is_word.then(|| &after[..end])
    })
}

fn look(path: &Path, old: &BTreeSet<String>, seen: &mut usize, wrong: &mut Vec<String>) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let short = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    if name.starts_with('.') || ["node_modules", "target", "build"].contains(&name) || LEFT.contains(&&*short) {
        return;
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            look(&entry.unwrap().path(), old, seen, wrong);
        }
        return;
    }
    if !ENDINGS.contains(&name.rsplit('.').next().unwrap_or_default()) {
        return;
    }
    // What is not text has no commands.
    let Ok(text) = std::fs::read_to_string(path) else { return };
    for (number, line) in text.lines().enumerate() {
        for word in spelled(line) {
            *seen += 1;
            if old.contains(word) {
                wrong.push(format!("{short}:{}: `tandem {word}`", number + 1));
            }
        }
    }
}

#[test]
fn no_text_shows_an_old_spelling() {
    let old = old_spellings();
    for known in ["call", "tools", "new", "list", "peers", "grants", "plugins"] {
        assert!(old.contains(known), "{known}: {old:?}");
    }
    let (mut seen, mut wrong) = (0, Vec::new());
    for text in TEXTS {
        look(&root().join(text), &old, &mut seen, &mut wrong);
    }
    assert!(seen > 500, "only {seen} commands were found");
    assert!(wrong.is_empty(), "write the group too, as `tandem plugin list`:\n{}", wrong.join("\n"));
}
