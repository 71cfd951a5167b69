//! The version, with the commit that the program is built from.

use std::{env, path::PathBuf};

mod version;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let (version, files) = version::version(&env::var("CARGO_PKG_VERSION")?, &root, &env::var("PROFILE")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=version.rs");
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    println!("cargo::rustc-env=TANDEM_VERSION={version}");
    Ok(())
}
