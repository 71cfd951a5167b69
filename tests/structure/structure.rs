//! The shape of the source: short files, and no circle of imports among the files of a crate.
//!
//! A file imports another one where it names what the other defines. Re-exports are followed to the file of the definition;
//! `mod` and `pub use` lines do not count, nor does code that is built for tests only. Read as text: no crate is compiled for it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod circles;
mod imports;
mod modules;

use std::path::{Path, PathBuf};

use modules::Crate;

/// A longer file holds more than one capability.
const MAX_LINES: usize = 400;

/// Crates whose files are still to be untied: a line goes as soon as its crate has no circle, and none is added.
const TIED: [&str; 0] = [];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// The folders of the crates whose files are looked at.
fn crates() -> Vec<PathBuf> {
    let mut all = vec![root().join("sdk/rust"), root().join("sdk/rust/macros"), root().join("tests/bench")];
    for folder in ["host", "plugins", "plugins/lib"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        all.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").exists()));
    }
    all.sort();
    all
}

#[test]
fn files_of_a_crate_import_each_other_in_no_circle() {
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for folder in crates() {
        let Some(source) = Crate::read(&folder) else { continue };
        let imports = imports::of(&source);
        arrows += imports.len();
        let circles = circles::among(&imports);
        let name = folder.strip_prefix(root()).unwrap().display().to_string();
        if TIED.contains(&name.as_str()) {
            assert!(!circles.is_empty(), "{name} has no circle any more: take it off the list");
            continue;
        }
        wrong.extend(circles.into_iter().map(|circle| circle.describe(&root())));
    }
    assert!(arrows > 1000, "only {arrows} imports were found: the check does not see them");
    assert!(wrong.is_empty(), "{} circles of imports:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn files_have_at_most_400_lines() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for folder in crates().into_iter().chain([root().join("tests")]) {
        for file in modules::rust_files(&folder) {
            seen += 1;
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            if lines > MAX_LINES {
                wrong.push(format!("{}: {lines} lines", file.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(seen > 500, "only {seen} files were found");
    assert!(wrong.is_empty(), "files with more than {MAX_LINES} lines:\n{}", wrong.join("\n"));
}

/// Writes a crate of these files and counts its circles.
fn circles_of(name: &str, files: &[(&str, &str)]) -> usize {
    let folder = std::env::temp_dir().join(format!("tandem-structure-{}-{name}", std::process::id()));
    for (file, text) in files {
        let path = folder.join("src").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let found = circles::among(&imports::of(&Crate::read(&folder).unwrap())).len();
    std::fs::remove_dir_all(&folder).unwrap();
    found
}

#[test]
fn circles_are_seen_through_re_exports_macros_and_globs() {
    let part = "use super::LIMIT; pub struct Part; const HALF: usize = LIMIT / 2;";
    let facade = "mod part; pub use part::Part; pub const LIMIT: usize = 8;";
    assert_eq!(circles_of("handed-on", &[("lib.rs", facade), ("part.rs", part)]), 0);

    let user = format!("{facade} fn part() -> Part {{ Part }}");
    assert_eq!(circles_of("used", &[("lib.rs", &user), ("part.rs", part)]), 1);

    let through = [
        ("lib.rs", "mod a; mod b; pub use b::B;"),
        ("a.rs", "pub struct A(crate::B);"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ];
    assert_eq!(circles_of("re-exported", &through), 1);

    let globs = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::*; fn a() { vec![B] }"),
        ("b.rs", "pub struct B; fn b() { crate::a::a() }"),
    ];
    assert_eq!(circles_of("glob", &globs), 1);

    let tested = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A(crate::b::B);"),
        ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
    ];
    assert_eq!(circles_of("tests-only", &tested), 0);
}
