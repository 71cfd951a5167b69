//! The commands that documents show are commands.

use clap::Parser as _;

use crate::args::Args;

const DOCUMENTS: [(&str, &str); 10] = [
    ("README.md", include_str!("../../../README.md")),
    ("docs/authors.md", include_str!("../../../docs/authors.md")),
    ("sdk/rust/README.md", include_str!("../../../sdk/rust/README.md")),
    ("sdk/python/README.md", include_str!("../../../sdk/python/README.md")),
    ("sdk/javascript/README.md", include_str!("../../../sdk/javascript/README.md")),
    ("sdk/c/README.md", include_str!("../../../sdk/c/README.md")),
    ("sdk/rust/template/README.md", include_str!("../../../sdk/rust/template/README.md")),
    ("sdk/python/template/README.md", include_str!("../../../sdk/python/template/README.md")),
    ("sdk/javascript/template/README.md", include_str!("../../../sdk/javascript/template/README.md")),
    ("sdk/c/template/README.md", include_str!("../../../sdk/c/template/README.md")),
];

/// The lines of a document's shell blocks that begin with `tandem`.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.flat_map(str::lines).map(str::trim).filter(|line| line.starts_with("tandem "))
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
fn every_command_that_a_document_shows_is_taken() {
    let mut seen = 0;
    for (document, text) in DOCUMENTS {
        for line in commands(text) {
            // A new project's own name stands there.
            let words = words(&line.replace("{{name}}", "words"));
            if let Err(error) = Args::try_parse_from(&words) {
                panic!("{document}: `{line}`: {error}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} commands were found");
}
