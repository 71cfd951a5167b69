//! The walks of `docs/architecture`: numbered steps that begin with a file and the functions to read in it.

use std::collections::BTreeSet;

use crate::{complain, markdown::Document, tree};

/// Files that one walk may lead through: who has to open more gets lost.
const MAX_FILES: usize = 9;

/// A step: its file, and what to read there.
struct Step<'d> {
    file: &'d str,
    names: Vec<&'d str>,
}

/// The numbered walks of a document; each begins with `1.`.
fn walks(document: &Document) -> Vec<Vec<Step<'_>>> {
    let mut walks: Vec<Vec<Step<'_>>> = Vec::new();
    for line in document.text.lines() {
        let Some((number, rest)) = line.split_once(". `") else { continue };
        if number.parse::<usize>().is_err() {
            continue;
        }
        if number == "1" {
            walks.push(Vec::new());
        }
        let Some((names, _)) = rest.split_once("`: ") else { continue };
        let mut names = names.split('`').step_by(2);
        if let (Some(file), Some(walk)) = (names.next(), walks.last_mut()) {
            walk.push(Step { file, names: names.collect() });
        }
    }
    walks
}

/// Whether a source declares this function; one of a type names that type too.
fn declares(source: &str, name: &str) -> bool {
    let (owner, function) = name.rsplit_once("::").map_or((None, name), |(owner, function)| (Some(owner), function));
    let has = |text: &str| source.match_indices(text).any(|(at, _)| !source[at + text.len()..].starts_with(is_word));
    has(&format!("fn {function}")) && owner.is_none_or(has) || has(&format!("struct {name}"))
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

#[test]
fn walks_lead_through_few_files_to_functions_that_exist() {
    let documents = tree::documents();
    let mut wrong = BTreeSet::new();
    let mut seen = 0;
    for document in documents.iter().filter(|document| document.name().starts_with("docs/architecture/")) {
        for walk in walks(document) {
            seen += walk.len();
            let files: BTreeSet<&str> = walk.iter().map(|step| step.file).collect();
            if files.len() > MAX_FILES {
                wrong.insert(format!("{}: a walk through {} files", document.name(), files.len()));
            }
            for step in &walk {
                let source = std::fs::read_to_string(tree::root().join(step.file)).unwrap_or_default();
                let missing = step.names.iter().filter(|name| !declares(&source, name));
                wrong.extend(missing.map(|name| format!("{}: {} has no `{name}`", document.name(), step.file)));
            }
        }
    }
    assert!(seen >= 27, "only {seen} steps were found");
    complain("walks that lead nowhere", &wrong);
}

#[test]
fn a_walk_is_taken_apart() {
    let text =
        "1. `host/a.rs`, `A::b` and `c`: does `d`.\n   More.\n2. `host/e.rs`, `F`: g.\n\n1. `host/h.rs`, `i`: j.\n";
    let document = Document { path: tree::root().join("docs/a.md"), text: text.to_owned() };
    let walks = walks(&document);
    let files = |walk: &[Step<'_>]| walk.iter().map(|step| step.file.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        walks.iter().map(|walk| files(walk)).collect::<Vec<_>>(),
        [vec!["host/a.rs", "host/e.rs"], vec!["host/h.rs"]]
    );
    assert_eq!(walks[0][0].names, ["A::b", "c"]);
    assert!(declares("impl A { fn b() {} }", "A::b") && declares("struct F;", "F"));
    assert!(!declares("impl A { fn bc() {} }", "A::b") && !declares("fn b() {}", "A::b"));
}
