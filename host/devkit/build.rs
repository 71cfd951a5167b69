//! Puts the SDKs and their templates into the binary: `tandem plugin new` and `tandem plugin dev` work where there is nothing but it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// What goes in, from the root of the source tree. Named one by one: what a build leaves beside a source stays out.
const PARTS: [&str; 26] = [
    "Cargo.toml",
    "wit",
    "sdk/README.md",
    "sdk/http-client",
    "sdk/rust/Cargo.toml",
    "sdk/rust/README.md",
    "sdk/rust/macros/Cargo.toml",
    "sdk/rust/macros/src",
    "sdk/rust/src",
    "sdk/rust/template",
    "sdk/python/README.md",
    "sdk/python/src",
    "sdk/python/template",
    "sdk/javascript/README.md",
    "sdk/javascript/bin",
    "sdk/javascript/index.d.ts",
    "sdk/javascript/package.json",
    "sdk/javascript/src",
    "sdk/javascript/template",
    "sdk/javascript/testing.d.ts",
    "sdk/c/README.md",
    "sdk/c/bindings",
    "sdk/c/build.sh",
    "sdk/c/include",
    "sdk/c/src",
    "sdk/c/template",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let mut files = Vec::new();
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        walk(&root.join(part), &mut files)?;
    }
    files.sort();
    let entries: Vec<String> = files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap_or(path);
            format!("    ({:?}, include_bytes!({:?})),\n", name.display().to_string(), path.display().to_string())
        })
        .collect();
    let table = format!("pub(super) static FILES: &[(&str, &[u8])] = &[\n{}];\n", entries.concat());
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("sdk.rs"), table)?;
    fs::write(out.join("api.rs"), api(&root))?;
    Ok(())
}

/// The component behind imported APIs, where it is built: `make build` puts it there before it builds the host.
fn api(root: &Path) -> String {
    let directory = root.join("plugins/lib/api-client/built");
    println!("cargo::rerun-if-changed={}", directory.display());
    let file = directory.join("api-client.wasm");
    let built = if file.is_file() {
        format!("Some(include_bytes!({:?}))", file.display().to_string())
    } else {
        "None".to_owned()
    };
    format!("static COMPONENT_BYTES: Option<&[u8]> = {built};\n")
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        // Left by an interpreter that ran from the source tree, or by a build of a template.
        let made = ["__pycache__", "target", "build", "node_modules", ".venv", ".tools"];
        let is_made = path.is_dir() && path.file_name().is_some_and(|name| made.iter().any(|made| name == *made));
        if !is_made && path.file_name().is_some_and(|name| name != "FROZEN") {
            walk(&path, files)?;
        }
    }
    Ok(())
}
