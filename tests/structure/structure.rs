//! The shape of the source: short files, no circle of imports among the files of a crate, and no code in `mod.rs` and `lib.rs`.
//!
//! A file imports another one where it names what the other defines. Re-exports are followed to the file of the definition;
//! `mod` and `pub use` lines do not count, nor does code that is built for tests only. Read as text: no crate is compiled for it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod bodies;
mod circles;
mod errors;
mod imports;
mod modules;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use modules::Crate;

/// A longer file holds more than one capability.
const MAX_LINES: usize = 400;

/// Crates whose files are still to be untied: a line goes as soon as its crate has no circle, and none is added.
const TIED: [&str; 0] = [];

/// Files that still have functions with a body, and how many: a number only falls, and its line goes with the last of them.
const WITH_BODIES: [(&str, usize); 2] =
    [("host/engine/src/interfaces/cache/mod.rs", 6), ("tests/bench/src/p2p/mod.rs", 2)];

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
fn mod_and_lib_files_have_no_function_with_a_body() {
    let mut wrong = Vec::new();
    let mut exceptions = BTreeMap::from(WITH_BODIES);
    for folder in crates() {
        let name = folder.strip_prefix(root()).unwrap();
        if name.starts_with("plugins") {
            continue;
        }
        let Some(source) = Crate::read(&folder) else { continue };
        for (file, names) in bodies::of(&source, name.starts_with("host")) {
            let file = file.strip_prefix(root()).unwrap().display().to_string();
            let allowed = exceptions.remove(file.as_str()).unwrap_or_default();
            assert!(names.len() >= allowed, "{file} has only {} functions left: lower its number", names.len());
            if names.len() > allowed {
                wrong.push(format!("{file}: {}", names.join(", ")));
            }
        }
    }
    assert!(exceptions.is_empty(), "without a function with a body, to be taken off the list: {exceptions:?}");
    assert!(wrong.is_empty(), "move these functions to files that are named for what they do:\n{}", wrong.join("\n"));
}

#[test]
fn errors_of_public_signatures_are_types() {
    let hosts: Vec<_> = crates().into_iter().filter(|folder| folder.starts_with(root().join("host"))).collect();
    assert!(hosts.len() > 15, "only {} crates were found", hosts.len());
    let texts: Vec<_> =
        hosts.iter().filter_map(|folder| Crate::read(folder)).flat_map(|one| errors::texts(&one)).collect();
    assert!(texts.is_empty(), "write an enum for the error of these:\n{}", texts.join("\n"));
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

/// Writes a crate of these files and looks at it.
fn look<T>(name: &str, files: &[(&str, &str)], at: impl FnOnce(&Crate) -> T) -> T {
    let folder = std::env::temp_dir().join(format!("tandem-structure-{}-{name}", std::process::id()));
    for (file, text) in files {
        let path = folder.join("src").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let found = at(&Crate::read(&folder).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    found
}

fn circles_of(name: &str, files: &[(&str, &str)]) -> usize {
    look(name, files, |source| circles::among(&imports::of(source)).len())
}

#[test]
fn texts_are_seen_in_functions_traits_types_and_fields() {
    let file = "
        pub fn seen() -> std::io::Result<Result<(), String>> { todo!() }
        pub fn typed() -> Result<String, Error> { let _: Result<(), String> = inner(); todo!() }
        pub(crate) fn inner() -> Result<(), String> { todo!() }
        pub trait Seen { fn asked(&self) -> BoxFuture<'static, Result<u8, String>>; }
        pub type Alias<'a> = dyn Fn(&str) -> Result<u8, String> + 'a;
        pub struct Part { pub field: Option<Result<u8, String>>, own: Result<u8, String> }
        impl Part { pub fn method(&self) -> Result<u8, String> { todo!() } fn own(&self) -> Result<u8, String> { todo!() } }
        #[cfg(test)] mod tests { pub fn test() -> Result<(), String> { todo!() } }";
    let texts = look("texts", &[("lib.rs", file)], errors::texts);
    let names: Vec<_> = texts.iter().filter_map(|text| text.rsplit(' ').next()).collect();
    assert_eq!(names, ["seen", "Seen", "Alias", "field", "method"]);
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

#[test]
fn bodies_are_seen_in_impls_traits_and_inner_modules_but_not_in_tests() {
    let files = [
        ("lib.rs", "mod a; mod b; fn root() {}"),
        (
            "a/mod.rs",
            "mod c; pub use c::C; pub const N: usize = 1; pub struct S; pub trait T { fn without(); fn default() {} }
            fn free() { fn inside() {} } impl S { const fn own() {} } impl T for S { fn without() {} }
            mod inner { fn deep() {} } #[cfg(test)] mod tests { fn test() {} }
            impl S { #[cfg(test)] fn for_tests() {} } #[cfg(test)] fn helper() {}",
        ),
        ("a/c.rs", "pub struct C; impl C { fn named() {} }"),
        ("b.rs", "fn named() {}"),
    ];
    let names = |with_root| {
        look(&format!("bodies-{with_root}"), &files, |source| {
            let mut names: Vec<_> = bodies::of(source, with_root).into_values().flatten().collect();
            names.sort();
            names
        })
    };
    assert_eq!(names(false), ["deep", "default", "free", "own", "without"]);
    assert_eq!(names(true), ["deep", "default", "free", "own", "root", "without"]);
    let clean = [("lib.rs", "//! The contract.\nmod part; pub use part::Part;"), ("part.rs", "pub struct Part;")];
    assert!(look("no-bodies", &clean, |source| bodies::of(source, true)).is_empty());
}
