//! Every command that a document shows in a shell block is accepted by the command line.

use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::args::Args;

/// The directories whose Markdown is written for readers of the project.
const DIRECTORIES: [&str; 4] = ["docs", "plugins", "sdk", "tests"];

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn documents(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && name != "node_modules" && name != "target" {
            documents(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The commands in a document's shell blocks: lines that begin with `tandem`, also where it stands in the checkout.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let lines = blocks.flat_map(str::lines).flat_map(|line| line.split(" && ")).map(str::trim);
    lines.map(|line| line.strip_prefix("target/debug/").unwrap_or(line)).filter(|line| line.starts_with("tandem "))
}

/// A line's words, as a shell makes them of what documents show: quotes are single ones, and a comment ends it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for sign in line.chars() {
        match sign {
            '\'' => quoted = !quoted,
            '#' if !quoted && word.is_empty() => break,
            ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            sign => word.push(sign),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[test]
fn every_command_that_a_document_shows_is_accepted() {
    let mut all = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for directory in DIRECTORIES {
        documents(&root().join(directory), &mut all);
    }
    let (mut seen, mut wrong) = (0, Vec::new());
    for document in all {
        let text = std::fs::read_to_string(&document).unwrap();
        for line in commands(&text) {
            // A new project's own name stands there.
            let words = words(&line.replace("{{name}}", "words"));
            if let Err(error) = Args::try_parse_from(&words) {
                wrong.push(format!("{}: `{line}`: {error}", document.display()));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 80, "only {seen} commands were found");
}
