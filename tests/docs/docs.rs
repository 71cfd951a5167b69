//! Documents name what exists: files, headings, tests, make targets, settings, metrics; and texts use the words of the glossary.
//!
//! Commands are checked beside their definitions (`host/cli/src/documented`). This needs no other crate, so `make lint` runs it
//! in a second.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod markdown;
mod names;
mod tree;
mod walks;
mod words;

use std::{collections::BTreeSet, path::Path};

use markdown::{Document, slug};

fn complain(what: &str, wrong: &BTreeSet<String>) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.iter().map(String::as_str).collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for document in tree::documents() {
        for link in document.links() {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") || file.starts_with("mailto:") || file.contains("{{") {
                continue;
            }
            seen += 1;
            let target = match file {
                "" => document.path.clone(),
                file => document.path.parent().unwrap().join(file),
            };
            let ok = target.exists() && (heading.is_empty() || has_heading(&target, heading));
            if !ok {
                wrong.insert(format!("{}: {link}", document.name()));
            }
        }
    }
    assert!(seen > 100, "only {seen} links were found");
    complain("broken links", &wrong);
}

fn has_heading(file: &Path, heading: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix('#')).any(|line| slug(line.trim_start_matches('#')) == heading)
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for document in tree::documents().iter().filter(|document| !document.is_history()) {
        for code in document.inline_code() {
            for path in names::paths(code) {
                seen += 1;
                if !tree::exists(&path) {
                    wrong.insert(format!("{}: {path}", document.name()));
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} paths were found");
    complain("no such file or directory", &wrong);
}

#[test]
fn every_test_that_a_document_names_exists() {
    let tests = tree::functions();
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for document in tree::documents().iter().filter(|document| document.name().starts_with("docs/assurance/")) {
        for code in document.inline_code() {
            let Some((module, name)) = names::test(code) else { continue };
            seen += 1;
            if !tests.iter().any(|test| test.is(&module, name)) {
                wrong.insert(format!("{}: {code}", document.name()));
            }
        }
    }
    assert!(seen > 120, "only {seen} tests were found");
    complain("no such test", &wrong);
}

#[test]
fn every_make_target_that_a_document_names_exists() {
    let makefile = tree::read("Makefile");
    let targets: BTreeSet<&str> =
        makefile.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    let mut wrong = BTreeSet::new();
    for document in tree::documents() {
        let lines = document.inline_code().into_iter().chain(document.shell_lines());
        for target in
            lines.filter_map(|line| line.strip_prefix("make ")).filter_map(|rest| rest.split_whitespace().next())
        {
            if !targets.contains(target) && target.chars().all(|sign| sign.is_ascii_lowercase() || sign == '-') {
                wrong.insert(format!("{}: make {target}", document.name()));
            }
        }
    }
    complain("no such make target", &wrong);
}

#[test]
fn every_setting_that_a_document_names_exists() {
    let mut keys = names::keys(&tree::read("docs/reference/config.md"));
    let tables: BTreeSet<String> = keys.iter().filter_map(|key| Some(key.split_once('.')?.0.to_owned())).collect();
    keys.extend(names::keys(&tree::read("docs/reference/plugin-manifest.md")));
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for document in tree::documents().iter().filter(|document| !document.is_history()) {
        for code in document.inline_code() {
            let Some(key) = names::setting(code, &tables) else { continue };
            seen += 1;
            if !keys.iter().any(|known| names::covers(known, key)) {
                wrong.insert(format!("{}: {key}", document.name()));
            }
        }
    }
    assert!(seen > 60, "only {seen} settings were found");
    complain("no such setting", &wrong);
}

#[test]
fn every_metric_is_in_its_reference_and_no_other_is_named() {
    let described = tree::read("host/gateway/src/described.rs");
    let code = described.split("#[cfg(test)]").next().unwrap();
    let known: BTreeSet<&str> = code.split('"').filter(|text| names::is_metric(text)).collect();
    let reference = tree::read("docs/reference/metrics.md");
    let missing = known.iter().filter(|name| !reference.contains(&format!("| `{name}` |")));
    complain("not in docs/reference/metrics.md", &missing.map(|name| (*name).to_owned()).collect());
    let mut wrong = BTreeSet::new();
    // The C SDK's functions have the same prefix.
    for document in tree::documents().iter().filter(|document| !document.name().starts_with("sdk/")) {
        for name in document.inline_code().into_iter().filter(|code| names::is_metric(code)) {
            if !known.contains(name) {
                wrong.insert(format!("{}: {name}", document.name()));
            }
        }
    }
    complain("no such metric", &wrong);
}

#[test]
fn no_text_uses_a_word_that_was_replaced() {
    let list = words::list(&tree::read("tests/docs/words.txt"));
    assert!(list.len() > 20, "{} words", list.len());
    let mut wrong = BTreeSet::new();
    for (name, text) in tree::texts() {
        for (number, line) in text.lines().enumerate() {
            for (old, new) in list.iter().filter(|(old, _)| line.contains(old.as_str())) {
                wrong.insert(format!("{name}:{}: `{old}`: write `{new}`", number + 1));
            }
        }
    }
    complain("words that tests/docs/words.txt replaces", &wrong);
}

#[test]
fn titles_of_decisions_and_their_parts_are_complete() {
    const PARTS: [&str; 5] = ["## Status", "## Context", "## Decision", "## Consequences", "## Alternatives"];
    let decisions = tree::documents().into_iter().filter(|document| document.name().starts_with("docs/decisions/"));
    for document in decisions {
        let parts: Vec<&str> = document.text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(parts, PARTS, "{}", document.name());
    }
}

/// Documents of the tree are found, read and taken apart.
#[test]
fn a_document_is_taken_apart() {
    let text = "# A\n\nSee [b](b.md#c-d) and `x.y = 1`.\n\n```sh\nmake run  # all\n```\n\n## C: `d`\n";
    let document = Document { path: tree::root().join("docs/a.md"), text: text.to_owned() };
    assert_eq!(document.links(), ["b.md#c-d"]);
    assert_eq!(document.inline_code(), ["x.y = 1", "d"]);
    assert_eq!(document.shell_lines(), ["make run  # all"]);
    assert_eq!(slug(" C: `d-e_f` (g)"), "c-d-e_f-g");
}
