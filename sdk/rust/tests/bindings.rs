//! What an author's first build compiles: the committed bindings are what `wit-bindgen` makes of `wit/`, and no generator is built.
//!
//! They are generated here, not by a macro in each author's build: that would compile the generator, with all of
//! wit-parser and wit-component, before the first line of a plugin. `BLESS=1 cargo test -p tandem-sdk --test bindings`
//! writes them.

#![allow(missing_docs, reason = "a test")]

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

use wit_bindgen_core::{Files, WorldGenerator as _, wit_parser::Resolve};
use wit_bindgen_rust::Opts;

#[test]
fn the_bindings_of_the_contract_are_those_of_its_wit() {
    let mut resolve = Resolve::default();
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (package, _) = resolve.push_path(crate_directory.join("../../wit")).unwrap();
    let options = Opts {
        generate_all: true,
        pub_export_macro: true,
        export_macro_name: Some("export_plugin".to_owned()),
        default_bindings_module: Some("::tandem_sdk::bindings".to_owned()),
        runtime_path: Some("::tandem_sdk::wit_bindgen::rt".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        ..Opts::default()
    };
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).unwrap();
    let generated: String = files.iter().map(|(_, bytes)| str::from_utf8(bytes).unwrap()).collect();
    let path = crate_directory.join("src/bindings/plugin.rs");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "run BLESS=1 cargo test -p tandem-sdk --test bindings");
}

#[test]
fn an_authors_build_compiles_no_generator_and_nothing_twice() {
    let arguments = [
        "tree",
        "--offline",
        "-p",
        "tandem-sdk",
        "-e",
        "normal,build",
        "--target",
        "wasm32-wasip2",
        "--prefix",
        "none",
    ];
    let mut cargo = Command::new(env!("CARGO"));
    let output =
        cargo.args(arguments).args(["--format", "{p}"]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let packages: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    for heavy in ["wit-parser", "wit-component", "wit-bindgen-rust-macro", "wasm-encoder", "prettyplease"] {
        assert!(!packages.iter().any(|package| package.starts_with(&format!("{heavy} "))), "{heavy}: {packages:#?}");
    }
    let syn = packages.iter().filter(|package| package.starts_with("syn ")).count();
    // 45 crates took 139 seconds of one core; these take 25.
    assert!(syn == 1 && packages.len() <= 30, "{} packages, {syn} times syn: {packages:#?}", packages.len());
}
