//! The version, with the commit that the program is built from.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    println!("cargo::rerun-if-changed=build.rs");
    let version = env::var("CARGO_PKG_VERSION")?;
    let version = commit(&root).map_or(version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=TANDEM_VERSION={version}");
    Ok(())
}

/// The commit of the source tree. None in an archive, without git, and in builds for developers: each commit would build this crate
/// again.
fn commit(root: &Path) -> Option<String> {
    if env::var("PROFILE").is_ok_and(|profile| profile == "debug") || !root.join(".git").exists() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    // What names the commit: where it changes, this runs again.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]) {
            println!("cargo::rerun-if-changed={}", root.join(path).display());
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}
